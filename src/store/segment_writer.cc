// SPDX-License-Identifier: Apache-2.0
#include "store/segment_writer.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/time_units.h"
#include "os/folder.h"
#include "parquet/parquet_file.h"
#include "store/counter_rows.h"
#include "store/segment_reader.h"
#include "store/stretch.h"

namespace weir {
namespace {

constexpr uint32_t kLargeGroup = kRowGroupRows / 2;
constexpr TextKey kInvalid{0, 0, 255};  // a prefix length that does not fit its address
constexpr TimeSpan kNoTime{std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()};

// Whole milliseconds, and what is left: 0 to 999,999 ns.
struct Split {
  int64_t ms;
  uint32_t sub;
};
template <class Integer>
Split split(Integer ns) {
  auto ms = static_cast<int64_t>(ns / kMillisecond), sub = static_cast<int64_t>(ns % kMillisecond);
  return sub < 0 ? Split{ms - 1, static_cast<uint32_t>(sub + kMillisecond)} : Split{ms, static_cast<uint32_t>(sub)};
}
Split split_difference(int64_t end, int64_t start) {
  int64_t difference;
  if (__builtin_sub_overflow(end, start, &difference)) [[unlikely]]
    return split(__int128{end} - start);
  return split(difference);
}

// The first representable millisecond is not whole, and an end has two parts below the millisecond: times before would
// overflow when put together again.
int64_t clamp(int64_t ns) { return std::max(ns, std::numeric_limits<int64_t>::min() + 2 * kMillisecond); }

void widen(TimeSpan& span, int64_t ns) {
  span.min_ns = std::min(span.min_ns, ns);
  span.max_ns = std::max(span.max_ns, ns);
}

TimeSpan joined(const TimeSpan& a, const TimeSpan& b) {
  return {std::min(a.min_ns, b.min_ns), std::max(a.max_ns, b.max_ns)};
}

size_t column_of(int32_t id) {
  auto columns = store_columns();
  return static_cast<size_t>(std::ranges::find(columns, id, &StoreColumn::id) - columns.begin());
}

}  // namespace

struct SegmentWriter::Impl {
  Impl(std::string name, std::span<const StoreColumn> all, Table of)
      : path(std::move(name)),
        table(of),
        store(all),
        file(path + ".tmp", all, table_name(of)),
        columns(all.begin(), all.end()) {}

  void add_rows(const Stretch& rows);
  void add_run_values(ColumnBuffer& buffer, const Stretch& rows);
  void add_sampling_rates(ColumnBuffer& buffer, const Stretch& rows);
  void add_row_values(ColumnBuffer& buffer, const Stretch& rows);
  template <class T>
  void add_numbers(ColumnBuffer& buffer, const Stretch& rows);
  void add_addresses(ColumnBuffer& buffer, const Stretch& rows);
  void add_macs(ColumnBuffer& buffer, const Stretch& rows);
  void add_networks(ColumnBuffer& buffer, const Stretch& rows, Field of);
  void add_lists(ColumnBuffer& buffer, const Stretch& rows);
  void add_texts(ColumnBuffer& buffer, const Stretch& rows);
  void add_times(const Stretch& rows);
  void add_starts(const int64_t* starts, uint32_t count);
  void add_ends(const int64_t* ends, const int64_t* starts, uint32_t count);
  void add_sub(ColumnBuffer& buffer, std::span<const uint32_t> subs);
  size_t elements() const;
  size_t text_bytes() const;
  bool is_full() const {
    return group_rows == kRowGroupRows || elements() >= kRowGroupElements || text_bytes() >= kRowGroupTextBytes;
  }
  int end_row_group();
  int copy_row_group(SegmentReader& reader, size_t group);

  std::string path;
  const Table table;
  std::span<const StoreColumn> store;
  ParquetFile file;
  std::vector<ColumnBuffer> columns;
  uint32_t group_rows = 0;  // rows in `columns`
  SegmentFigures figures{0, 0, kNoTime, kNoTime, kNoTime};
  Values<uint32_t> subs;
  bool finished = false;

  const size_t start_column = column_of(info(Field::time_flow_start_ns).protobuf_number);
  const size_t start_sub_column = column_of(kStartSubId);
  const size_t duration_column = column_of(kDurationId);
  const size_t duration_sub_column = column_of(kDurationSubId);
  const size_t end_column = column_of(info(Field::time_flow_end_ns).protobuf_number);
  const size_t end_sub_column = column_of(kEndSubId);
};

SegmentWriter::SegmentWriter(std::string path, std::span<const StoreColumn> columns, Table table)
    : impl_(std::make_unique<Impl>(std::move(path), columns, table)) {}
SegmentWriter::SegmentWriter(SegmentWriter&&) noexcept = default;

SegmentWriter::~SegmentWriter() {
  if (impl_ && impl_->file.bytes() > 0 && !impl_->finished) os::remove_file(impl_->file.path());
}

uint64_t SegmentWriter::rows() const { return impl_->figures.rows; }
const std::string& SegmentWriter::path() const { return impl_->path; }

int SegmentWriter::add(const FlowBatch& batch, std::span<const Run> runs) {
  WEIR_ASSERT(impl_->table == Table::flows);
  for (size_t at = 0; at < runs.size();) {
    size_t end = at + 1;
    while (end < runs.size() && runs[end].mask == runs[at].mask) ++end;
    uint32_t row = runs[at].first_row, last = runs[end - 1].first_row + runs[end - 1].rows;
    while (row < last) {
      uint32_t count = std::min(last - row, kRowGroupRows - impl_->group_rows);
      impl_->add_rows({batch, with_rows(runs.subspan(at, end - at), row, row + count), row, count});
      row += count;
      if (impl_->is_full())
        if (int error = impl_->end_row_group()) return error;
    }
    at = end;
  }
  return 0;
}

int SegmentWriter::add(std::span<const CounterSample> samples) {
  WEIR_ASSERT(impl_->table == Table::counters);
  while (!samples.empty()) {
    auto now = samples.first(std::min<size_t>(samples.size(), kRowGroupRows - impl_->group_rows));
    append_counters(now, impl_->columns, impl_->group_rows);
    for (const CounterSample& sample : now) widen(impl_->figures.received, sample.received_ns);
    impl_->figures.rows += now.size();
    impl_->group_rows += static_cast<uint32_t>(now.size());
    if (impl_->group_rows == kRowGroupRows)
      if (int error = impl_->end_row_group()) return error;
    samples = samples.subspan(now.size());
  }
  return 0;
}

// Large row groups are copied as they are, which is what keeps merging cheap; small ones are put together. Row groups
// are never split: one that does not fit begins a new one.
int SegmentWriter::add_segment(const std::string& segment_path, const SegmentFigures& figures, std::string& error) {
  SegmentReader reader(impl_->store);
  auto unusable = [&] {
    error = reader.problem();
    return reader.error() ? reader.error() : EBADMSG;
  };
  if (!reader.open(segment_path)) return unusable();
  if (reader.rows() != figures.rows || reader.bytes() != figures.bytes) {
    error = "it has another number of rows or bytes than it should";
    return EBADMSG;
  }
  for (size_t group = 0; group < reader.row_groups(); ++group) {
    uint32_t rows = reader.rows(group);
    if (rows >= kLargeGroup) {
      if (int failed = impl_->copy_row_group(reader, group)) return failed == EBADMSG ? unusable() : failed;
      continue;
    }
    bool fits =
        rows <= kRowGroupRows - impl_->group_rows && impl_->elements() + reader.max_values(group) <= kRowGroupElements;
    if (!fits && impl_->group_rows)
      if (int failed = impl_->end_row_group()) return failed;
    if (!reader.read(group, impl_->columns, impl_->group_rows)) return unusable();
    impl_->group_rows += rows;
    if (impl_->text_bytes() >= kRowGroupTextBytes)
      if (int failed = impl_->end_row_group()) return failed;
  }
  impl_->figures.rows += figures.rows;
  impl_->figures.received = joined(impl_->figures.received, figures.received);
  impl_->figures.start = joined(impl_->figures.start, figures.start);
  impl_->figures.end = joined(impl_->figures.end, figures.end);
  return 0;
}

// 0, errno, or EBADMSG where the segment is damaged.
int SegmentWriter::Impl::copy_row_group(SegmentReader& reader, size_t group) {
  if (int error = file.begin_row_group(reader.rows(group))) return error;
  WholeChunk chunk;
  for (size_t i = 0; i < reader.chunks(group); ++i) {
    if (!reader.read_whole(group, i, chunk)) return EBADMSG;
    if (chunk.figures.nulls == reader.rows(group)) continue;  // made again where this file needs it
    if (int error = file.copy_chunk(chunk.column, chunk.figures, chunk.bytes)) return error;
  }
  return 0;
}

int SegmentWriter::finish(SegmentFigures& figures) {
  if (impl_->group_rows)
    if (int error = impl_->end_row_group()) return error;
  if (int error = impl_->file.finish()) return error;
  impl_->finished = true;
  impl_->figures.bytes = impl_->file.bytes();
  figures = impl_->figures;
  return 0;
}

// Of the list column that has most of them.
size_t SegmentWriter::Impl::elements() const {
  size_t limit = 0;
  for (const ColumnBuffer& column : columns)
    if (column.is_list()) limit = std::max(limit, column.words.size());
  return limit;
}

size_t SegmentWriter::Impl::text_bytes() const {
  size_t bytes = 0;
  for (const ColumnBuffer& column : columns) bytes += column.strings.bytes();
  return bytes;
}

int SegmentWriter::Impl::end_row_group() {
  int error = file.add_row_group(columns, group_rows);
  for (ColumnBuffer& column : columns) column.clear();
  group_rows = 0;
  return error;
}

void SegmentWriter::Impl::add_rows(const Stretch& rows) {
  for (ColumnBuffer& buffer : columns) {
    Field field = buffer.column->field;
    if (field == kNoField) continue;
    Column held = info_of(*buffer.column).column;
    const bool in_times = field == Field::time_flow_start_ns || field == Field::time_flow_end_ns;  // add_times()
    if (held == Column::run || (field == Field::sampling_rate && !rows.mask().has(field)))
      add_run_values(buffer, rows);
    else if (rows.mask().has(field) && !in_times)
      add_row_values(buffer, rows);
  }
  add_times(rows);
  for (ColumnBuffer& buffer : columns) buffer.scan();
  rows.each_run([&](const Run& run, uint32_t) { widen(figures.received, run.received_ns); });
  figures.rows += rows.rows;
  group_rows += rows.rows;
}

// Usually one value for all rows, which is then only counted.
void SegmentWriter::Impl::add_run_values(ColumnBuffer& buffer, const Stretch& rows) {
  auto fill = [&](auto value_of) {
    auto value = value_of(rows.runs.front());
    auto is_other = [&](const Run& run) { return run.rows && value_of(run) != value; };
    if (std::ranges::none_of(rows.runs, is_other)) return buffer.fill(group_rows, rows.rows, value);
    auto* to = buffer.append<decltype(value)>(group_rows, rows.rows);
    rows.each_run([&](const Run& run, uint32_t count) { to = std::fill_n(to, count, value_of(run)); });
  };
  TextDictionary& texts = buffer.dictionary;
  switch (buffer.column->field) {
    case Field::type:
      return fill([&](const Run& run) { return texts.intern(TextKey::of(static_cast<uint64_t>(run.type))); });
    case Field::time_received_ns:
      return fill([](const Run& run) { return static_cast<uint64_t>(split(run.received_ns).ms); });
    case Field::sequence_num:
      return fill([](const Run& run) { return run.sequence; });
    case Field::sampling_rate:
      return add_sampling_rates(buffer, rows);
    case Field::sampler_address:
      return fill([&](const Run& run) { return texts.intern(TextKey::of(run.exporter)); });
    case Field::observation_domain_id:
      return fill([](const Run& run) { return run.domain; });
    default:
      WEIR_ASSERT(false);  // a new field of runs has to be added here
  }
}

// Null where the rate is not known.
void SegmentWriter::Impl::add_sampling_rates(ColumnBuffer& buffer, const Stretch& rows) {
  uint32_t row = group_rows;
  rows.each_run([&](const Run& run, uint32_t count) {
    if (run.sampling_rate) buffer.fill(row, count, uint64_t{run.sampling_rate});
    row += count;
  });
}

void SegmentWriter::Impl::add_row_values(ColumnBuffer& buffer, const Stretch& rows) {
  const FieldInfo& field = info_of(*buffer.column);
  switch (field.spelling) {
    case Spelling::src_net:
      if (rows.mask().has(Field::src_addr)) add_networks(buffer, rows, Field::src_addr);
      return;
    case Spelling::dst_net:
      if (rows.mask().has(Field::dst_addr)) add_networks(buffer, rows, Field::dst_addr);
      return;
    case Spelling::mac:
      return add_macs(buffer, rows);
    default:
      break;
  }
  if (buffer.is_list()) return add_lists(buffer, rows);
  if (buffer.is_strings()) return add_texts(buffer, rows);
  if (buffer.column->type == StoreType::text) return add_addresses(buffer, rows);
  switch (field.column) {
    case Column::u8:
      return add_numbers<uint8_t>(buffer, rows);
    case Column::u16:
      return add_numbers<uint16_t>(buffer, rows);
    case Column::u64:
    case Column::i64:
    case Column::f64:
    case Column::time_ns:
      return add_numbers<uint64_t>(buffer, rows);
    default:
      return add_numbers<uint32_t>(buffer, rows);
  }
}

template <class T>
void SegmentWriter::Impl::add_numbers(ColumnBuffer& buffer, const Stretch& rows) {
  std::copy_n(rows.values<T>(buffer.column->field), rows.rows, buffer.append<T>(group_rows, rows.rows));
}

void SegmentWriter::Impl::add_addresses(ColumnBuffer& buffer, const Stretch& rows) {
  const auto* addresses = rows.values<IpAddress>(buffer.column->field);
  buffer.dictionary.intern(
      rows.rows, [&](size_t i) { return TextKey::of(addresses[i]); }, buffer.append<uint32_t>(group_rows, rows.rows));
}

void SegmentWriter::Impl::add_macs(ColumnBuffer& buffer, const Stretch& rows) {
  const auto* macs = rows.values<uint64_t>(buffer.column->field);
  buffer.dictionary.intern(
      rows.rows, [&](size_t i) { return TextKey::of(macs[i]); }, buffer.append<uint32_t>(group_rows, rows.rows));
}

// Networks of the addresses `of`.
void SegmentWriter::Impl::add_networks(ColumnBuffer& buffer, const Stretch& rows, Field of) {
  const auto* addresses = rows.values<IpAddress>(of);
  const auto* lengths = rows.values<uint8_t>(buffer.column->field);
  auto network = [&](size_t i) {
    bool fits = lengths[i] <= (addresses[i].is_v4() ? 32u : 128u);
    return fits ? TextKey::of(addresses[i].masked(lengths[i]), lengths[i]) : kInvalid;
  };
  buffer.dictionary.intern(rows.rows, network, buffer.append<uint32_t>(group_rows, rows.rows));
}

void SegmentWriter::Impl::add_lists(ColumnBuffer& buffer, const Stretch& rows) {
  Field field = buffer.column->field;
  bool addresses = info(field).column == Column::list_address;
  bool text = buffer.column->type == StoreType::list_text;
  const auto* lists = rows.values<ListRef>(field);
  for (uint32_t i = 0; i < rows.rows; ++i) {
    uint32_t* to = buffer.append_list(group_rows + i, lists[i].count);
    for (uint32_t k = 0; k < lists[i].count; ++k) {
      uint32_t at = lists[i].first + k;
      if (addresses)
        to[k] = buffer.dictionary.intern(TextKey::of(rows.batch.list_addresses()[at]));
      else
        to[k] =
            text ? buffer.dictionary.intern(TextKey::of(rows.batch.list_numbers()[at])) : rows.batch.list_numbers()[at];
    }
  }
}

// Null where there is no text.
void SegmentWriter::Impl::add_texts(ColumnBuffer& buffer, const Stretch& rows) {
  const auto* texts = rows.values<TextRef>(buffer.column->field);
  TextRef last;
  uint32_t index = 0;
  for (uint32_t i = 0; i < rows.rows;) {
    uint32_t end = i;
    while (end < rows.rows && texts[end].length) ++end;
    if (end > i) {
      uint32_t* to = buffer.append<uint32_t>(group_rows + i, end - i);
      for (; i < end; ++i) {
        if (texts[i] != last) index = buffer.strings.intern(rows.batch.texts().view(texts[i]));
        last = texts[i];
        *to++ = index;
      }
    }
    while (i < rows.rows && !texts[i].length) ++i;
  }
}

void SegmentWriter::Impl::add_times(const Stretch& rows) {
  const int64_t* starts = nullptr;
  if (rows.mask().has(Field::time_flow_start_ns)) {
    starts = rows.values<int64_t>(Field::time_flow_start_ns);
    add_starts(starts, rows.rows);
  }
  if (rows.mask().has(Field::time_flow_end_ns))
    add_ends(rows.values<int64_t>(Field::time_flow_end_ns), starts, rows.rows);
}

// Locals rather than members in these loops: what is written through `to` could change members, for all a compiler
// knows.
void SegmentWriter::Impl::add_starts(const int64_t* starts, uint32_t count) {
  uint64_t* to = columns[start_column].append<uint64_t>(group_rows, count);
  subs.resize(count);
  uint32_t* sub = subs.data();
  TimeSpan span = figures.start;
  for (uint32_t i = 0; i < count; ++i) {
    int64_t ns = clamp(starts[i]);
    Split parts = split(ns);
    to[i] = static_cast<uint64_t>(parts.ms);
    sub[i] = parts.sub;
    widen(span, ns);
  }
  figures.start = span;
  add_sub(columns[start_sub_column], subs);
}

void SegmentWriter::Impl::add_ends(const int64_t* ends, const int64_t* starts, uint32_t count) {
  uint64_t* to = columns[starts ? duration_column : end_column].append<uint64_t>(group_rows, count);
  subs.resize(count);
  uint32_t* sub = subs.data();
  TimeSpan span = figures.end;
  for (uint32_t i = 0; i < count; ++i) {
    int64_t ns = clamp(ends[i]);
    Split parts = starts ? split_difference(ns, clamp(starts[i])) : split(ns);
    to[i] = static_cast<uint64_t>(parts.ms);
    sub[i] = parts.sub;
    widen(span, ns);
  }
  figures.end = span;
  add_sub(columns[starts ? duration_sub_column : end_sub_column], subs);
}

// Null where they are all zero: most exporters count in milliseconds, and their column is then absent.
void SegmentWriter::Impl::add_sub(ColumnBuffer& buffer, std::span<const uint32_t> parts) {
  if (std::ranges::all_of(parts, [](uint32_t sub) { return sub == 0; })) return;
  std::ranges::copy(parts, buffer.append<uint32_t>(group_rows, static_cast<uint32_t>(parts.size())));
}

}  // namespace weir
