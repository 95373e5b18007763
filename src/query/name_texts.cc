// SPDX-License-Identifier: Apache-2.0
#include "query/name_texts.h"

#include "base/network_names.h"
#include "base/protocol_names.h"
#include "sql/statement_text.h"

namespace weir {

static std::string protocol_as_spelled(const std::string& text) {
  const std::string name = lower(text);
  for (unsigned proto = 0; proto < 256; ++proto)
    if (std::string_view spelled = proto_name(static_cast<uint8_t>(proto)); lower(spelled) == name)
      return std::string(spelled);
  return text;
}

static std::string ethertype_as_spelled(const std::string& text) {
  for (const char* spelled : {"IPv4", "IPv6", "ARP"})  // flows_view.cc
    if (lower(spelled) == lower(text)) return spelled;
  return text;
}

std::string with_names_spelled(const std::string& sql) {
  return with_texts_spelled(with_texts_spelled(sql, "proto_name", protocol_as_spelled), "etype_name",
                            ethertype_as_spelled);
}

}  // namespace weir
