// SPDX-License-Identifier: Apache-2.0
#include "store/free_space.h"

#include <algorithm>

#include "os/folder.h"

namespace weir {

static constexpr uint64_t kMaxAuto = 1ull << 30;
static constexpr uint64_t kAutoShare = 20;      // one byte in this many: 5 %
static constexpr uint64_t kBackAgainPart = 10;  // a tenth of the floor more must be free before rows are accepted again

FreeSpace::FreeSpace(std::string folder, int64_t floor) : folder_(std::move(folder)) {
  set_floor(floor);
  look();
}

void FreeSpace::set_floor(int64_t floor) {
  floor_ = floor == kAuto ? std::min(kMaxAuto, os::space_at(folder_).total / kAutoShare)
                          : static_cast<uint64_t>(std::max<int64_t>(floor, 0));
}

void FreeSpace::look() {
  os::Space space = os::space_at(folder_);
  if (space.total == 0) return;  // the free space is unknown
  free_.store(space.free, std::memory_order_relaxed);
  const uint64_t floor = this->floor(), enough = is_low() ? floor + floor / kBackAgainPart : floor;
  low_.store(space.free < enough, std::memory_order_relaxed);
}

}  // namespace weir
