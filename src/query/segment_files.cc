// SPDX-License-Identifier: Apache-2.0
#include "query/segment_files.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/error.h"
#include "os/resolve.h"
#include "parquet/footer.h"

namespace weir {

static constexpr int kMaxAttempts = 100;
// Reserve for files that DuckDB opens: some of the segments again, and its own files.
static constexpr size_t kFilesBesides = 256, kMinBesides = 64;
static constexpr std::string_view kMagic = "PAR1";

// Counter samples have only a receive time.
static const TimeSpan& span_of(const Segment& segment, TimeColumn column) {
  if (segment.table == Table::counters) return segment.figures.received;
  switch (column) {
    case TimeColumn::start:
      return segment.figures.start;
    case TimeColumn::end:
      return segment.figures.end;
    default:
      return segment.figures.received;
  }
}

static bool may_hold(const Segment& segment, const TimeRange& range) {
  const TimeSpan& span = span_of(segment, range.column);
  if (!range.has_since() && !range.has_until()) return true;
  if (span.min_ns > span.max_ns) return false;
  return (!range.has_since() || span.max_ns >= range.since_ns) && (!range.has_until() || span.min_ns < range.until_ns);
}

// Opens all it can; returns the ids of the segments that do not exist, under either name.
std::vector<int64_t> SegmentFiles::open_all(const std::vector<Segment>& chosen, const std::string& data) {
  std::vector<int64_t> missing;
  opened_.clear();
  problems_.clear();
  if (!os::allow_open_files(2 * chosen.size() + kFilesBesides) && !os::allow_open_files(chosen.size() + kMinBesides))
    throw runtime_failure("this process may not open as many files as the query needs (" +
                          std::to_string(chosen.size()) + " segments); raise ulimit -n, or narrow --since and --until");
  for (const Segment& segment : chosen) {
    std::string path = data + "/" + segment.path;
    int error = 0;
    os::File file = os::open_read(path, error);
    if (error == ENOENT) file = os::open_read(path + ".tmp", error);
    if (error == ENOENT) missing.push_back(segment.id);
    if (error)
      problems_.push_back("segment " + path + " cannot be read: " + os::error_text(error));
    else
      opened_.push_back({segment, std::move(file), path});
  }
  return missing;
}

// Checks for damage that DuckDB would not notice and that is cheap to find: a size other than in the catalog, no
// Parquet magic at the ends, a footer with a wrong checksum.
void SegmentFiles::leave_out_broken() {
  for (size_t i = opened_.size(); i-- > 0;) {
    Opened& opened = opened_[i];
    uint64_t size = os::file_size(opened.file), expected = opened.segment.figures.bytes;
    int error = 0;
    const std::string magic = os::bytes_at(opened.file, 0, kMagic.size(), error);
    if (error)
      leave_out_unreadable(i, error);
    else if (size != expected)
      leave_out(i, "it has " + std::to_string(size) + " bytes, the catalog says " + std::to_string(expected));
    else if (magic != kMagic)
      leave_out(i, "it is no Parquet file");
    else if (Footer footer = read_footer(opened.file); footer.error)
      leave_out_unreadable(i, footer.error);
    else if (!footer.problem.empty())
      leave_out(i, footer.problem);
    else
      opened.columns = column_ids(footer.bytes);
  }
}

void SegmentFiles::leave_out_unreadable(size_t index, int error) {
  problems_.push_back("segment " + opened_[index].real_path + " cannot be read: " + os::error_text(error));
  opened_.erase(opened_.begin() + static_cast<ptrdiff_t>(index));
}

SegmentFiles SegmentFiles::open(const std::string& data, const TimeRange& range, std::span<const Table> tables) {
  SegmentFiles files;
  std::vector<int64_t> missing, missing_before;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    std::vector<Segment> all = Segments::read(data);
    std::erase_if(all, [&](const Segment& s) { return std::ranges::find(tables, s.table) == tables.end(); });
    files.segments_in_all_ = all.size();
    std::erase_if(all, [&](const Segment& segment) { return !may_hold(segment, range); });
    missing_before = std::exchange(missing, files.open_all(all, data));
    // A segment that is still listed a moment later is lost, not merged away.
    if (missing.empty() || missing == missing_before) break;
  }
  files.leave_out_broken();
  return files;
}

std::vector<std::string> SegmentFiles::open_paths(Table table) const {
  std::vector<std::string> paths;
  for (const Opened& opened : opened_)
    if (opened.segment.table == table) paths.push_back(opened.open_path());
  return paths;
}

std::optional<std::set<int32_t>> SegmentFiles::columns(Table table) const {
  std::set<int32_t> all;
  for (const Opened& opened : opened_) {
    if (opened.segment.table != table) continue;
    if (opened.columns.empty()) return {};
    all.insert(opened.columns.begin(), opened.columns.end());
  }
  return all;
}

void SegmentFiles::leave_out(size_t index, const std::string& problem) {
  if (int error = os::reading_error(opened_[index].file)) return leave_out_unreadable(index, error);
  problems_.push_back("segment " + opened_[index].real_path + " is damaged: " + problem);
  opened_.erase(opened_.begin() + static_cast<ptrdiff_t>(index));
}

std::string SegmentFiles::with_real_paths(std::string text) const {
  for (const Opened& opened : opened_) {
    std::string shown = opened.open_path();
    for (size_t at = 0; (at = text.find(shown, at)) != std::string::npos;) {
      size_t end = at + shown.size();
      bool longer_number = end < text.size() && text[end] >= '0' && text[end] <= '9';
      if (!longer_number) text.replace(at, shown.size(), opened.real_path);
      at += longer_number ? shown.size() : opened.real_path.size();
    }
  }
  return text;
}

}  // namespace weir
