// SPDX-License-Identifier: Apache-2.0
#include "parquet/thrift_reader.h"

namespace weir {
namespace {
constexpr int kDeepest = 16;  // nested structs; Parquet has six
}

bool ThriftReader::expect(uint8_t type) {
  unread_ = false;
  if (type_ != type) fail();
  return ok_;
}

uint8_t ThriftReader::byte() {
  if (!ok_ || at_ >= in_.size()) {
    fail();
    return 0;
  }
  return static_cast<uint8_t>(in_[at_++]);
}

uint64_t ThriftReader::varint() {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    uint8_t next = byte();
    value |= uint64_t{next & 0x7fu} << shift;
    if (!(next & 0x80)) return ok_ ? value : 0;
  }
  fail();
  return 0;
}

int64_t ThriftReader::number() {
  uint64_t value = varint();
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

int64_t ThriftReader::integer() {
  unread_ = false;
  if (type_ == kByte) return static_cast<int8_t>(byte());
  if (type_ < kI16 || type_ > kI64) fail();
  return ok_ ? number() : 0;
}

std::string_view ThriftReader::binary() {
  uint64_t size = varint();
  if (!ok_ || size > in_.size() - at_) {
    fail();
    return {};
  }
  std::string_view value = in_.substr(at_, size);
  at_ += size;
  return value;
}

std::string_view ThriftReader::text() { return expect(kBinary) ? binary() : std::string_view{}; }

// Every element takes at least one byte, so a list cannot be longer than the remaining bytes.
size_t ThriftReader::list_header(uint8_t& element) {
  uint8_t head = byte();
  element = head & 15;
  uint64_t size = head >> 4;
  if (size == 15) size = varint();
  if (size > in_.size() - at_) fail();
  return ok_ ? size : 0;
}

void ThriftReader::skip(uint8_t type, int depth) {
  unread_ = false;
  if (depth > kDeepest) return fail();
  switch (type) {
    case kTrue:
    case kFalse:
      return;  // the type is the value
    case kByte:
      byte();
      return;
    case kI16:
    case kI32:
    case kI64:
      varint();
      return;
    case kDouble:
      for (int i = 0; i < 8; ++i) byte();
      return;
    case kBinary:
      binary();
      return;
    case kList:
    case kSet: {
      uint8_t element;
      size_t size = list_header(element);
      bool flags = element == kTrue || element == kFalse;  // as list elements they take a byte each
      for (size_t i = 0; i < size && ok_; ++i) flags ? void(byte()) : skip(element, depth + 1);
      return;
    }
    case kStruct:
      return skip_struct(depth + 1);
    default:
      return fail();  // maps: Parquet has none
  }
}

void ThriftReader::skip_struct(int depth) {
  while (ok_) {
    uint8_t head = byte();
    if ((head & 15) == kStop) return;
    if (!(head >> 4)) number();  // the id, in full
    skip(head & 15, depth);
  }
}

}  // namespace weir
