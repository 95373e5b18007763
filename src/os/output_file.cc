// SPDX-License-Identifier: Apache-2.0
#include "os/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace weir::os {

// Standard output, as a descriptor of its own. O_NONBLOCK applies to the open file description, not the descriptor, so
// setting it on a copy would change it for the shell and every other process that shares it: a pipe is opened again.
static File open_standard_output() {
  struct stat s;
  if (::fstat(STDOUT_FILENO, &s) != 0) throw usage_error("cannot write to standard output: " + error_text(errno));
  if (!S_ISREG(s.st_mode)) {
    File file(::open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    if (file.is_open()) return file;
  }
  File file(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  if (!file.is_open()) throw usage_error("cannot write to standard output: " + error_text(errno));
  return file;
}

static File open_path(const std::string& path) {
  struct stat s;
  bool pipe = ::stat(path.c_str(), &s) == 0 && S_ISFIFO(s.st_mode);
  if (!pipe) return open_append(path);
  File file(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file.is_open() && errno == ENXIO)
    throw usage_error("no process reads from the pipe " + path + "; start the reader first");
  if (!file.is_open()) throw usage_error("cannot write to the pipe " + path + ": " + error_text(errno));
  return file;
}

OutputFile::OutputFile(File file, bool regular, const std::string& path)
    : file_(std::move(file)), regular_(regular), path_(path) {}

OutputFile OutputFile::open(const std::string& path) {
  File file = path == "-" ? open_standard_output() : open_path(path);
  struct stat s;
  if (::fstat(file.fd(), &s) != 0) throw usage_error("cannot write to " + path + ": " + error_text(errno));
  return OutputFile(std::move(file), S_ISREG(s.st_mode), path);
}

bool OutputFile::is_empty() const {
  struct stat s;
  return !regular_ || ::fstat(file_.fd(), &s) != 0 || s.st_size == 0;
}

bool OutputFile::ends_within_line() const {
  struct stat s;
  if (!regular_ || ::fstat(file_.fd(), &s) != 0 || s.st_size == 0) return false;
  std::string path = path_ == "-" ? "/proc/self/fd/1" : path_;  // the descriptor itself may not be readable
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char last;
  return file.is_open() && ::pread(file.fd(), &last, 1, s.st_size - 1) == 1 && last != '\n';
}

int OutputFile::write(std::string_view bytes, size_t* written) {
  return write_all(file_.fd(), bytes.data(), bytes.size(), written);
}

void OutputFile::wait_writable(int timeout_ms) const {
  pollfd wait{file_.fd(), POLLOUT, 0};
  ::poll(&wait, 1, timeout_ms);
}

bool OutputFile::cut_back(size_t bytes) {
  if (bytes == 0) return true;
  struct stat s;
  off_t end = ::lseek(file_.fd(), 0, SEEK_CUR);
  if (!regular_ || end < static_cast<off_t>(bytes) || ::fstat(file_.fd(), &s) != 0 || s.st_size != end) return false;
  end -= static_cast<off_t>(bytes);
  return ::ftruncate(file_.fd(), end) == 0 && ::lseek(file_.fd(), end, SEEK_SET) == end;
}

void block_write_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  sigaddset(&signals, SIGXFSZ);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace weir::os
