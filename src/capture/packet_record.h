// SPDX-License-Identifier: Apache-2.0
// The output of the readers of the capture formats (pcap, pcapng): one captured frame.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "base/bytes.h"

namespace weir {

struct PacketRecord {
  Bytes frame;  // valid until the next record is read
  uint32_t link_type = 0;
  uint32_t length_on_wire = 0;
  int64_t time_ns = 0;       // UTC; 0: not in the file
  uint64_t file_offset = 0;  // of the record
};

// libpcap never writes a longer frame; a record that claims one counts as damage.
inline constexpr size_t kMaxFrameBytes = 262'144;
// How far a reader must look ahead: the frame and the fixed part of its record.
inline constexpr size_t kRecordLookAhead = kMaxFrameBytes + 64;
inline constexpr uint32_t kNoLinkType = 0xffff'ffff;

enum class ReadStatus : uint8_t { packet, end, damaged };

// Where the file stops being valid, and why.
struct Damage {
  uint64_t offset = 0;
  std::string_view what;  // "the file ends within a packet"
};

// Loads in the byte order of the machine that wrote the file.
template <class T>
inline T load_ordered(const uint8_t* p, bool big_endian) {
  T v;
  std::memcpy(&v, p, sizeof v);
  if (!big_endian) return v;
  return load_be<T>(p);
}

inline int64_t clamp_ns(__int128 ns) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min(), kMax = std::numeric_limits<int64_t>::max();
  return ns < kMin ? kMin : ns > kMax ? kMax : static_cast<int64_t>(ns);
}

}  // namespace weir
