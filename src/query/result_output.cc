// SPDX-License-Identifier: Apache-2.0
#include "query/result_output.h"

#include <cerrno>
#include <utility>

#include "base/error.h"
#include "os/folder.h"
#include "query/flow_query.h"

namespace weir {

static constexpr int kStandardOutput = 1;

ResultOutput::ResultOutput(std::string path, bool paged) : path_(std::move(path)), paged_(paged) {
  if (is_stdout()) return;
  path_ = os::followed(path_);  // a link remains a link; /dev/stdout may be a link to a file
  // A pipe or a device is written to directly.
  partial_ = os::exists(path_) && !os::is_regular_file(path_) ? path_ : path_ + ".partial";
  file_ = os::create_file(partial_);
}

ResultOutput::~ResultOutput() {
  if (!partial_.empty() && partial_ != path_) os::remove_file(partial_);
}

void ResultOutput::restart() {
  buffer_.clear();
  if (flushed_ && has_own_file()) file_ = os::create_file(partial_);
  flushed_ = false;
}

int ResultOutput::fd() const {
  if (pager_.is_started()) return pager_.fd();
  return is_stdout() ? kStandardOutput : file_.fd();
}

void ResultOutput::flush() {
  if (buffer_.empty()) return;
  if (paged_ && !flushed_) pager_.start();
  flushed_ = true;
  int error = os::write_all(fd(), buffer_.data(), buffer_.size());
  buffer_.clear();
  if (error == EPIPE) throw OutputClosed();
  if (error == EINTR) throw QueryInterrupted();
  if (error)
    throw runtime_failure("cannot write to " + (is_stdout() ? "standard output" : path_) + ": " +
                          os::error_text(error));
}

std::string ResultOutput::file_to_fill() {
  by_name_ = true;
  if (!is_stdout()) return partial_;
  file_ = os::unnamed_file();
  return "/proc/self/fd/" + std::to_string(file_.fd());
}

void ResultOutput::copy_to_stdout() {
  static constexpr size_t kPiece = 1 << 18;
  uint64_t size = os::file_size(file_);
  for (uint64_t at = 0; at < size; at += kPiece) {
    buffer_ = os::bytes_at(file_, at, kPiece);
    flush();
  }
}

void ResultOutput::finish() {
  if (by_name_ && is_stdout()) return copy_to_stdout();
  flush();
  if (is_stdout() || partial_ == path_) return;
  int error = os::rename_file(partial_, path_);
  if (error) throw runtime_failure("cannot rename " + partial_ + " to " + path_ + ": " + os::error_text(error));
}

}  // namespace weir
