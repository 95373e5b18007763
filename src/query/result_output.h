// SPDX-License-Identifier: Apache-2.0
// Where a result goes: standard output or a file, through a buffer. A file is written under another name and gets its
// own when it is complete: who asks for it never sees half a result.
//
//   failure  OutputClosed where the reader of a pipe has gone; QueryInterrupted while waiting for a slow one;
//            usage_error and runtime_failure for the rest
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "os/file.h"

namespace weir {

class OutputClosed : public std::runtime_error {
 public:
  OutputClosed() : std::runtime_error("the reader of the output has gone") {}
};

class ResultOutput {
 public:
  explicit ResultOutput(std::string path);  // "": standard output
  ~ResultOutput();
  ResultOutput(const ResultOutput&) = delete;

  void write(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() >= (flushed_ ? kBufferBytes : kFirstBytes)) flush();
  }
  std::string& buffer() { return buffer_; }  // to append to; follow with write("")
  void flush();
  // Whether everything written so far can be taken back: always in a file, elsewhere up to the first 4 MiB.
  bool can_restart() const { return !flushed_ || has_own_file(); }
  void restart();
  void finish();  // all of it is there

  // For those who write a file by its name: that name, and from it to where the result goes.
  std::string file_to_fill();

 private:
  static constexpr size_t kFirstBytes = 4 << 20;
  static constexpr size_t kBufferBytes = 1 << 18;
  bool has_own_file() const { return !is_stdout() && partial_ != path_; }
  bool is_stdout() const { return path_.empty(); }
  void copy_to_stdout();

  std::string path_, partial_;
  os::File file_;
  std::string buffer_;
  bool flushed_ = false, by_name_ = false;
};

}  // namespace weir
