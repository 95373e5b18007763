// SPDX-License-Identifier: Apache-2.0
#include "parquet/decodings.h"

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

// Value number `index` of those packed in `bytes`, `width` bits each (1 to 32); the caller ensures that it is there.
uint32_t unpack(std::string_view bytes, size_t index, unsigned width) {
  size_t bit = index * width, at = bit / 8;
  uint64_t word = 0;
  std::memcpy(&word, bytes.data() + at, std::min<size_t>(8, bytes.size() - at));
  return static_cast<uint32_t>(word >> bit % 8 & ((uint64_t{1} << width) - 1));
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
      for (size_t i = 0; i < packed; ++i) values.push_back(unpack(bytes, i, width));
    } else {
      if (!reader.take((width + 7) / 8, bytes) || head >> 1 > wanted) return false;
      uint32_t value = 0;
      std::memcpy(&value, bytes.data(), bytes.size());
      if (uint64_t{value} >> width) return false;
      values.insert(values.end(), head >> 1, value);
    }
  }
  return true;
}

}  // namespace weir
