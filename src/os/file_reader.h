// SPDX-License-Identifier: Apache-2.0
// FileReader: reads a file (or a pipe) forward through one fixed buffer: looks ahead, then steps over the bytes.
// One thread. Memory: the buffer, allocated once. A file that cannot be opened or read throws usage_error
// (runtime_failure once reading has begun), naming the path.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "os/file.h"

namespace weir::os {

class FileReader {
 public:
  // `look_ahead`: the most bytes that peek() can be asked for.
  FileReader(const std::string& path, size_t look_ahead);

  // The next bytes, at least `n` unless the file ends before; valid until the next call.
  Bytes peek(size_t n);
  // Steps over `n` bytes, even if more than were peeked. Returns how many there were.
  uint64_t skip(uint64_t n);
  uint64_t offset() const { return offset_; }  // of the next byte in the file
  int64_t modified_ns() const;                 // time of last modification, UTC; now for a pipe

 private:
  bool fill();  // false at the end of the file
  std::string path_;
  File file_;
  size_t capacity_;
  std::unique_ptr<uint8_t[]> buffer_;
  size_t begin_ = 0, end_ = 0;
  uint64_t offset_ = 0;
  bool ended_ = false;
};

}  // namespace weir::os
