// SPDX-License-Identifier: Apache-2.0
#include "store/encodings.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/assert.h"
#include "store/thrift_writer.h"

namespace weir {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr size_t kGroup = 8;  // values packed together: a whole number of bytes at any width

// Packs `count` values of `width` bits, least significant bit first. `out` has room for count * width / 8 bytes and
// eight more.
template <class T>
uint8_t* pack(const T* values, size_t count, unsigned width, uint8_t* out) {
  uint64_t bits = 0;
  unsigned held = 0;
  for (size_t i = 0; i < count; ++i) {
    uint64_t value = values[i];
    bits |= value << held;
    held += width;
    if (held >= 64) {
      std::memcpy(out, &bits, 8);
      out += 8;
      held -= 64;
      bits = held ? value >> (width - held) : 0;
    }
  }
  std::memcpy(out, &bits, 8);
  return out + (held + 7) / 8;
}

template <class Narrow>
void narrow(std::span<const uint32_t> values, uint8_t* out) {
  for (uint32_t value : values) {
    auto part = static_cast<Narrow>(value);
    std::memcpy(out, &part, sizeof part);
    out += sizeof part;
  }
}

// Whole groups of values; `out` as for pack(). Whole bytes need no shifting.
void pack_groups(std::span<const uint32_t> values, unsigned width, uint8_t* out) {
  if (width == 8)
    narrow<uint8_t>(values, out);
  else if (width == 16)
    narrow<uint16_t>(values, out);
  else
    pack(values.data(), values.size(), width, out);
}

// Bit-packed run of whole groups; the last one is padded with zeros.
void append_packed(std::span<const uint32_t> values, unsigned width, std::string& out) {
  if (values.empty()) return;
  size_t groups = (values.size() + kGroup - 1) / kGroup, whole = values.size() / kGroup * kGroup;
  append_varint(out, groups << 1 | 1);
  size_t begin = out.size(), bytes = groups * width;
  out.resize_and_overwrite(begin + bytes + 8, [&](char* data, size_t) {
    auto* target = reinterpret_cast<uint8_t*>(data + begin);
    pack_groups(values.first(whole), width, target);
    if (whole < values.size()) {
      std::array<uint32_t, kGroup> last{};
      std::ranges::copy(values.subspan(whole), last.begin());
      pack_groups(last, width, target + whole / kGroup * width);
    }
    return begin + bytes;
  });
}

bool all_equal(const uint32_t* group) {
  uint32_t other = 0;
  for (size_t i = 1; i < kGroup; ++i) other |= group[i] ^ group[0];
  return other == 0;
}

}  // namespace

unsigned bits_for(uint32_t largest) { return std::max(1u, static_cast<unsigned>(std::bit_width(largest))); }

void encode_run(uint64_t count, uint32_t value, unsigned width, std::string& out) {
  append_varint(out, count << 1);
  out.append(reinterpret_cast<const char*>(&value), (width + 7) / 8);
}

void encode_hybrid(std::span<const uint32_t> values, unsigned width, std::string& out) {
  WEIR_ASSERT(width >= 1 && width <= 32);
  const uint32_t* v = values.data();
  const size_t n = values.size();
  size_t literal = 0, i = 0;  // values [literal, i) wait to be packed: whole groups, or readers count the padding
  while (n - i >= kGroup) {
    if (!all_equal(v + i)) {
      i += kGroup;
      continue;
    }
    size_t end = i + kGroup;
    while (end < n && v[end] == v[i]) ++end;
    append_packed(values.subspan(literal, i - literal), width, out);
    encode_run(end - i, v[i], width, out);
    literal = i = end;
  }
  append_packed(values.subspan(literal), width, out);
}

void encode_delta(std::span<const int64_t> values, std::string& out) {
  constexpr size_t kBlock = 128, kMiniblocks = 4, kMiniblock = kBlock / kMiniblocks;
  append_varint(out, kBlock);
  append_varint(out, kMiniblocks);
  append_varint(out, values.size());
  append_varint(out, zigzag(values.empty() ? 0 : values[0]));
  std::array<uint64_t, kBlock> deltas;
  for (size_t at = 1; at < values.size(); at += kBlock) {
    size_t count = std::min(kBlock, values.size() - at);
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < count; ++i) {
      // Differences wrap modulo 2^64, as the encoding has it.
      deltas[i] = static_cast<uint64_t>(values[at + i]) - static_cast<uint64_t>(values[at + i - 1]);
      least = std::min(least, static_cast<int64_t>(deltas[i]));
    }
    for (size_t i = 0; i < count; ++i) deltas[i] -= static_cast<uint64_t>(least);
    std::fill(deltas.begin() + static_cast<std::ptrdiff_t>(count), deltas.end(), 0);
    append_varint(out, zigzag(least));
    std::array<unsigned, kMiniblocks> widths{};
    size_t bytes = 0;
    for (size_t m = 0; m < kMiniblocks && m * kMiniblock < count; ++m) {
      uint64_t all = 0;
      for (size_t i = 0; i < kMiniblock; ++i) all |= deltas[m * kMiniblock + i];
      widths[m] = static_cast<unsigned>(std::bit_width(all));
      bytes += kMiniblock * widths[m] / 8;
    }
    for (unsigned width : widths) out.push_back(static_cast<char>(width));
    size_t begin = out.size();
    out.resize(begin + bytes + 8);
    auto* target = reinterpret_cast<uint8_t*>(out.data() + begin);
    for (size_t m = 0; m < kMiniblocks; ++m)
      if (widths[m]) target = pack(&deltas[m * kMiniblock], kMiniblock, widths[m], target);
    out.resize(begin + bytes);
  }
}

}  // namespace weir
