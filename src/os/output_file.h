// SPDX-License-Identifier: Apache-2.0
// OutputFile: a file, named pipe, terminal or standard output that is written to sequentially and never read.
//
//   threads  one at a time
//   failure  open() throws usage_error naming the path; the rest returns errno or false
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "os/file.h"

namespace weir::os {

class OutputFile {
 public:
  OutputFile() = default;
  // "-" is standard output. Files are created (mode 0640) and appended to. A pipe never blocks the writer: if it is
  // full, write() returns EAGAIN.
  static OutputFile open(const std::string& path);

  bool is_regular() const { return regular_; }
  bool is_empty() const;
  // False also for an empty file, and if unknown.
  bool ends_within_line() const;

  // Writes as much as it can; `written` is set to the number of bytes. 0, EAGAIN (a full pipe: see wait_writable) or
  // another errno.
  int write(std::string_view bytes, size_t* written);
  void wait_writable(int timeout_ms) const;
  // Removes the last `bytes` written. False if impossible: not a regular file, or others wrote after them.
  bool cut_back(size_t bytes);

 private:
  OutputFile(File file, bool regular, const std::string& path);
  File file_;
  bool regular_ = false;
  std::string path_;
};

// In the calling thread a closed pipe and a file over its size limit become write errors, not signals that end the
// process.
void block_write_signals();

}  // namespace weir::os
