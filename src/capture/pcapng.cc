// SPDX-License-Identifier: Apache-2.0
#include "capture/pcapng.h"

#include <algorithm>
#include <utility>

namespace weir {

namespace {

enum BlockType : uint32_t {
  kInterface = 1,
  kObsoletePacket = 2,
  kSimplePacket = 3,
  kEnhancedPacket = 6,
  kSectionHeader = 0x0a0d0d0a,  // reads the same in both byte orders
};

constexpr uint32_t kByteOrderMagic = 0x1a2b3c4d;

constexpr size_t kBlockFrameBytes = 12;     // type 4, length 4; length again at the end
constexpr size_t kSimplePacketHeader = 12;  // type, length, length on the wire
constexpr size_t kPacketHeader = 28;        // type, length, interface, time 8, captured, length on the wire
constexpr size_t kInterfaceHeader = 16;     // type, length, link type 2, reserved 2, snaplen
constexpr size_t kMaxOptionBytes = 65'536;  // of an interface's options, how many are read

constexpr uint16_t kOptionResolution = 9, kOptionOffset = 14;

}  // namespace

bool PcapngReader::is_pcapng(Bytes start) {
  if (start.size() < kBlockFrameBytes || load_be32(start.data()) != kSectionHeader) return false;
  return load_ordered<uint32_t>(&start[8], true) == kByteOrderMagic ||
         load_ordered<uint32_t>(&start[8], false) == kByteOrderMagic;
}

int64_t PcapngReader::Interface::to_ns(uint64_t ticks) const {
  __int128 ns = ticks;
  unsigned exponent = resolution & 0x7fu;
  if (resolution & 0x80) {
    ns = exponent < 64 + 30 ? ns * 1'000'000'000 >> exponent : 0;
  } else {
    for (unsigned n = exponent; n < 9; ++n) ns *= 10;
    for (unsigned n = exponent; n > 9 && ns != 0; --n) ns /= 10;
  }
  return clamp_ns(ns + static_cast<__int128>(offset_seconds) * 1'000'000'000);
}

bool PcapngReader::fail(std::string_view what) {
  damage_ = {file_.offset(), what};
  return false;
}

ReadStatus PcapngReader::next(PacketRecord& out) {
  for (;;) {
    uint64_t block_at = file_.offset(), length = std::exchange(pending_, 0);
    if (file_.skip(length) < length) {
      damage_ = {block_at, "the file ends within a block"};
      return ReadStatus::damaged;
    }
    if (file_.peek(1).empty()) return ReadStatus::end;
    Block block;
    if (!read_block(block)) return ReadStatus::damaged;
    bool is_packet = true, ok = true;
    switch (block.type) {
      case kEnhancedPacket:
      case kObsoletePacket:
        ok = read_packet(block, out);
        break;
      case kSimplePacket:
        ok = read_simple_packet(block, out);
        break;
      case kInterface:
        ok = read_interface(block);
        [[fallthrough]];
      default:
        is_packet = false;
    }
    if (!ok) return ReadStatus::damaged;
    pending_ = block.length;
    if (is_packet) return ReadStatus::packet;
  }
}

// A section header also sets the byte order in which its own length is written, and resets the list of interfaces.
bool PcapngReader::read_block(Block& block) {
  Bytes b = file_.peek(kBlockFrameBytes);
  if (b.size() < kBlockFrameBytes) return fail("the file ends within a block header");
  block.type = load<uint32_t>(b.data());
  if (block.type == kSectionHeader) {
    if (load_be32(&b[8]) != kByteOrderMagic && load_ordered<uint32_t>(&b[8], false) != kByteOrderMagic)
      return fail("a section header has no byte-order magic");
    big_endian_ = load_be32(&b[8]) == kByteOrderMagic;
    interfaces_.clear();
  }
  block.length = load<uint32_t>(&b[4]);
  if (block.length < kBlockFrameBytes || block.length % 4 != 0) return fail("a block claims an impossible length");
  return true;
}

// Options: code 2, length 2, value padded to 4 bytes; code 0 ends them.
bool PcapngReader::read_interface(const Block& block) {
  if (block.length < kInterfaceHeader + 4) return fail("an interface block is too short");
  size_t size = std::min<size_t>(block.length - 4, kInterfaceHeader + kMaxOptionBytes);
  Bytes b = file_.peek(size);
  if (b.size() < size) return fail("the file ends within an interface block");
  if (interfaces_.size() >= kMaxInterfaces) return true;
  Interface interface{load<uint16_t>(&b[8]), load<uint32_t>(&b[12])};
  for (size_t at = kInterfaceHeader; at + 4 <= size;) {
    uint16_t code = load<uint16_t>(&b[at]);
    size_t length = load<uint16_t>(&b[at + 2]);
    if (code == 0 || at + 4 + length > size) break;
    if (code == kOptionResolution && length == 1) interface.resolution = b[at + 4];
    if (code == kOptionOffset && length == 8) interface.offset_seconds = load<int64_t>(&b[at + 4]);
    at += 4 + (length + 3) / 4 * 4;
  }
  interfaces_.push_back(interface);
  return true;
}

// Enhanced packet: interface 4; obsolete packet block: interface 2, drops 2. The rest is the same.
bool PcapngReader::read_packet(const Block& block, PacketRecord& out) {
  if (block.length < kPacketHeader + 4) return fail("a packet block is too short");
  Bytes b = file_.peek(kPacketHeader);
  if (b.size() < kPacketHeader) return fail("the file ends within a packet");
  uint32_t index = block.type == kObsoletePacket ? load<uint16_t>(&b[8]) : load<uint32_t>(&b[8]);
  uint64_t ticks = uint64_t{load<uint32_t>(&b[12])} << 32 | load<uint32_t>(&b[16]);
  size_t captured = load<uint32_t>(&b[20]);
  out.length_on_wire = load<uint32_t>(&b[24]);
  Interface interface = index < interfaces_.size() ? interfaces_[index] : Interface{};
  out.link_type = interface.link_type;
  out.time_ns = interface.to_ns(ticks);
  return take_frame(block, kPacketHeader, captured, out);
}

// Has no time, no interface (it is the section's first) and no captured length: that follows from the snaplen and the
// block.
bool PcapngReader::read_simple_packet(const Block& block, PacketRecord& out) {
  if (block.length < kSimplePacketHeader + 4) return fail("a packet block is too short");
  Interface interface = interfaces_.empty() ? Interface{} : interfaces_[0];
  out.length_on_wire = load<uint32_t>(&file_.peek(kBlockFrameBytes)[8]);
  size_t captured = std::min<size_t>(out.length_on_wire, block.length - kSimplePacketHeader - 4);
  if (interface.snaplen) captured = std::min<size_t>(captured, interface.snaplen);
  out.link_type = interface.link_type;
  out.time_ns = 0;
  return take_frame(block, kSimplePacketHeader, captured, out);
}

bool PcapngReader::take_frame(const Block& block, size_t header, size_t captured, PacketRecord& out) {
  if (captured > kMaxFrameBytes || header + captured + 4 > block.length)
    return fail("a packet claims an impossible length");
  Bytes b = file_.peek(header + captured);
  if (b.size() < header + captured) return fail("the file ends within a packet");
  out.frame = b.subspan(header, captured);
  out.file_offset = file_.offset();
  return true;
}

}  // namespace weir
