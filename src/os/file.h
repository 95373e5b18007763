// SPDX-License-Identifier: Apache-2.0
// File operations: whole reads, appends, atomic replacement, locks. Failures of set-up calls throw Error naming the
// path; calls of the data path return errno.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace weir::os {

// An open descriptor, closed when its owner is destroyed.
class File {
 public:
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(other.release()) {}
  File& operator=(File&& other) noexcept;
  ~File();
  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  int release();

 private:
  int fd_ = -1;
};

// False only if it is certain that nothing has this name; if its folder may not be searched, the answer is true.
bool exists(const std::string& path);
bool is_readable(const std::string& path);  // by this user
bool is_writable(const std::string& path);  // by this user; changes nothing
bool is_directory(const std::string& path);
// Identifies the file that a path names; {} if there is none.
struct FileId {
  uint64_t device = 0, inode = 0;
  bool operator==(const FileId&) const = default;
};
FileId file_id(const std::string& path);
// Whether the path certainly does not name that file any more: the file, or a folder above it, was removed or replaced.
bool has_left(const std::string& path, const FileId& file);
uint64_t file_size(const std::string& path);                            // 0 if there is none
std::vector<uint8_t> read_file(const std::string& path);                // throws usage_error
std::string first_bytes(const std::string& path, size_t limit);         // "" if it cannot be read
File open_append(const std::string& path);                              // creates; throws usage_error
File open_read(const std::string& path, int& error);                    // `error`: 0 or errno
std::string bytes_at(const File& file, uint64_t offset, size_t count);  // fewer if the file ends or cannot be read
// The same; `error`: 0, or the errno of a failed read.
std::string bytes_at(const File& file, uint64_t offset, size_t count, int& error);
// Reads the whole file and discards it: 0, or the errno of the first read that failed.
int reading_error(const File& file);
uint64_t file_size(const File& file);
// A path in the system's temporary folder ($TMPDIR, else /tmp) that this process may create as a file or folder: only
// the name, different in every process and at every call.
std::string temporary_path(const std::string& stem);
// A temporary file without a name, for reading and writing: it disappears with the process, however that ends.
// Throws usage_error.
File unnamed_file();
// A temporary folder that only this user can access, removed when its owner is destroyed, if it is empty.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& stem);
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  const std::string& path() const { return path_; }  // set even if the folder could not be created

 private:
  std::string path_;
};
// The path with its symbolic links resolved; unchanged if they cannot be.
std::string followed(const std::string& path);
// Opens for writing: created (mode 0666 less the umask), or emptied. Throws usage_error.
File create_file(const std::string& path);
// Creates the folder and its parents (mode 0750) and proves that it can be written to; throws usage_error.
void make_data_directory(const std::string& path);
// Takes an exclusive lock on `path`, held until the File is closed or the process dies; throws
// usage_error when another process has it.
File lock_exclusively(const std::string& path);
struct LockState {
  bool locked = false;
  int64_t process = 0;  // that holds the lock; 0 if unknown (in another container)
};
// Whether some process holds that lock. Creates no file.
LockState lock_state(const std::string& path);
// A file that exists while a process runs and is removed at an orderly end: finding one at start means that there was a
// crash, and continues to mean so after starts that were refused.
class RunningMark {
 public:
  explicit RunningMark(std::string path);
  RunningMark(const RunningMark&) = delete;
  // Removes the file, unless it existed before and this start was refused.
  ~RunningMark();
  // From here on this start counts as not refused.
  void started() { started_ = true; }
  bool previous_was_unclean() const { return unclean_; }

 private:
  std::string path_;
  bool unclean_;
  bool started_ = false;
};

// Replaces the content of `path` by `bytes` through a temporary file beside it: after a crash it has the old or the new
// content. 0 or errno.
int replace_file(const std::string& path, Bytes bytes);
// Writes all of `bytes`, in as many calls as needed. Returns 0 or errno; `written` is set to the number of bytes
// written. EINTR only if a one-shot command was interrupted (os/interrupt.h).
int write_all(int fd, const void* bytes, size_t size, size_t* written = nullptr);

// For the data path: created or emptied, mode 0640. `error`: 0 or errno.
File create_data_file(const std::string& path, int& error);
// After success, what was written survives a power failure. 0 or errno.
int sync(const File& file);

bool is_regular_file(const std::string& path);
// Standard streams that the caller of the process closed are opened on /dev/null, neither readable nor writable, so
// that no other file gets their numbers and any use of them fails.
void occupy_standard_streams();
bool is_terminal(int fd);
unsigned terminal_columns(int fd);  // characters in a line; 0 if unknown
bool is_root();
std::string error_text(int error);
std::string environment(const char* name);  // "" if unset
std::optional<std::string> environment_if_set(const char* name);

}  // namespace weir::os
