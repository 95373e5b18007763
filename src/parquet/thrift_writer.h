// SPDX-License-Identifier: Apache-2.0
// ThriftWriter: writes Thrift's compact protocol, as far as Parquet's metadata need it: structs, lists, integers,
// strings, booleans.
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

void append_varint(std::string& out, uint64_t value);
inline uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}

class ThriftWriter {
 public:
  explicit ThriftWriter(std::string& out) : out_(out) { last_.push_back(0); }

  void field_i32(int id, int32_t value) { field(id, 5), append_varint(out_, zigzag(value)); }
  void field_i64(int id, int64_t value) { field(id, 6), append_varint(out_, zigzag(value)); }
  void field_i8(int id, int8_t value) { field(id, 3), out_.push_back(static_cast<char>(value)); }
  void field_bool(int id, bool value) { field(id, value ? 1 : 2); }
  void field_string(int id, std::string_view value) { field(id, 8), string(value); }
  void begin_struct(int id) { field(id, 12), last_.push_back(0); }
  void begin_struct_list(int id, size_t size) { field(id, 9), list_header(size, 12); }
  void begin_i32_list(int id, size_t size) { field(id, 9), list_header(size, 5); }
  void begin_string_list(int id, size_t size) { field(id, 9), list_header(size, 8); }

  // Elements of a list.
  void begin_element() { last_.push_back(0); }
  void i32(int32_t value) { append_varint(out_, zigzag(value)); }
  void string(std::string_view value) { append_varint(out_, value.size()), out_ += value; }

  // Ends the innermost struct; must also be called once for the outermost.
  void end_struct() {
    out_.push_back(0);
    last_.pop_back();
  }
  void empty_struct(int id) { begin_struct(id), end_struct(); }

 private:
  void field(int id, int type) {
    out_.push_back(static_cast<char>((id - last_.back()) << 4 | type));  // our ids differ by at most 15
    last_.back() = id;
  }
  void list_header(size_t size, int type) {
    if (size < 15) {
      out_.push_back(static_cast<char>(size << 4 | static_cast<size_t>(type)));
      return;
    }
    out_.push_back(static_cast<char>(0xf0 | type));
    append_varint(out_, size);
  }

  std::string& out_;
  std::vector<int> last_;  // the last field id of each open struct
};

inline void append_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

}  // namespace weir
