// SPDX-License-Identifier: Apache-2.0
// Frees space for the catalog on a disk that is completely full: the catalog cannot even be opened then, so the
// segments that it lists cannot be removed in the usual way.
#pragma once

#include <cstdint>
#include <string>

namespace weir {

// If less than limits::kCatalogReserveBytes are free: empties the files of the oldest of those segments that
// `max_bytes` (0: no limit) requires to be removed, until there is enough space. They stay in the list until Retention
// removes them right after the start; until then queries report them as damaged. Nothing else may write to the
// directory. Returns the number of files emptied; never throws.
size_t free_disk_space(const std::string& data, uint64_t max_bytes, int64_t now_ns);

}  // namespace weir
