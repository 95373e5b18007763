// SPDX-License-Identifier: Apache-2.0
#include "base/json_text.h"
#include "show/shown_value.h"

#include "base/text.h"

namespace weir {

void append_json(std::string& out, const ShownValue& value) {
  using Kind = ShownValue::Kind;
  if (value.kind == Kind::none) out += "null";
  if (value.kind == Kind::number) out += value.text;
  if (value.kind == Kind::text || value.kind == Kind::octets) append_json_string(out, value.text);
  if (value.kind != Kind::list && value.kind != Kind::record) return;
  bool record = value.kind == Kind::record;
  out += record ? '{' : '[';
  bool first = true;
  for (const ShownValue& member : value.members) {
    if (!first) out += ',';
    first = false;
    if (record) {
      append_json_string(out, member.name);
      out += ':';
    }
    append_json(out, member);
  }
  out += record ? '}' : ']';
}

}  // namespace weir
