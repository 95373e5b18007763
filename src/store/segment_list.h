// SPDX-License-Identifier: Apache-2.0
// The list of a store's segments: one row of the catalog each, and all of them at one moment.
//
//   threads  a list never changes once it is made: any thread
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "catalog/database.h"
#include "store/segment_writer.h"
#include "store/table.h"

namespace weir {

struct Segment {
  int64_t id = 0;
  std::string path;  // relative to the data directory: flows/day=2026-11-21/hour=12/…
  int level = 0;     // of the tier hot: 0 as flushed, 1 merged (5 min), 2 merged again (1 h)
  int64_t hour = 0;  // hours since 1970, of its partition
  SegmentFigures figures;
  Table table = Table::flows;
  // The newest time of receipt of rows that came while the clock was believed; 0: there are none.
  int64_t yardstick_ns = 0;
  std::string tier = "hot";
};

// Live segments, for example of one level.
struct LevelFigures {
  uint64_t segments = 0, rows = 0, bytes = 0;
};

// Of all live segments.
struct LiveFigures {
  std::array<LevelFigures, 3> levels;  // of flows
  LevelFigures counters;               // of all levels
  int64_t oldest_ns = 0;               // time of receipt; 0: no rows
  uint64_t bytes() const { return levels[0].bytes + levels[1].bytes + levels[2].bytes + counters.bytes; }
};

// The list at one moment, by hour, then id: never changed, shared by all who hold it, and made anew by who changes the
// list. Copying it copies no segment.
class LiveSegments {
 public:
  LiveSegments() : LiveSegments(std::vector<Segment>()) {}
  explicit LiveSegments(std::vector<Segment> segments);

  auto begin() const { return list_->segments.begin(); }
  auto end() const { return list_->segments.end(); }
  size_t size() const { return list_->segments.size(); }
  bool empty() const { return list_->segments.empty(); }
  const Segment& operator[](size_t index) const { return list_->segments[index]; }
  operator const std::vector<Segment>&() const { return list_->segments; }  // while this one, or a copy of it, lives
  const LiveFigures& figures() const { return list_->figures; }

 private:
  struct List {
    std::vector<Segment> segments;
    LiveFigures figures;
  };
  std::shared_ptr<const List> list_;
};

// The rows of the table `segments` of any version of the catalog, by hour, then id. Segments of tables that this
// version does not know are left out.
std::vector<Segment> read_segments(Database& database);

}  // namespace weir
