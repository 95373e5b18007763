// SPDX-License-Identifier: Apache-2.0
// Reads template records in their wire format: NetFlow v9 (RFC 3954 §5.2, §6.1) and IPFIX (RFC 7011 §3.4).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/protocol.h"

namespace weir {

// Variable length: each record states it (RFC 7011 §7). RFC 3954 does not define this, but H3C also sends it in NetFlow
// v9, and no datagram could hold a field of 65,535 octets.
inline constexpr uint16_t kVariableLength = 0xffff;

inline constexpr uint32_t kScopePen = 0xffff'ffff;  // NetFlow v9 scope field types (RFC 3954 §6.1), not elements

struct FieldSpecifier {
  uint32_t pen = 0;     // 0: IANA; kScopePen: a NetFlow v9 scope type
  uint16_t id = 0;      // without the enterprise bit
  uint16_t length = 0;  // octets; kVariableLength: stated in each record
};

enum class TemplateKind : uint8_t { data, options };

struct TemplateRecord {
  uint16_t id = 0;
  TemplateKind kind = TemplateKind::data;
  uint16_t scope_fields = 0;           // options: how many of the first fields are scope fields
  std::vector<FieldSpecifier> fields;  // empty: a withdrawal (IPFIX)
  std::vector<uint8_t> wire;           // the record's own bytes, for comparison and storage
  bool is_withdrawal() const { return fields.empty(); }
};

// The result of reading one template record.
enum class TemplateRead : uint8_t {
  ok,
  padding,  // the rest of the set is padding
  refused,  // malformed (see `reason`), but its length is known: the next record can be read
  broken,   // malformed: the rest of the set cannot be read
};

struct TemplateReadResult {
  TemplateRead read = TemplateRead::ok;
  Malformed reason = Malformed::short_template;
};

// Reads the next template record of a template set (`kind`) into `out`.
TemplateReadResult read_template(ByteReader& set, Protocol protocol, TemplateKind kind, TemplateRecord& out);

}  // namespace weir
