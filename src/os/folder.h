// SPDX-License-Identifier: Apache-2.0
// Folders: made, listed, synced, removed; renaming and removing files in them; the room on their file system.
// Everything returns errno (0: done) or an empty answer, and throws nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::os {

// Makes the folder and its parents (mode 0750), and syncs each folder that gained one.
int make_folders(const std::string& path);
// A name made, changed or removed in the folder survives a power failure from then on.
int sync_folder(const std::string& path);
int rename_file(const std::string& from, const std::string& to);
int remove_file(const std::string& path);    // 0 also where there is none
int empty_file(const std::string& path);     // its content goes, its name stays
int remove_folder(const std::string& path);  // only an empty one: else ENOTEMPTY
// Paths of all regular files below the folder, in no order.
std::vector<std::string> files_below(const std::string& path);
std::string parent_folder(const std::string& path);

struct Space {
  uint64_t total = 0;
  uint64_t free = 0;  // for this user: without what is kept back for root
};
// Of the file system that holds `path`; zeros where it cannot be told.
Space space_at(const std::string& path);

}  // namespace weir::os
