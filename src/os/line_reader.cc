// SPDX-License-Identifier: Apache-2.0
#include "os/line_reader.h"

#include <sys/stat.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "os/file.h"

namespace weir::os {
namespace {

constexpr size_t kBufferBytes = 256 << 10;
static_assert(kBufferBytes > LineReader::kLongestLine);

}  // namespace

LineReader::LineReader(const std::string& path) : path_(path), buffer_(new char[kBufferBytes]) {
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) throw usage_error(path + " is a folder");
  errno = 0;
  file_ = gzopen(path.c_str(), "rbe");
  if (file_ == nullptr) throw usage_error("cannot open " + path + ": " + error_text(errno));
  gzbuffer(file_, kBufferBytes);
}

LineReader::~LineReader() { gzclose(file_); }

bool LineReader::fill() {
  std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  int got = gzread(file_, buffer_.get() + end_, static_cast<unsigned>(kBufferBytes - end_));
  if (got > 0) {
    end_ += static_cast<size_t>(got);
    return true;
  }
  int code = Z_OK;
  const char* text = gzerror(file_, &code);
  if (code == Z_ERRNO) text = std::strerror(errno);
  if (code == Z_BUF_ERROR) text = "it ends within its gzip data";
  if (code != Z_OK) throw usage_error("cannot read " + path_ + ": " + text);
  return false;
}

bool LineReader::next(std::string_view* line) {
  size_t searched = 0;
  for (;;) {
    const char* start = buffer_.get() + begin_;
    size_t there = end_ - begin_;
    const void* found = std::memchr(start + searched, '\n', there - searched);
    size_t length = found ? static_cast<size_t>(static_cast<const char*>(found) - start) : there;
    if (length > kLongestLine) throw usage_error(path_ + ":" + std::to_string(number_ + 1) + ": the line is too long");
    if (!found) {
      searched = there;
      if (fill()) continue;
      if (there == 0) return false;
    }
    begin_ += found ? length + 1 : length;
    ++number_;
    *line = std::string_view(buffer_.get() + (begin_ - length - (found ? 1 : 0)), length);
    if (line->ends_with('\r')) line->remove_suffix(1);
    return true;
  }
}

void LineReader::rewind() {
  if (gzrewind(file_) != 0) throw usage_error(path_ + " cannot be read twice: it must be a file, not a pipe");
  begin_ = end_ = 0;
  number_ = 0;
}

}  // namespace weir::os
