// SPDX-License-Identifier: Apache-2.0
// LineReader: reads the lines of a text file, plain or gzip, through one buffer; can be rewound to the start.
// One thread. Memory: the buffer. A file that cannot be opened or read, ends within its gzip data, or has a line
// longer than kLongestLine throws usage_error naming the path.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct gzFile_s;  // from zlib

namespace weir::os {

class LineReader {
 public:
  static constexpr size_t kLongestLine = 64 << 10;

  explicit LineReader(const std::string& path);
  ~LineReader();

  // The next line without its end (\n or \r\n), valid until the next call; false at the end of the file.
  bool next(std::string_view* line);
  uint64_t number() const { return number_; }  // of the line last returned, from 1
  // Starts again at the first line; throws where the file is a pipe.
  void rewind();

 private:
  bool fill();  // false at the end of the file
  std::string path_;
  gzFile_s* file_;
  std::unique_ptr<char[]> buffer_;
  size_t begin_ = 0, end_ = 0;
  uint64_t number_ = 0;
};

}  // namespace weir::os
