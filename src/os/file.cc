// SPDX-License-Identifier: Apache-2.0
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "base/error.h"
#include "os/folder.h"
#include "os/interrupt.h"

namespace weir::os {

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}
File::~File() {
  if (fd_ >= 0) ::close(fd_);
}
int File::release() {
  int fd = fd_;
  fd_ = -1;
  return fd;
}

std::string error_text(int error) { return std::generic_category().message(error); }

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}
FileId file_id(const std::string& path) {
  struct stat s;
  if (::stat(path.c_str(), &s) != 0) return {};
  return {static_cast<uint64_t>(s.st_dev), static_cast<uint64_t>(s.st_ino)};
}
bool has_left(const std::string& path, const FileId& file) {
  const FileId now = file_id(path);
  return now == FileId{} ? !exists(path) : now != file;
}
bool is_readable(const std::string& path) { return ::access(path.c_str(), R_OK) == 0; }
bool is_writable(const std::string& path) { return ::access(path.c_str(), W_OK) == 0; }
bool is_directory(const std::string& path) {
  struct stat s;
  return ::stat(path.c_str(), &s) == 0 && S_ISDIR(s.st_mode);
}

uint64_t file_size(const std::string& path) {
  struct stat s;
  return ::stat(path.c_str(), &s) == 0 ? static_cast<uint64_t>(s.st_size) : 0;
}

std::vector<uint8_t> read_file(const std::string& path) {
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) throw usage_error("cannot open " + path + ": " + error_text(errno));
  std::vector<uint8_t> bytes;
  size_t size = 0;
  for (;;) {
    if (bytes.size() < size + 65'536) bytes.resize(std::max<size_t>(bytes.size() * 2, 1 << 16) + 65'536);
    ssize_t n = ::read(file.fd(), bytes.data() + size, bytes.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw usage_error("cannot read " + path + ": " + error_text(errno));
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  bytes.resize(size);
  return bytes;
}

std::string first_bytes(const std::string& path, size_t limit) {
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string bytes(limit, '\0');
  ssize_t n = file.is_open() ? ::read(file.fd(), bytes.data(), limit) : 0;
  bytes.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return bytes;
}

File open_append(const std::string& path) {
  File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (!file.is_open()) throw usage_error("cannot write to " + path + ": " + error_text(errno));
  return file;
}

void make_data_directory(const std::string& path) {
  std::error_code failed;
  std::filesystem::path built;
  for (const auto& part : std::filesystem::path(path)) {
    built /= part;
    if (std::filesystem::exists(built, failed)) continue;
    if (::mkdir(built.c_str(), 0750) != 0 && errno != EEXIST)
      throw usage_error("cannot create the data directory " + path + ": " + error_text(errno) +
                        "; create it, or name another with --data");
  }
  if (!std::filesystem::is_directory(path, failed))
    throw usage_error("the data directory " + path + " is not a directory; name another with --data");
  std::string probe = path + "/.write-test";
  int fd = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    throw usage_error("cannot write to the data directory " + path + ": " + error_text(errno) +
                      "; make it writable for this user, or name another with --data");
  ::close(fd);
  ::unlink(probe.c_str());
}

File lock_exclusively(const std::string& path) {
  File file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (!file.is_open()) throw usage_error("cannot open the lock file " + path + ": " + error_text(errno));
  if (::flock(file.fd(), LOCK_EX | LOCK_NB) != 0)
    throw usage_error(path + " is locked: another weir uses this data directory; stop it, or name another with --data");
  return file;
}

// /proc/locks: "3: FLOCK  ADVISORY  WRITE 4711 08:01:131 0 EOF", with device and inode (proc(5)). The device is not
// compared, as stacked file systems show another one there than stat() returns.
static int64_t lock_holder(uint64_t inode) {
  std::ifstream locks("/proc/locks");
  const std::string ending = ":" + std::to_string(inode);
  std::string number, kind, mode, access, file;
  int64_t process = 0, found = 0;
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    if (!(words >> number >> kind >> mode >> access >> process >> file) || kind != "FLOCK") continue;
    if (file.ends_with(ending)) found = found == 0 ? process : -1;
  }
  return std::max<int64_t>(found, 0);
}

LockState lock_state(const std::string& path) {
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!file.is_open() || ::fstat(file.fd(), &status) != 0) return {};
  // Shared, and only for this moment: a process that starts in this instant would be refused.
  if (::flock(file.fd(), LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) return {};
  return {true, lock_holder(status.st_ino)};
}

RunningMark::RunningMark(std::string path) : path_(std::move(path)), unclean_(exists(path_)) { open_append(path_); }

RunningMark::~RunningMark() {
  if (started_ || !unclean_) ::unlink(path_.c_str());
}

int write_all(int fd, const void* bytes, size_t size, size_t* written) {
  const char* at = static_cast<const char*>(bytes);
  size_t done = 0;
  int error = 0;
  while (done < size) {
    ssize_t n = ::write(fd, at + done, size - done);
    if (n < 0 && errno == EINTR && !interrupted()) continue;
    if (n < 0) {
      error = errno;
      break;
    }
    done += static_cast<size_t>(n);
    if (done < size && interrupted()) {  // a signal interrupts a write that was already partial
      error = EINTR;
      break;
    }
  }
  if (written) *written = done;
  return error;
}

int replace_file(const std::string& path, Bytes bytes) {
  std::string temporary = path + ".new";
  int error = 0;
  {
    File file = create_data_file(temporary, error);
    if (error) return error;
    error = write_all(file.fd(), bytes.data(), bytes.size());
    if (!error && ::fsync(file.fd()) != 0) error = errno;
  }
  if (!error && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (!error) return sync_folder(parent_folder(path));
  ::unlink(temporary.c_str());  // an incomplete file takes up the space that may have been missing
  return error;
}

File create_data_file(const std::string& path, int& error) {
  File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
  error = file.is_open() ? 0 : errno;
  return file;
}

int sync(const File& file) { return ::fdatasync(file.fd()) ? errno : 0; }

bool is_regular_file(const std::string& path) {
  struct stat s;
  return ::stat(path.c_str(), &s) == 0 && S_ISREG(s.st_mode);
}
void occupy_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd)
    if (::fcntl(fd, F_GETFD) == -1) ::open("/dev/null", O_PATH);  // takes the lowest free number
}
bool is_terminal(int fd) { return ::isatty(fd) == 1; }
unsigned terminal_columns(int fd) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
bool is_root() { return ::geteuid() == 0; }
std::optional<std::string> environment_if_set(const char* name) {
  const char* value = std::getenv(name);
  return value ? std::optional<std::string>(value) : std::nullopt;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

File open_read(const std::string& path, int& error) {
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  error = file.is_open() ? 0 : errno;
  return file;
}

std::string bytes_at(const File& file, uint64_t offset, size_t count, int& error) {
  std::string bytes(count, '\0');
  size_t have = 0;
  error = 0;
  while (have < count) {
    ssize_t n = ::pread(file.fd(), bytes.data() + have, count - have, static_cast<off_t>(offset + have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) error = errno;
    if (n <= 0) break;
    have += static_cast<size_t>(n);
  }
  bytes.resize(have);
  return bytes;
}

std::string bytes_at(const File& file, uint64_t offset, size_t count) {
  int error = 0;
  return bytes_at(file, offset, count, error);
}

int reading_error(const File& file) {
  constexpr size_t kPart = 1 << 20;
  int error = 0;
  for (uint64_t at = 0;; at += kPart)
    if (bytes_at(file, at, kPart, error).size() < kPart) return error;
}

uint64_t file_size(const File& file) {
  struct stat status{};
  return ::fstat(file.fd(), &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
}

static std::string temporary_folder() {
  std::string folder = environment("TMPDIR");
  return folder.empty() ? "/tmp" : folder;
}

std::string temporary_path(const std::string& stem) {
  static std::atomic<unsigned> count = 0;
  return temporary_folder() + "/" + stem + "-" + std::to_string(::getpid()) + "-" + std::to_string(count++);
}

File unnamed_file() {
  std::string path = temporary_folder() + "/weir-XXXXXX";
  File file(::mkostemp(path.data(), O_CLOEXEC));
  if (!file.is_open()) throw usage_error("cannot make a file in " + temporary_folder() + ": " + error_text(errno));
  ::unlink(path.c_str());
  return file;
}

TemporaryFolder::TemporaryFolder(const std::string& stem) : path_(temporary_folder() + "/" + stem + "-XXXXXX") {
  if (!::mkdtemp(path_.data())) path_ = temporary_path(stem);
}

TemporaryFolder::~TemporaryFolder() { ::rmdir(path_.c_str()); }

std::string followed(const std::string& path) {
  std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  return real ? real.get() : path;
}

File create_file(const std::string& path) {
  File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file.is_open()) throw usage_error("cannot write " + path + ": " + error_text(errno));
  return file;
}

}  // namespace weir::os
