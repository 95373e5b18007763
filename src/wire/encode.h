// SPDX-License-Identifier: Apache-2.0
// Writes NetFlow v5, NetFlow v9 (RFC 3954) and IPFIX (RFC 7011) datagrams into a caller's buffer.
//
//   in    headers, template layouts, and data records that the caller has laid out field by field
//   out   bytes in the caller's buffer; nothing is kept, nothing is allocated
//   threads  creates none; one writer is for one datagram
//   failure  what does not fit is refused (false or nullptr) and the datagram is unchanged
//
// The caller keeps the sequence numbers: v5 counts the records sent before this datagram, v9 the datagrams, IPFIX the
// data records (including those of options templates, but no templates; RFC 7011 §3.1), the latter two per exporter and
// domain.
#pragma once

#include <cstdint>
#include <span>

#include "base/protocol.h"

namespace weir {

inline constexpr size_t kNetFlow5HeaderBytes = 24;
inline constexpr size_t kNetFlow5RecordBytes = 48;
inline constexpr size_t kNetFlow5MaxRecords = 30;  // maximum in one datagram, by the format's definition

struct NetFlow5Header {
  uint32_t uptime_ms = 0;  // since the exporter started
  uint32_t export_seconds = 0;
  uint32_t export_nanoseconds = 0;  // remainder of the second
  uint32_t sequence = 0;            // records sent before this datagram
  uint8_t engine_type = 0;
  uint8_t engine_id = 0;
  uint16_t sampling = 0;  // top two bits: mode; the rest: interval
};

struct NetFlow5Record {
  uint32_t src_addr = 0, dst_addr = 0, next_hop = 0;  // host order
  uint16_t in_if = 0, out_if = 0;
  uint32_t packets = 0, bytes = 0;
  uint32_t first_uptime_ms = 0, last_uptime_ms = 0;
  uint16_t src_port = 0, dst_port = 0;
  uint8_t tcp_flags = 0, proto = 0, tos = 0;
  uint16_t src_as = 0, dst_as = 0;
  uint8_t src_mask = 0, dst_mask = 0;
};

// `out` holds at least kNetFlow5HeaderBytes; `records` is the number of records that follow.
void encode_netflow5_header(uint8_t* out, const NetFlow5Header& header, uint16_t records);
// `out` holds at least kNetFlow5RecordBytes.
void encode_netflow5_record(uint8_t* out, const NetFlow5Record& record);

// One field specifier. If there is an enterprise number, the encoder sets the id's top bit (IPFIX only).
struct TemplateField {
  uint16_t id = 0;
  uint16_t length = 0;  // 65535: variable (IPFIX only)
  uint32_t enterprise = 0;
};

// A template, or, if it has scope fields, an options template. v9 scope fields have scope types (RFC 3954 §6.1) as ids.
struct TemplateLayout {
  uint16_t id = 0;  // 256 and up
  std::span<const TemplateField> scope;
  std::span<const TemplateField> fields;
  // Length of a record whose fields all have a fixed length.
  size_t record_bytes() const;
};

// Builds one v9 or IPFIX datagram: add templates and data sets in any order, then finish() with the header.
// A set is closed when the next one begins or by finish(). v9 sets are padded with zeros to four bytes (RFC 3954 §5.3);
// IPFIX sets are not padded (RFC 7011 §3.3.1 leaves the choice).
class DatagramWriter {
 public:
  // protocol: netflow9 or ipfix. `out` takes at most 65,535 bytes.
  DatagramWriter(Protocol protocol, std::span<uint8_t> out);

  // Consecutive templates of one kind share a set.
  bool add_template(const TemplateLayout& layout);
  bool begin_data_set(uint16_t template_id);
  // Space for the next record of the open data set, which the caller fills; nullptr if it does not fit.
  uint8_t* add_record(size_t bytes);
  // How many records of `bytes` fit into the datagram if a new data set is begun now.
  size_t space_for_records(size_t bytes) const;

  uint16_t data_records() const { return data_records_; }
  // Templates and data records together: the count in a v9 header.
  uint16_t records() const { return static_cast<uint16_t>(data_records_ + template_records_); }

  // Closes the last set and writes the header. Returns the datagram's size. The writer cannot be used afterwards.
  size_t finish_netflow9(uint32_t uptime_ms, uint32_t export_seconds, uint32_t sequence, uint32_t domain);
  size_t finish_ipfix(uint32_t export_seconds, uint32_t sequence, uint32_t domain);

 private:
  size_t padding() const;
  bool open_set(uint16_t id, size_t bytes_that_follow);
  void close_set();
  void put16(uint16_t value);
  void put32(uint32_t value);
  void put_fields(std::span<const TemplateField> fields);
  size_t specifier_bytes(std::span<const TemplateField> fields) const;

  Protocol protocol_;
  std::span<uint8_t> out_;
  size_t size_;
  size_t set_start_ = 0;  // of the open set; 0: none
  uint16_t set_id_ = 0;
  uint16_t data_records_ = 0;
  uint16_t template_records_ = 0;
};

}  // namespace weir
