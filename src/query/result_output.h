// SPDX-License-Identifier: Apache-2.0
// ResultOutput: writes a result to standard output or a file, through a buffer. A file is written under another name
// and renamed when it is complete, so that nobody ever sees half a result under its name. On a terminal it may go
// through the user's pager, which is started when the first text is written; the destructor waits until the user quits
// it.
//
//   failure  OutputClosed if the reader of a pipe, or the pager, is gone; QueryInterrupted while waiting for a slow
//            one; usage_error and runtime_failure for the rest
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "os/file.h"
#include "os/pager.h"

namespace weir {

class OutputClosed : public std::runtime_error {
 public:
  OutputClosed() : std::runtime_error("the reader of the output has gone") {}
};

class ResultOutput {
 public:
  explicit ResultOutput(std::string path, bool paged = false);  // "": standard output, `paged`: through the pager
  ~ResultOutput();
  ResultOutput(const ResultOutput&) = delete;

  void write(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() >= (flushed_ ? kBufferBytes : kFirstBytes)) flush();
  }
  std::string& buffer() { return buffer_; }  // to append to; follow with write("")
  void flush();
  // Whether everything written so far can be taken back: always for a file, otherwise up to the first 4 MiB.
  bool can_restart() const { return !flushed_ || has_own_file(); }
  void restart();
  void finish();  // the result is complete

  // For callers that write a file by name: returns that name; finish() moves or copies the contents to the destination.
  std::string file_to_fill();

 private:
  static constexpr size_t kFirstBytes = 4 << 20;
  static constexpr size_t kBufferBytes = 1 << 18;
  bool has_own_file() const { return !is_stdout() && partial_ != path_; }
  bool is_stdout() const { return path_.empty(); }
  int fd() const;
  void copy_to_stdout();

  std::string path_, partial_;
  os::File file_;
  os::Pager pager_;
  std::string buffer_;
  bool paged_, flushed_ = false, by_name_ = false;
};

}  // namespace weir
