// SPDX-License-Identifier: Apache-2.0
#include "capture/pcap.h"

namespace weir {

namespace {

constexpr uint32_t kMicroseconds = 0xa1b2c3d4;
constexpr uint32_t kNanoseconds = 0xa1b23c4d;
constexpr uint32_t kKuznetsov = 0xa1b2cd34;  // 8 more bytes per packet: interface, protocol, direction

bool is_magic(uint32_t v) { return v == kMicroseconds || v == kNanoseconds || v == kKuznetsov; }

}  // namespace

bool PcapReader::is_pcap(Bytes start) {
  if (start.size() < 4) return false;
  return is_magic(load_ordered<uint32_t>(start.data(), true)) || is_magic(load_ordered<uint32_t>(start.data(), false));
}

// File header: magic 4, version 2+2, reserved 4+4, snaplen 4, link type 4 (the upper half has other meanings).
PcapReader::PcapReader(os::FileReader& file) : file_(file) {
  const uint8_t* p = file.peek(kFileHeaderBytes).data();
  big_endian_ = is_magic(load_ordered<uint32_t>(p, true));
  uint32_t magic = load_ordered<uint32_t>(p, big_endian_);
  if (magic == kNanoseconds) ns_per_tick_ = 1;
  if (magic == kKuznetsov) header_bytes_ = 24;
  link_type_ = load_ordered<uint32_t>(p + 20, big_endian_) & 0xffff;
  file.skip(kFileHeaderBytes);
}

ReadStatus PcapReader::damaged(std::string_view what) {
  damage_ = {file_.offset(), what};
  return ReadStatus::damaged;
}

// Packet header: seconds 4, fraction 4, captured bytes 4, bytes on the wire 4.
ReadStatus PcapReader::next(PacketRecord& out) {
  file_.skip(pending_);
  pending_ = 0;
  Bytes header = file_.peek(header_bytes_);
  if (header.empty()) return ReadStatus::end;
  if (header.size() < header_bytes_) return damaged("the file ends within a packet header");
  const uint8_t* p = header.data();
  int64_t seconds = load_ordered<uint32_t>(p, big_endian_);
  int64_t fraction = load_ordered<uint32_t>(p + 4, big_endian_);
  size_t captured = load_ordered<uint32_t>(p + 8, big_endian_);
  out.length_on_wire = load_ordered<uint32_t>(p + 12, big_endian_);
  if (captured > kMaxFrameBytes) return damaged("a packet claims an impossible length");
  Bytes record = file_.peek(header_bytes_ + captured);
  if (record.size() < header_bytes_ + captured) return damaged("the file ends within a packet");
  pending_ = header_bytes_ + captured;
  out.frame = record.subspan(header_bytes_, captured);
  out.link_type = link_type_;
  out.time_ns = seconds * 1'000'000'000 + fraction * ns_per_tick_;
  out.file_offset = file_.offset();
  return ReadStatus::packet;
}

}  // namespace weir
