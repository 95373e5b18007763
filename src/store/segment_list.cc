// SPDX-License-Identifier: Apache-2.0
#include "store/segment_list.h"

#include <algorithm>
#include <set>

#include "catalog/table_owner.h"

namespace weir {

std::vector<Segment> read_segments(Database& database) {
  std::vector<Segment> segments;
  const std::set<std::string> columns = columns_of(database, "segments");
  if (columns.empty()) return segments;  // of a version that had no store
  const bool of_flows = !columns.contains("table_name"), has_yardstick = columns.contains("yardstick"),
             has_tier = columns.contains("tier");
  Statement row = database.prepare(
      "SELECT id, path, level, hour, rows, bytes, received_min, received_max, start_min, start_max, end_min, "
      "end_max, " +
      std::string(of_flows ? "'flows'" : "table_name") + ", " +
      (has_yardstick ? "coalesce(yardstick, received_max)" : "received_max") + ", " + (has_tier ? "tier" : "'hot'") +
      " FROM segments ORDER BY hour, id");
  while (row.step()) {
    auto table = find_table(row.text(12));
    if (!table) continue;  // of a later version: left alone
    Segment segment;
    segment.id = row.integer(0);
    segment.path = row.text(1);
    segment.tier = row.text(14);
    segment.level = static_cast<int>(row.integer(2));
    segment.hour = row.integer(3);
    segment.table = *table;
    segment.yardstick_ns = row.integer(13);
    SegmentFigures& f = segment.figures;
    f.rows = static_cast<uint64_t>(row.integer(4));
    f.bytes = static_cast<uint64_t>(row.integer(5));
    f.received = {row.integer(6), row.integer(7)};
    f.start = {row.integer(8), row.integer(9)};
    f.end = {row.integer(10), row.integer(11)};
    segments.push_back(std::move(segment));
  }
  return segments;
}

LiveSegments::LiveSegments(std::vector<Segment> segments) {
  auto list = std::make_shared<List>();
  list->segments = std::move(segments);
  LiveFigures& figures = list->figures;
  for (const Segment& segment : list->segments) {
    const bool flows = segment.table == Table::flows;
    LevelFigures& level =
        flows ? figures.levels[static_cast<size_t>(std::clamp(segment.level, 0, 2))] : figures.counters;
    ++level.segments;
    level.rows += segment.figures.rows;
    level.bytes += segment.figures.bytes;
    int64_t received = segment.figures.received.min_ns;
    figures.oldest_ns = figures.oldest_ns == 0 ? received : std::min(figures.oldest_ns, received);
  }
  list_ = std::move(list);
}

}  // namespace weir
