// SPDX-License-Identifier: Apache-2.0
// MalformedRule: explains a reason for refusing input, and names the rule and document that it breaks. This table is
// the only source for the lines of `weir decode` and for docs/reference/malformed.md.
#pragma once

#include <string>
#include <string_view>

#include "base/protocol.h"

namespace weir {

struct MalformedRule {
  Malformed reason;
  std::string_view rule;      // what is wrong, as a sentence about the input
  std::string_view ipfix;     // the document and section for IPFIX, for NetFlow v9, and for any other protocol;
  std::string_view version9;  // "" if the reason does not apply to that protocol
  std::string_view other;
  std::string_view then;  // what happens to the rest of the input
};

const MalformedRule& malformed_rule(Malformed reason);
// The document and section, for example "RFC 7011 §3.1"; "" if there is none.
std::string_view rule_section(Malformed reason, Protocol protocol);

}  // namespace weir
