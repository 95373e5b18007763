// SPDX-License-Identifier: Apache-2.0
#include "wire/encode.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/bytes.h"
#include "wire/export_header.h"

namespace weir {

// NetFlow v5 header:
//    0 version=5   2 count          4 sysUptime (ms)   8 unix_secs   12 unix_nsecs
//   16 flow_sequence               20 engine_type     21 engine_id   22 sampling
void encode_netflow5_header(uint8_t* out, const NetFlow5Header& header, uint16_t records) {
  store_be<uint16_t>(out, 5);
  store_be(out + 2, records);
  store_be(out + 4, header.uptime_ms);
  store_be(out + 8, header.export_seconds);
  store_be(out + 12, header.export_nanoseconds);
  store_be(out + 16, header.sequence);
  out[20] = header.engine_type;
  out[21] = header.engine_id;
  store_be(out + 22, header.sampling);
}

// NetFlow v5 record:
//    0 srcaddr   4 dstaddr   8 nexthop  12 input  14 output  16 dPkts  20 dOctets  24 First  28 Last
//   32 srcport  34 dstport  36 pad1     37 tcp_flags  38 prot  39 tos  40 src_as  42 dst_as
//   44 src_mask 45 dst_mask 46 pad2
void encode_netflow5_record(uint8_t* out, const NetFlow5Record& record) {
  store_be(out, record.src_addr);
  store_be(out + 4, record.dst_addr);
  store_be(out + 8, record.next_hop);
  store_be(out + 12, record.in_if);
  store_be(out + 14, record.out_if);
  store_be(out + 16, record.packets);
  store_be(out + 20, record.bytes);
  store_be(out + 24, record.first_uptime_ms);
  store_be(out + 28, record.last_uptime_ms);
  store_be(out + 32, record.src_port);
  store_be(out + 34, record.dst_port);
  out[36] = 0;
  out[37] = record.tcp_flags;
  out[38] = record.proto;
  out[39] = record.tos;
  store_be(out + 40, record.src_as);
  store_be(out + 42, record.dst_as);
  out[44] = record.src_mask;
  out[45] = record.dst_mask;
  store_be<uint16_t>(out + 46, 0);
}

namespace {

constexpr uint16_t kEnterpriseBit = 0x8000;

}  // namespace

size_t TemplateLayout::record_bytes() const {
  size_t bytes = 0;
  for (const TemplateField& field : scope) bytes += field.length;
  for (const TemplateField& field : fields) bytes += field.length;
  return bytes;
}

DatagramWriter::DatagramWriter(Protocol protocol, std::span<uint8_t> out)
    : protocol_(protocol), out_(out), size_(ExportHeader::header_bytes(protocol)) {
  WEIR_ASSERT(protocol == Protocol::netflow9 || protocol == Protocol::ipfix);
  WEIR_ASSERT(out.size() >= size_);
  out_ = out_.first(std::min<size_t>(out.size(), 65'535));
}

void DatagramWriter::put16(uint16_t value) {
  store_be(out_.data() + size_, value);
  size_ += 2;
}

void DatagramWriter::put32(uint32_t value) {
  store_be(out_.data() + size_, value);
  size_ += 4;
}

// Bytes needed to pad the open set to a multiple of four. Header and earlier sets are multiples of four in v9.
size_t DatagramWriter::padding() const {
  if (protocol_ != Protocol::netflow9 || set_start_ == 0) return 0;
  return (4 - (size_ - set_start_) % 4) % 4;
}

void DatagramWriter::close_set() {
  if (set_start_ == 0) return;
  for (size_t n = padding(); n > 0; --n) out_[size_++] = 0;
  store_be(out_.data() + set_start_ + 2, static_cast<uint16_t>(size_ - set_start_));
  set_start_ = 0;
}

bool DatagramWriter::open_set(uint16_t id, size_t bytes_that_follow) {
  // Reserves space for the new set's own padding from the start: three bytes at most.
  size_t padded = protocol_ == Protocol::netflow9 ? (bytes_that_follow + 3) / 4 * 4 : bytes_that_follow;
  if (size_ + padding() + kSetHeaderBytes + padded > out_.size()) return false;
  close_set();
  set_start_ = size_;
  set_id_ = id;
  put16(id);
  put16(0);  // length: filled in when the set is closed
  return true;
}

size_t DatagramWriter::specifier_bytes(std::span<const TemplateField> fields) const {
  size_t bytes = 0;
  for (const TemplateField& field : fields) bytes += field.enterprise == 0 ? 4 : 8;
  return bytes;
}

void DatagramWriter::put_fields(std::span<const TemplateField> fields) {
  for (const TemplateField& field : fields) {
    if (field.enterprise == 0) {
      put16(field.id);
      put16(field.length);
      continue;
    }
    WEIR_ASSERT(protocol_ == Protocol::ipfix);
    put16(field.id | kEnterpriseBit);
    put16(field.length);
    put32(field.enterprise);
  }
}

// Template:               id, field count, specifiers
// Options template, v9:   id, scope specifiers' bytes, option specifiers' bytes, specifiers
// Options template, IPFIX: id, field count (scope included), scope field count, specifiers
bool DatagramWriter::add_template(const TemplateLayout& layout) {
  bool options = !layout.scope.empty();
  uint16_t set_id = options ? options_template_set_id(protocol_) : template_set_id(protocol_);
  size_t specifiers = specifier_bytes(layout.scope) + specifier_bytes(layout.fields);
  size_t bytes = (options ? 6 : 4) + specifiers;
  if (set_start_ != 0 && set_id_ == set_id) {
    if (size_ + bytes + 3 > out_.size()) return false;
  } else if (!open_set(set_id, bytes)) {
    return false;
  }
  put16(layout.id);
  if (!options) {
    put16(static_cast<uint16_t>(layout.fields.size()));
  } else if (protocol_ == Protocol::netflow9) {
    put16(static_cast<uint16_t>(layout.scope.size() * 4));
    put16(static_cast<uint16_t>(layout.fields.size() * 4));
  } else {
    put16(static_cast<uint16_t>(layout.scope.size() + layout.fields.size()));
    put16(static_cast<uint16_t>(layout.scope.size()));
  }
  put_fields(layout.scope);
  put_fields(layout.fields);
  ++template_records_;
  // A v9 options template may end off the four-byte boundary; the next one must not follow the padding in the same set.
  if (padding() != 0) close_set();
  return true;
}

bool DatagramWriter::begin_data_set(uint16_t template_id) {
  WEIR_ASSERT(template_id >= 256);
  return open_set(template_id, 1);
}

uint8_t* DatagramWriter::add_record(size_t bytes) {
  WEIR_ASSERT(set_start_ != 0 && set_id_ >= 256);
  size_t end = size_ + bytes;
  size_t pad = protocol_ == Protocol::netflow9 ? (4 - (end - set_start_) % 4) % 4 : 0;
  if (end + pad > out_.size()) return nullptr;
  uint8_t* record = out_.data() + size_;
  size_ = end;
  ++data_records_;
  return record;
}

size_t DatagramWriter::space_for_records(size_t bytes) const {
  size_t used = size_ + padding() + kSetHeaderBytes;
  if (used >= out_.size() || bytes == 0) return 0;
  size_t space = out_.size() - used;
  if (protocol_ == Protocol::netflow9) space = space / 4 * 4;
  return space / bytes;
}

// v9 header: 0 version=9  2 count  4 sysUptime (ms)  8 UNIX seconds  12 sequence  16 source id
size_t DatagramWriter::finish_netflow9(uint32_t uptime_ms, uint32_t export_seconds, uint32_t sequence,
                                       uint32_t domain) {
  WEIR_ASSERT(protocol_ == Protocol::netflow9);
  close_set();
  uint8_t* out = out_.data();
  store_be<uint16_t>(out, 9);
  store_be(out + 2, records());
  store_be(out + 4, uptime_ms);
  store_be(out + 8, export_seconds);
  store_be(out + 12, sequence);
  store_be(out + 16, domain);
  return size_;
}

// IPFIX header: 0 version=10  2 length  4 export time (s)  8 sequence  12 observation domain id
size_t DatagramWriter::finish_ipfix(uint32_t export_seconds, uint32_t sequence, uint32_t domain) {
  WEIR_ASSERT(protocol_ == Protocol::ipfix);
  close_set();
  uint8_t* out = out_.data();
  store_be<uint16_t>(out, 10);
  store_be(out + 2, static_cast<uint16_t>(size_));
  store_be(out + 4, export_seconds);
  store_be(out + 8, sequence);
  store_be(out + 12, domain);
  return size_;
}

}  // namespace weir
