// SPDX-License-Identifier: Apache-2.0
#include "os/file_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/error.h"
#include "os/clock.h"

namespace weir::os {

namespace {
constexpr size_t kReadBytes = 1 << 20;
}

FileReader::FileReader(const std::string& path, size_t look_ahead)
    : path_(path),
      file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)),
      capacity_(look_ahead + kReadBytes),
      buffer_(new uint8_t[capacity_]) {
  if (!file_.is_open()) throw usage_error("cannot open " + path + ": " + error_text(errno));
  struct stat s;
  if (::fstat(file_.fd(), &s) == 0 && S_ISDIR(s.st_mode))
    throw usage_error("cannot read " + path + ": it is a directory; name the files in it");
  ::posix_fadvise(file_.fd(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

bool FileReader::fill() {
  if (ended_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  ssize_t n;
  do {
    n = ::read(file_.fd(), buffer_.get() + end_, capacity_ - end_);
  } while (n < 0 && errno == EINTR);
  if (n < 0) throw runtime_failure("cannot read " + path_ + ": " + error_text(errno));
  ended_ = n == 0;
  end_ += static_cast<size_t>(n);
  return !ended_;
}

Bytes FileReader::peek(size_t n) {
  WEIR_ASSERT(n <= capacity_ - kReadBytes);
  while (end_ - begin_ < n && fill()) {
  }
  return {buffer_.get() + begin_, end_ - begin_};
}

uint64_t FileReader::skip(uint64_t n) {
  uint64_t skipped = 0;
  while (skipped < n) {
    if (begin_ == end_) {
      begin_ = end_ = 0;
      if (!fill()) break;
    }
    size_t step = static_cast<size_t>(std::min<uint64_t>(n - skipped, end_ - begin_));
    begin_ += step;
    skipped += step;
  }
  offset_ += skipped;
  return skipped;
}

int64_t FileReader::modified_ns() const {
  struct stat s;
  if (::fstat(file_.fd(), &s) != 0 || !S_ISREG(s.st_mode)) return realtime_ns();
  return s.st_mtim.tv_sec * 1'000'000'000 + s.st_mtim.tv_nsec;
}

}  // namespace weir::os
