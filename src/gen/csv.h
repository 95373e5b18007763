// SPDX-License-Identifier: Apache-2.0
// CsvFile: reads flows from a CSV file with a header line, plain or gzip, one row at a time. Columns in any order;
// those that the file does not have are zero. Errors throw usage_error naming file:line and column.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "os/line_reader.h"

namespace weir {

enum class CsvColumn : uint8_t {
  start_ms,  // since 1970
  end_ms,
  src_addr,
  dst_addr,
  src_port,
  dst_port,
  proto,
  tcp_flags,
  packets,
  bytes,
  src_as,
  dst_as,
  in_if,
  out_if,
  tos,
};
inline constexpr size_t kCsvColumnCount = 15;

struct CsvFlow {
  std::array<uint64_t, kCsvColumnCount> numbers{};  // by column; unused for addresses
  IpAddress src, dst;
  bool v6 = false;  // both addresses are of the same family

  uint64_t operator[](CsvColumn column) const { return numbers[static_cast<size_t>(column)]; }
};

class CsvFile {
 public:
  explicit CsvFile(const std::string& path);

  std::span<const CsvColumn> columns() const { return columns_; }  // in the file's order
  bool has(CsvColumn column) const;
  // False at the end of the file.
  bool next(CsvFlow* flow);
  void rewind();

 private:
  void read_header();
  void read_value(CsvColumn column, std::string_view text, CsvFlow* flow) const;
  [[noreturn]] void fail(std::string_view what) const;

  std::string path_;
  os::LineReader lines_;
  std::vector<CsvColumn> columns_;
};

}  // namespace weir
