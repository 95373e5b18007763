// SPDX-License-Identifier: Apache-2.0
// Fixture for tests of the decoder: builds datagrams by hand, and has everything that a Decoder needs.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "decode/decoder.h"

namespace weir {

class Writer {  // big-endian
 public:
  Writer& u8(uint64_t v) { return put(v, 1); }
  Writer& u16(uint64_t v) { return put(v, 2); }
  Writer& u32(uint64_t v) { return put(v, 4); }
  Writer& u64(uint64_t v) { return put(v, 8); }
  Writer& put(uint64_t v, int octets) {
    for (int i = octets - 1; i >= 0; --i) bytes.push_back(static_cast<uint8_t>(i < 8 ? v >> (8 * i) : 0));
    return *this;
  }
  Writer& add(const Writer& other) {
    bytes.insert(bytes.end(), other.bytes.begin(), other.bytes.end());
    return *this;
  }
  // A string of a fixed length, padded with zeros.
  Writer& text(std::string_view text, size_t octets) {
    for (size_t i = 0; i < octets; ++i) u8(i < text.size() ? static_cast<uint8_t>(text[i]) : 0);
    return *this;
  }
  std::vector<uint8_t> bytes;
};

inline Writer set(uint16_t id, const Writer& body) { return Writer().u16(id).u16(body.bytes.size() + 4).add(body); }

constexpr uint32_t kExportSeconds = 1'700'000'000;

inline Writer netflow9(uint32_t sequence, uint32_t uptime_ms, const Writer& sets, uint32_t domain = 0) {
  return Writer().u16(9).u16(1).u32(uptime_ms).u32(kExportSeconds).u32(sequence).u32(domain).add(sets);
}
inline Writer ipfix(uint32_t sequence, const Writer& sets, uint32_t domain = 0) {
  return Writer().u16(10).u16(16 + sets.bytes.size()).u32(kExportSeconds).u32(sequence).u32(domain).add(sets);
}

// A field of a template: element, octets, enterprise number (IPFIX).
struct FieldSpec {
  uint16_t id;
  uint16_t length;
  uint32_t pen = 0;
};

inline Writer field_specs(const std::vector<FieldSpec>& fields) {
  Writer w;
  for (const FieldSpec& f : fields) {
    w.u16(f.pen ? f.id | 0x8000 : f.id).u16(f.length);
    if (f.pen) w.u32(f.pen);
  }
  return w;
}
inline Writer template_record(uint16_t id, const std::vector<FieldSpec>& fields) {
  return Writer().u16(id).u16(fields.size()).add(field_specs(fields));
}
inline Writer ipfix_template(uint16_t id, const std::vector<FieldSpec>& fields) {
  return set(2, template_record(id, fields));
}
inline Writer ipfix_options_template(uint16_t id, size_t scope, const std::vector<FieldSpec>& fields) {
  return set(3, Writer().u16(id).u16(fields.size()).u16(scope).add(field_specs(fields)));
}
inline Writer netflow9_template(uint16_t id, const std::vector<FieldSpec>& fields) {
  return set(0, template_record(id, fields));
}
// `scope`: v9 scope types (RFC 3954 §6.1).
inline Writer netflow9_options_template(uint16_t id, const std::vector<FieldSpec>& scope,
                                        const std::vector<FieldSpec>& options) {
  Writer body = Writer().u16(id).u16(4 * scope.size()).u16(4 * options.size());
  return set(1, body.add(field_specs(scope)).add(field_specs(options)));
}

// Everything that a Decoder needs, and the rows that it emitted.
struct Fixture {
  explicit Fixture(int64_t fallback_ns = 0, DecoderConfig config = {}, IgnorePorts ignore_ports = {})
      : templates(store_config(fallback_ns)),
        streams(ledger, templates, nullptr, limits::kSessions, std::move(ignore_ports)),
        decoder(config, templates, streams, ledger, pool, [this](auto batch) { batches.push_back(std::move(batch)); }) {
  }
  static TemplateStoreConfig store_config(int64_t fallback_ns) {
    TemplateStoreConfig config;
    config.hold = {limits::kHeldForNs, limits::kHeldBytesPerExporter, limits::kHeldBytes};
    config.fallback_after_ns = fallback_ns;
    return config;
  }
  void send(const Writer& datagram, uint16_t port = 4000, bool clock_held = false) {
    decoder.decode(
        {datagram.bytes, *IpAddress::parse("192.0.2.1"), port, kExportSeconds * 1'000'000'000ll, 0, clock_held});
  }
  const FlowBatch& rows() {
    decoder.flush();
    if (batches.empty()) batches.push_back(pool.take());
    return *batches.back();
  }
  const LedgerEntry& entry(Protocol protocol, uint32_t domain = 0) {
    return ledger.entry({*IpAddress::parse("192.0.2.1"), protocol, domain});
  }
  static int64_t count(const LedgerEntry& a, Malformed reason) {
    return a.malformed_by_reason[static_cast<size_t>(reason)].value();
  }
  Ledger ledger{0};
  TemplateStore templates;
  Streams streams;
  BatchPool pool;
  std::vector<std::unique_ptr<FlowBatch>> batches;
  Decoder decoder;
};

// The number in a row of any run; 0 if the run does not have the field.
inline uint64_t number_of(const FlowBatch& rows, Field field, uint32_t row = 0) {
  for (const Run& run : rows.runs())
    if (row >= run.first_row && row < run.first_row + run.rows && run.mask.has(field)) return rows.number(field, row);
  return 0;
}
inline bool has_field(const FlowBatch& rows, Field field, uint32_t row = 0) {
  for (const Run& run : rows.runs())
    if (row >= run.first_row && row < run.first_row + run.rows) return run.mask.has(field);
  return false;
}
inline std::vector<uint32_t> numbers_of(const FlowBatch& rows, Field field, uint32_t row = 0) {
  if (!has_field(rows, field, row)) return {};
  const ListRef& list = rows.column<ListRef>(field)[row];
  return {rows.list_numbers().begin() + list.first, rows.list_numbers().begin() + list.first + list.count};
}
inline std::string text_of(const FlowBatch& rows, Field field, uint32_t row = 0) {
  return has_field(rows, field, row) ? std::string(rows.text(field, row)) : "";
}
// The sampling rate that applies to a row.
inline uint64_t rate_of(const FlowBatch& rows, uint32_t row = 0) {
  for (const Run& run : rows.runs())
    if (row >= run.first_row && row < run.first_row + run.rows)
      return run.mask.has(Field::sampling_rate) ? rows.number(Field::sampling_rate, row) : run.sampling_rate;
  return 0;
}

}  // namespace weir
