// SPDX-License-Identifier: Apache-2.0
// Files: whole reads, appends, atomic replacement, locks. Failures of set-up calls throw
// Error naming the path; calls of the data path return errno.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace weir::os {

// An open descriptor, closed with its owner.
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

// False only where it is certain that nothing has this name; a folder that may not be looked into leaves it open.
bool exists(const std::string& path);
bool is_readable(const std::string& path);  // by this user
bool is_writable(const std::string& path);  // by this user; changes nothing
bool is_directory(const std::string& path);
// Which file a path names; {} where there is none.
struct FileId {
  uint64_t device = 0, inode = 0;
  bool operator==(const FileId&) const = default;
};
FileId file_id(const std::string& path);
// Whether the path certainly names that file no more: it, or a folder above it, was removed or replaced.
bool has_left(const std::string& path, const FileId& file);
uint64_t file_size(const std::string& path);                            // 0 where there is none
std::vector<uint8_t> read_file(const std::string& path);                // throws usage_error
std::string first_bytes(const std::string& path, size_t limit);         // "" where it cannot be read
File open_append(const std::string& path);                              // creates; throws usage_error
File open_read(const std::string& path, int& error);                    // `error`: 0 or errno
std::string bytes_at(const File& file, uint64_t offset, size_t count);  // fewer where the file ends or cannot be read
// The same; `error`: 0, or the errno of what could not be read.
std::string bytes_at(const File& file, uint64_t offset, size_t count, int& error);
// Reads all of a file without keeping it: 0, or the errno of the first part that cannot be read.
int reading_error(const File& file);
uint64_t file_size(const File& file);
// A file or folder that this process may make below the system's folder for temporary ones ($TMPDIR, else /tmp): the
// name alone, different in every process and at every call.
std::string temporary_path(const std::string& stem);
// A file without a name among the temporary ones, for reading and writing: gone with the process, however that ends.
// Throws usage_error.
File unnamed_file();
// A folder among the temporary ones that only this user may look into, removed with its owner once it is empty.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& stem);
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  const std::string& path() const { return path_; }  // one that cannot be made is named all the same

 private:
  std::string path_;
};
// The path with its symbolic links followed; as it is where that cannot be told.
std::string followed(const std::string& path);
// For writing: made (mode 0666 less the umask), or emptied. Throws usage_error.
File create_file(const std::string& path);
// Creates the folder and its parents (mode 0750) and proves that it can be written to; throws usage_error.
void make_data_directory(const std::string& path);
// Takes an exclusive lock on `path`, held until the File is closed or the process dies; throws
// usage_error when another process has it.
File lock_exclusively(const std::string& path);
struct LockState {
  bool locked = false;
  int64_t process = 0;  // who has it; 0 where that cannot be told (another container's)
};
// Whether some process has that lock. Makes no file.
LockState lock_state(const std::string& path);
// A file that exists while a process runs and is removed when it ends in order: one found at start tells of a crash,
// and goes on doing so over starts that are refused.
class RunningMark {
 public:
  explicit RunningMark(std::string path);
  RunningMark(const RunningMark&) = delete;
  // Removes the file, unless it was there before and this start was refused.
  ~RunningMark();
  // This start is not refused any more.
  void started() { started_ = true; }
  bool previous_was_unclean() const { return unclean_; }

 private:
  std::string path_;
  bool unclean_;
  bool started_ = false;
};

// The whole of `bytes` to `path` by way of a temporary beside it: a crash leaves the old or the new. 0 or errno.
int replace_file(const std::string& path, Bytes bytes);
// Writes all of `bytes`, however many calls it takes. Returns 0, or errno; `written` says how far it came. EINTR only
// where a one-shot command was interrupted (os/interrupt.h).
int write_all(int fd, const void* bytes, size_t size, size_t* written = nullptr);

// For the data path: made or emptied, mode 0640. `error`: 0 or errno.
File create_data_file(const std::string& path, int& error);
// What was written survives a power failure. 0 or errno.
int sync(const File& file);

bool is_regular_file(const std::string& path);
// Standard streams that the caller closed are opened on /dev/null, unreadable and unwritable, so that no file of ours
// gets their numbers and whoever uses them gets an error.
void occupy_standard_streams();
bool is_terminal(int fd);
unsigned terminal_columns(int fd);  // characters in a line; 0 where unknown
bool is_root();
std::string error_text(int error);
std::string environment(const char* name);  // "" where unset
std::optional<std::string> environment_if_set(const char* name);

}  // namespace weir::os
