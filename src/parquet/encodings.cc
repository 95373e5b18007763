// SPDX-License-Identifier: Apache-2.0
#include "parquet/encodings.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/assert.h"
#include "parquet/thrift_writer.h"

namespace weir {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr size_t kGroup = 8;  // values packed together: a whole number of bytes at any width

// Packs values of `width` bits, least significant bit first. `out` has space for values.size() * width / 8 bytes and
// eight more.
template <class T>
void pack(std::span<const T> values, unsigned width, uint8_t* out) {
  uint64_t bits = 0;
  unsigned held = 0;
  for (uint64_t value : values) {
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
}

template <class Narrow, class T>
void narrow(std::span<const T> values, uint8_t* out) {
  for (T value : values) {
    auto part = static_cast<Narrow>(value);
    std::memcpy(out, &part, sizeof part);
    out += sizeof part;
  }
}

// Packs whole groups of values; `out` as for pack(). Widths of whole bytes need no shifting.
template <class T>
void pack_groups(std::span<const T> values, unsigned width, uint8_t* out) {
  if (width == 8)
    narrow<uint8_t>(values, out);
  else if (width == 16)
    narrow<uint16_t>(values, out);
  else
    pack(values, width, out);
}

// Appends a bit-packed run of whole groups; the last one is padded with zeros.
template <class T>
void append_packed(std::span<const T> values, unsigned width, std::string& out) {
  if (values.empty()) return;
  size_t groups = (values.size() + kGroup - 1) / kGroup, whole = values.size() / kGroup * kGroup;
  append_varint(out, groups << 1 | 1);
  size_t begin = out.size(), bytes = groups * width;
  out.resize_and_overwrite(begin + bytes + 8, [&](char* data, size_t) {
    auto* target = reinterpret_cast<uint8_t*>(data + begin);
    pack_groups(values.first(whole), width, target);
    if (whole < values.size()) {
      std::array<T, kGroup> last{};
      std::ranges::copy(values.subspan(whole), last.begin());
      pack_groups(std::span<const T>(last), width, target + whole / kGroup * width);
    }
    return begin + bytes;
  });
}

template <class T>
bool all_equal(const T* group) {
  T other = 0;
  for (size_t i = 1; i < kGroup; ++i) other = static_cast<T>(other | (group[i] ^ group[0]));
  return other == 0;
}

}  // namespace

unsigned bits_for(uint32_t largest) { return std::max(1u, static_cast<unsigned>(std::bit_width(largest))); }

void encode_run(uint64_t count, uint32_t value, unsigned width, std::string& out) {
  append_varint(out, count << 1);
  out.append(reinterpret_cast<const char*>(&value), (width + 7) / 8);
}

template <class T>
void encode_hybrid(std::span<const T> values, unsigned width, std::string& out) {
  WEIR_ASSERT(width >= 1 && width <= 32);
  const T* v = values.data();
  const size_t n = values.size();
  size_t literal = 0, i = 0;  // values [literal, i) are to be packed: whole groups, or readers count the padding
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

template void encode_hybrid(std::span<const uint16_t>, unsigned, std::string&);
template void encode_hybrid(std::span<const uint32_t>, unsigned, std::string&);

}  // namespace weir
