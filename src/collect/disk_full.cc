// SPDX-License-Identifier: Apache-2.0
#include "collect/disk_full.h"

#include <algorithm>

#include "base/limits.h"
#include "os/folder.h"

namespace weir {

void throw_if_disk_full(const std::string& data, const Error& error) {
  // Parts of messages: of the operating system, then two of SQLite, which reports the last one if it cannot enlarge its
  // -shm file.
  static constexpr const char* kWords[] = {"No space left", "disk is full", "disk I/O error"};
  const std::string what = error.what();
  const os::Space space = os::space_at(data);
  if (space.total == 0 || space.free >= limits::kCatalogReserveBytes) return;
  if (std::ranges::none_of(kWords, [&](const char* words) { return what.contains(words); })) return;
  throw runtime_failure("the disk is full: " + what + "; free at least " +
                        std::to_string(limits::kCatalogReserveBytes >> 20) +
                        " MiB on it, or start with a smaller store.max_size (--max-size), which frees it");
}

}  // namespace weir
