// SPDX-License-Identifier: Apache-2.0
// ThriftReader: reads Thrift's compact protocol, as far as Parquet's metadata need it. The bytes may be damaged: on
// anything malformed, ok() becomes false; after that every value is 0 or empty and no struct has another field.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace weir {

class ThriftReader {
 public:
  enum Type : uint8_t { kStop = 0, kTrue = 1, kFalse = 2, kByte = 3, kI16 = 4, kI32 = 5, kI64 = 6, kDouble = 7 };
  enum Compound : uint8_t { kBinary = 8, kList = 9, kSet = 10, kMap = 11, kStruct = 12 };

  explicit ThriftReader(std::string_view bytes) : in_(bytes) {}
  bool ok() const { return ok_; }
  size_t position() const { return at_; }

  // Calls on_field(id) for every field of a struct; it either reads the value with one of the functions below or leaves
  // it unread, which skips it.
  template <class OnField>
  void read_struct(OnField on_field) {
    int64_t id = 0;
    while (ok_) {
      uint8_t head = byte();
      type_ = head & 15;
      if (type_ == kStop) return;
      id = head >> 4 ? id + (head >> 4) : number();
      uint8_t type = type_;
      unread_ = true;
      on_field(id);
      if (unread_) skip(type, 0);
    }
  }
  // Calls on_element() for each element; it reads one value.
  template <class OnElement>
  void read_list(OnElement on_element) {
    if (!expect(kList)) return;
    uint8_t element;
    size_t size = list_header(element);
    for (size_t i = 0; i < size && ok_; ++i) {
      type_ = element;
      unread_ = true;
      on_element();
      if (unread_) skip(element, 0);
    }
  }
  int64_t integer();  // i8 to i64
  std::string_view text();
  // The next value is a struct; follow with read_struct immediately.
  bool enter_struct() { return expect(kStruct); }

 private:
  bool expect(uint8_t type);
  uint8_t byte();
  uint64_t varint();
  int64_t number();
  size_t list_header(uint8_t& element);
  std::string_view binary();
  void skip(uint8_t type, int depth);
  void skip_struct(int depth);
  void fail() { ok_ = false; }

  std::string_view in_;
  size_t at_ = 0;
  bool ok_ = true;
  uint8_t type_ = kStop;  // of the next value
  bool unread_ = false;
};

}  // namespace weir
