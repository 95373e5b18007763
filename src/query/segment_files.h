// SPDX-License-Identifier: Apache-2.0
// SegmentFiles: the segments that a query reads, all from one state of the list and all opened at the start: after
// that, merging and retention may unlink them.
//
//   in       a data directory, tables and a time range
//   out      a path per segment under /proc/self/fd, for as long as this object lives
//   failure  usage_error if there is no readable list; a segment that cannot be read is left out and named in
//            problems()
#pragma once

#include <array>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "os/file.h"
#include "query/time_range.h"
#include "store/segments.h"

namespace weir {

class SegmentFiles {
 public:
  static SegmentFiles open(const std::string& data, const TimeRange& range, std::span<const Table> tables = kOnlyFlows);
  static constexpr std::array kOnlyFlows{Table::flows};

  struct Opened {
    Segment segment;
    os::File file;
    std::string real_path;
    std::vector<int32_t> columns = {};  // their field ids; empty: not known
    std::string open_path() const { return "/proc/self/fd/" + std::to_string(file.fd()); }
  };
  const std::vector<Opened>& opened() const { return opened_; }
  std::vector<std::string> open_paths(Table table) const;
  // The field ids of all columns that at least one of the table's segments has; nullopt: not known.
  std::optional<std::set<int32_t>> columns(Table table) const;
  uint64_t segments_in_all() const { return segments_in_all_; }

  // What was left out, one sentence for each.
  const std::vector<std::string>& problems() const { return problems_; }
  // `problem`: how it is damaged; if it cannot be read at all, that is reported instead.
  void leave_out(size_t index, const std::string& problem);

  // `text` with the real paths of our files instead of /proc/self/fd ones.
  std::string with_real_paths(std::string text) const;

 private:
  std::vector<int64_t> open_all(const std::vector<Segment>& chosen, const std::string& data);
  void leave_out_broken();
  void leave_out_unreadable(size_t index, int error);

  std::vector<Opened> opened_;
  std::vector<std::string> problems_;
  uint64_t segments_in_all_ = 0;
};

}  // namespace weir
