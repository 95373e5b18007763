// SPDX-License-Identifier: Apache-2.0
#include "os/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>

#include "os/file.h"

namespace weir::os {

namespace fs = std::filesystem;

std::string parent_folder(const std::string& path) {
  std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

int sync_folder(const std::string& path) {
  File folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) return errno;
  return ::fsync(folder.fd()) == 0 ? 0 : errno;
}

int make_folders(const std::string& path) {
  if (is_directory(path)) return 0;
  std::string parent = parent_folder(path);
  if (parent != path)
    if (int error = make_folders(parent)) return error;
  if (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST) return errno;
  return sync_folder(parent);
}

int rename_file(const std::string& from, const std::string& to) {
  return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}
int remove_file(const std::string& path) { return ::unlink(path.c_str()) == 0 || errno == ENOENT ? 0 : errno; }
int empty_file(const std::string& path) { return ::truncate(path.c_str(), 0) == 0 ? 0 : errno; }
int remove_folder(const std::string& path) { return ::rmdir(path.c_str()) == 0 || errno == ENOENT ? 0 : errno; }

std::vector<std::string> files_below(const std::string& path) {
  std::vector<std::string> files;
  std::error_code failed;
  fs::recursive_directory_iterator at(path, fs::directory_options::skip_permission_denied, failed), end;
  while (!failed && at != end) {
    std::error_code unknown;
    if (at->is_regular_file(unknown)) files.push_back(at->path().string());
    at.increment(failed);
  }
  return files;
}

Space space_at(const std::string& path) {
  struct statvfs s;
  if (::statvfs(path.c_str(), &s) != 0) return {};
  return {uint64_t{s.f_blocks} * s.f_frsize, uint64_t{s.f_bavail} * s.f_frsize};
}

}  // namespace weir::os
