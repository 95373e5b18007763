// SPDX-License-Identifier: Apache-2.0
// DecodeOutput: the buffered standard output of `weir decode`. If its reader closes the pipe, nothing more is written
// and no error is reported.
#pragma once

#include <cerrno>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "os/file.h"

namespace weir {

class DecodeOutput {
 public:
  std::string& text() { return text_; }  // to append to
  // From here on the text consists of lines for people: terminal control characters are removed.
  void show_lines() { lines_ = true; }
  bool closed() const { return closed_; }
  void write_when_full() {
    if (text_.size() >= kBufferBytes) write();
  }
  // Throws runtime_failure if it cannot be written.
  void write() {
    if (lines_) text_ = printable_lines(std::move(text_));
    int error = closed_ || text_.empty() ? 0 : os::write_all(1, text_.data(), text_.size());
    text_.clear();
    if (error == EPIPE)
      closed_ = true;  // `weir decode | head`
    else if (error)
      throw runtime_failure("cannot write to standard output: " + os::error_text(error));
  }

 private:
  static constexpr size_t kBufferBytes = 1 << 18;
  std::string text_;
  bool closed_ = false, lines_ = false;
};

}  // namespace weir
