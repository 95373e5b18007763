// SPDX-License-Identifier: Apache-2.0
// What each reason for refusing input means, and which rule of which document was broken: the one table for the lines
// of `weir decode` and docs/reference/malformed.md.
#pragma once

#include <string>
#include <string_view>

#include "base/protocol.h"

namespace weir {

struct MalformedRule {
  Malformed reason;
  std::string_view rule;      // what is wrong, as a sentence about the input
  std::string_view ipfix;     // where it is written for IPFIX, for NetFlow v9, and for any other protocol;
  std::string_view version9;  // "" where that protocol has no such thing
  std::string_view other;
  std::string_view then;  // what becomes of the rest
};

const MalformedRule& malformed_rule(Malformed reason);
// The document and section, "" where there is none: "RFC 7011 §3.1".
std::string_view rule_section(Malformed reason, Protocol protocol);

}  // namespace weir
