// SPDX-License-Identifier: Apache-2.0
// Room for the catalog on a disk that is full to the last byte, where it cannot even be opened, and so nothing that it
// lists can be removed in order.
#pragma once

#include <cstdint>
#include <string>

namespace weir {

// Where less than limits::kCatalogRoomBytes are free: empties the files of the oldest of those segments that
// `max_bytes` (0: no bound) asks to be removed, until there is enough. They stay in the list, for Retention to remove
// them right after the start; until then queries name them as damaged. Nothing else may write to the directory. Returns
// how many were emptied; throws nothing.
size_t free_disk_space(const std::string& data, uint64_t max_bytes, int64_t now_ns);

}  // namespace weir
