// SPDX-License-Identifier: Apache-2.0
// Big-endian loads and stores (network byte order), and a bounds-checked reader.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

namespace weir {

using Bytes = std::span<const uint8_t>;

template <class T>
inline T load_be(const uint8_t* p) {
  T v;
  std::memcpy(&v, p, sizeof v);
  if constexpr (sizeof(T) == 1) return v;
  if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_bswap16(v));
  if constexpr (sizeof(T) == 4) return static_cast<T>(__builtin_bswap32(v));
  if constexpr (sizeof(T) == 8) return static_cast<T>(__builtin_bswap64(v));
}
inline uint16_t load_be16(const uint8_t* p) { return load_be<uint16_t>(p); }
inline uint32_t load_be32(const uint8_t* p) { return load_be<uint32_t>(p); }
inline uint64_t load_be64(const uint8_t* p) { return load_be<uint64_t>(p); }

// An unsigned number of any width; if it is wider than eight bytes, only the last eight count.
inline uint64_t load_be_any(const uint8_t* p, size_t width) {
  uint64_t v = 0;
  for (size_t i = 0; i < width; ++i) v = (v << 8) | p[i];
  return v;
}

template <class T>
inline void store_be(uint8_t* p, T v) {
  if constexpr (sizeof(T) == 2) v = static_cast<T>(__builtin_bswap16(v));
  if constexpr (sizeof(T) == 4) v = static_cast<T>(__builtin_bswap32(v));
  if constexpr (sizeof(T) == 8) v = static_cast<T>(__builtin_bswap64(v));
  std::memcpy(p, &v, sizeof v);
}

// Reads forward through untrusted bytes. A read past the end returns zero and sets failed();
// nothing is ever read out of bounds.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  template <class T>
  T be() {
    if (remaining() < sizeof(T)) return fail(), T{0};
    T v = load_be<T>(bytes_.data() + pos_);
    pos_ += sizeof(T);
    return v;
  }
  uint8_t u8() { return be<uint8_t>(); }
  uint16_t u16() { return be<uint16_t>(); }
  uint32_t u32() { return be<uint32_t>(); }
  uint64_t u64() { return be<uint64_t>(); }

  Bytes take(size_t n) {
    if (remaining() < n) return fail(), Bytes{};
    Bytes b = bytes_.subspan(pos_, n);
    pos_ += n;
    return b;
  }
  void skip(size_t n) { take(n); }
  Bytes rest() const { return bytes_.subspan(pos_); }

  size_t position() const { return pos_; }
  size_t remaining() const { return bytes_.size() - pos_; }
  bool failed() const { return failed_; }

 private:
  void fail() {
    failed_ = true;
    pos_ = bytes_.size();
  }
  Bytes bytes_;
  size_t pos_ = 0;
  bool failed_ = false;
};

}  // namespace weir
