// SPDX-License-Identifier: Apache-2.0
#include "store/decodings.h"

#include <algorithm>
#include <cstring>

namespace weir {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}
  size_t left() const { return in_.size(); }
  bool varint(uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && !in_.empty(); shift += 7) {
      auto byte = static_cast<uint8_t>(in_[0]);
      in_.remove_prefix(1);
      value |= uint64_t{byte & 0x7fu} << shift;
      if (!(byte & 0x80)) return true;
    }
    return false;
  }
  bool take(size_t size, std::string_view& bytes) {
    if (size > in_.size()) return false;
    bytes = in_.substr(0, size);
    in_.remove_prefix(size);
    return true;
  }

 private:
  std::string_view in_;
};

int64_t unzigzag(uint64_t value) { return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1); }

// Value `index` of those packed in `bytes`, `width` bits each (0 to 64); the caller knows that it is all there.
uint64_t unpack(std::string_view bytes, size_t index, unsigned width) {
  if (!width) return 0;
  size_t bit = index * width, at = bit / 8;
  unsigned shift = bit % 8;
  uint64_t low = 0;
  std::memcpy(&low, bytes.data() + at, std::min<size_t>(8, bytes.size() - at));
  uint64_t value = low >> shift;
  if (shift + width > 64) value |= uint64_t{static_cast<uint8_t>(bytes[at + 8])} << (64 - shift);
  return width == 64 ? value : value & ((uint64_t{1} << width) - 1);
}

}  // namespace

bool decode_hybrid(std::string_view in, unsigned width, size_t count, std::vector<uint32_t>& values) {
  if (width < 1 || width > 32) return false;
  Reader reader(in);
  values.clear();
  values.reserve(count);
  while (values.size() < count) {
    uint64_t head;
    std::string_view bytes;
    if (!reader.varint(head) || head < 2) return false;
    size_t wanted = count - values.size();
    if (head & 1) {
      if (head >> 1 > reader.left() || !reader.take((head >> 1) * width, bytes)) return false;
      size_t packed = std::min<size_t>((head >> 1) * 8, wanted);
      for (size_t i = 0; i < packed; ++i) values.push_back(static_cast<uint32_t>(unpack(bytes, i, width)));
    } else {
      if (!reader.take((width + 7) / 8, bytes) || head >> 1 > wanted) return false;
      uint32_t value = 0;
      std::memcpy(&value, bytes.data(), bytes.size());
      values.insert(values.end(), head >> 1, value);
    }
  }
  return true;
}

bool decode_delta(std::string_view in, size_t count, std::vector<uint64_t>& values) {
  Reader reader(in);
  uint64_t block, miniblocks, total, first;
  if (!reader.varint(block) || !reader.varint(miniblocks) || !reader.varint(total) || !reader.varint(first))
    return false;
  if (block != 128 || miniblocks != 4 || total != count || !count) return false;
  values.clear();
  values.reserve(count);
  uint64_t value = static_cast<uint64_t>(unzigzag(first));
  values.push_back(value);
  while (values.size() < count) {
    uint64_t least;
    std::string_view widths, bytes;
    if (!reader.varint(least) || !reader.take(4, widths)) return false;
    for (size_t m = 0; m < 4 && values.size() < count; ++m) {
      auto width = static_cast<uint8_t>(widths[m]);
      if (width > 64 || !reader.take(width * 4u, bytes)) return false;
      for (size_t i = 0; i < 32 && values.size() < count; ++i)
        values.push_back(value += static_cast<uint64_t>(unzigzag(least)) + unpack(bytes, i, width));
    }
  }
  return true;
}

}  // namespace weir
