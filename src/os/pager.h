// SPDX-License-Identifier: Apache-2.0
// Pager: the user's program for reading long texts on a terminal: $PAGER, otherwise less. It reads from a pipe; if it
// quits before the end of the text, writing to that pipe fails with EPIPE. If it is not installed, the text goes to
// standard output as it is.
#pragma once

#include "os/file.h"

namespace weir::os {

class Pager {
 public:
  Pager() = default;
  ~Pager();  // ends the text and waits until the user has quit the program
  Pager(const Pager&) = delete;

  // Whether a person reads standard output, can give commands, and has not turned the pager off (PAGER empty or cat).
  static bool is_wanted();
  // False if no program can be started. While it runs, Ctrl-C is the pager's key as well: a second one does not end
  // this process.
  bool start();
  bool is_started() const { return pipe_.is_open(); }
  int fd() const { return pipe_.fd(); }  // to write to

 private:
  File pipe_;
  int pid_ = 0;
};

}  // namespace weir::os
