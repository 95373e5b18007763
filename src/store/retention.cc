// SPDX-License-Identifier: Apache-2.0
#include "store/retention.h"

#include <algorithm>
#include <tuple>

#include "base/log.h"
#include "store/partition.h"

namespace weir {

std::vector<const Segment*> too_old(const std::vector<Segment>& live, int64_t keep_ns, int64_t now_ns) {
  std::vector<const Segment*> removed;
  for (const Segment& segment : live)
    if ((segment.hour + 1) * kHourNs <= now_ns - keep_ns) removed.push_back(&segment);
  return removed;
}

// Hours in the future come from a clock that was wrong then or is wrong now: either way the flows received now are
// newer.
std::vector<const Segment*> too_much(const std::vector<Segment>& live, uint64_t max_bytes, int64_t now_ns) {
  const int64_t last = hour_of(now_ns) + 1;
  uint64_t bytes = 0;
  std::vector<const Segment*> oldest_first;
  for (const Segment& segment : live) {
    bytes += segment.figures.bytes;
    oldest_first.push_back(&segment);
  }
  std::ranges::sort(oldest_first, {}, [last](const Segment* s) {
    return std::tuple(s->hour <= last, s->hour, s->figures.received.min_ns);
  });
  std::vector<const Segment*> removed;
  for (const Segment* segment : oldest_first) {
    bool rest_of_hour =
        !removed.empty() && removed.back()->hour == segment->hour && segment->hour != oldest_first.back()->hour;
    if (bytes <= max_bytes && !rest_of_hour) break;
    removed.push_back(segment);
    bytes -= segment->figures.bytes;
  }
  return removed;
}

void Retention::run() {
  const auto [now_ns, held] = clock_.now();
  const int64_t keep_ns = keep_ns_.load(std::memory_order_relaxed);
  const uint64_t max_bytes = max_bytes_.load(std::memory_order_relaxed);
  if (auto beginning = clock_.take_beginning()) believed_from_ns_ = *beginning;
  if (believed_from_ns_ != 0 && segments_.lower_yardsticks(believed_from_ns_)) believed_from_ns_ = 0;
  if (keep_ns > 0 && !held) {
    const LiveSegments live = segments_.live();
    remove(too_old(live, keep_ns, now_ns), Removal::keep);
  }
  if (max_bytes > 0) {
    const LiveSegments live = segments_.live();
    if (live.figures().bytes() <= max_bytes) return;
    remove(too_much(live, max_bytes, now_ns), Removal::max_size);
  }
}

void Retention::remove(const std::vector<const Segment*>& segments, Removal reason) {
  if (segments.empty()) return;
  std::vector<int64_t> ids;
  std::array<uint64_t, kTableCount> rows{};
  for (const Segment* segment : segments) {
    ids.push_back(segment->id);
    rows[static_cast<size_t>(segment->table)] += segment->figures.rows;
  }
  const uint64_t flows = rows[static_cast<size_t>(Table::flows)];
  const uint64_t counters = rows[static_cast<size_t>(Table::counters)];
  std::string name(kRemovalNames[static_cast<size_t>(reason)]), error;
  Change result = segments_.change({}, ids, {}, error);
  if (result == Change::outdated) return;
  if (result != Change::done) {
    if (!failing_) log_error("store", "cannot remove what store." + name + " asks for: " + error + "; tried again");
    failing_ = true;
    return;
  }
  failing_ = false;
  rows_[static_cast<size_t>(reason)] += flows;
  std::string counted = std::to_string(flows) + " flows";
  if (counters > 0) counted += " and " + std::to_string(counters) + " counter samples";
  log_info("store", "removed " + counted + ", up to " + day_text(segments.back()->hour) + " hour " +
                        std::to_string(segments.back()->hour % 24) + " (store." + name + ")");
}

}  // namespace weir
