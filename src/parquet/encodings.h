// SPDX-License-Identifier: Apache-2.0
// Parquet's encodings of values (https://parquet.apache.org/docs/file-format/data-pages/encodings/), appended to a
// string: the hybrid of run lengths and bit packing (levels, dictionary indexes) and plain text.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weir {

// The number of bits that can represent 0..largest; at least 1.
unsigned bits_for(uint32_t largest);

// RLE / bit-packing hybrid, `width` 1..32: a group of 8 equal values and the equal values that follow it are written as
// (count, value), others are packed in groups of 8. T: uint16_t or uint32_t.
template <class T>
void encode_hybrid(std::span<const T> values, unsigned width, std::string& out);
// One run of `count` equal values.
void encode_run(uint64_t count, uint32_t value, unsigned width, std::string& out);

// PLAIN encoding of a BYTE_ARRAY: four bytes of length, then the bytes.
inline void encode_text(std::string_view text, std::string& out) {
  uint32_t size = static_cast<uint32_t>(text.size());
  out.append(reinterpret_cast<const char*>(&size), 4);  // little-endian, like every machine we build for
  out += text;
}

}  // namespace weir
