// SPDX-License-Identifier: Apache-2.0
#include "store/free_disk.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "os/folder.h"
#include "store/retention.h"

namespace weir {

// More than the reserve, because the catalog grows with the first change and the ledger is saved immediately.
static constexpr uint64_t kEnough = 4 * limits::kCatalogReserveBytes;

size_t free_disk_space(const std::string& data, uint64_t max_bytes, int64_t now_ns) {
  const os::Space space = os::space_at(data);
  if (space.total == 0 || space.free >= limits::kCatalogReserveBytes || max_bytes == 0) return 0;
  size_t emptied = 0;
  uint64_t flows = 0;
  try {
    const LiveSegments live(Segments::read(data));
    for (const Segment* segment : too_much(live, max_bytes, now_ns)) {
      if (os::space_at(data).free >= kEnough) break;
      // Not unlinked: a query that has the file open would keep its space allocated.
      if (os::empty_file(data + "/" + segment->path) != 0) continue;
      ++emptied;
      if (segment->table == Table::flows) flows += segment->figures.rows;
    }
  } catch (const Error&) {
    return emptied;  // there is no list, or it cannot be read: the next open of it reports why
  }
  if (emptied > 0)
    log_warning("store", "the disk of " + data + " is full: emptied the " + std::to_string(emptied) +
                             " oldest segments of those that store.max_size asks to be removed, with " +
                             std::to_string(flows) + " flows, so that the catalog can be written");
  return emptied;
}

}  // namespace weir
