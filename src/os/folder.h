// SPDX-License-Identifier: Apache-2.0
// Folder operations: create, list, sync, remove; rename and remove files in them; free space on their file system.
// Every call returns errno (0: success) or an empty result, and throws nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::os {

// Creates the folder and its parents (mode 0750), and syncs each folder in which one was created.
int make_folders(const std::string& path);
// After success, names created, changed or removed in the folder survive a power failure.
int sync_folder(const std::string& path);
int rename_file(const std::string& from, const std::string& to);
int remove_file(const std::string& path);    // 0 also if there is none
int empty_file(const std::string& path);     // the content is removed, the name stays
int remove_folder(const std::string& path);  // only if empty: else ENOTEMPTY
// Paths of all regular files below the folder, in no particular order.
std::vector<std::string> files_below(const std::string& path);
std::string parent_folder(const std::string& path);

struct Space {
  uint64_t total = 0;
  uint64_t free = 0;  // for this user: without the part reserved for root
};
// Of the file system that holds `path`; zeros if unknown.
Space space_at(const std::string& path);

}  // namespace weir::os
