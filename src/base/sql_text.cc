// SPDX-License-Identifier: Apache-2.0
#include "base/sql_text.h"

namespace weir {

static std::string doubled(std::string_view text, char quote) {
  std::string out(1, quote);
  for (char c : text) out.append(c == quote ? 2 : 1, c);
  return out + quote;
}

std::string sql_literal(std::string_view text) { return doubled(text, '\''); }
std::string sql_name(std::string_view name) { return doubled(name, '"'); }

}  // namespace weir
