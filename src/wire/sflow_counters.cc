// SPDX-License-Identifier: Apache-2.0
#include "wire/sflow_counters.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "wire/sflow.h"

namespace weir {
namespace {

constexpr uint32_t kClassShift = 24;  // of a source id that is not expanded: 8-bit class, 24-bit index
constexpr uint32_t kIndexMask = 0xffffff;

// The fields of one structure: a contiguous part of the table.
struct Layout {
  CounterStructure structure{};
  size_t first = 0, count = 0, octets = 0;
};

constexpr size_t kLayoutCount = 9;
constexpr std::array<Layout, kLayoutCount> kLayouts = [] {
  std::array<Layout, kLayoutCount> layouts;
  size_t at = 0;
  for (size_t i = 0; i < kCounterFieldCount; ++i) {
    const CounterFieldInfo& field = kCounterFields[i];
    if (i > 0 && field.structure != kCounterFields[i - 1].structure) ++at;
    Layout& layout = layouts[at];
    if (layout.count == 0) layout = {field.structure, i, 0, 0};
    ++layout.count;
    layout.octets += wire_octets(field.kind);
  }
  return layouts;
}();

constexpr const Layout* find_layout(uint32_t format) {
  for (const Layout& layout : kLayouts)
    if (static_cast<uint32_t>(layout.structure) == format) return &layout;
  return nullptr;
}

// Sizes from the specification; the table must match them.
static_assert(find_layout(1)->octets == 88 && find_layout(2)->octets == 52 && find_layout(5)->octets == 28);
static_assert(find_layout(1001)->octets == 28 && find_layout(2002)->octets == 8 && find_layout(2003)->octets == 68);
static_assert(find_layout(2004)->octets == 72 && find_layout(2005)->octets == 52 && find_layout(2006)->octets == 40);

// False if the value means "unknown".
bool take_value(ByteReader& in, CounterKind kind, uint64_t& value) {
  value = wire_octets(kind) == 8 ? in.u64() : in.u32();
  switch (kind) {
    case CounterKind::number32:
    case CounterKind::number64:
      return true;
    case CounterKind::counter32:
    case CounterKind::percent:
      return value != UINT32_MAX;
    case CounterKind::counter64:
      return value != UINT64_MAX;
    case CounterKind::load: {
      double load = static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(value))) * 100;
      if (!(load >= 0 && load < UINT32_MAX)) return false;  // rejects NaN too
      value = static_cast<uint64_t>(std::lround(load));
      return true;
    }
  }
  return false;
}

void read_structure(const Layout& layout, Bytes body, CounterSample& sample) {
  ByteReader in(body);
  for (size_t i = layout.first; i < layout.first + layout.count; ++i)
    sample.present[i] = take_value(in, kCounterFields[i].kind, sample.values[i]);
}

}  // namespace

uint32_t CounterSample::header_number(size_t column) const {
  switch (kCounterColumns[column].number) {
    case 3:
      return sub_agent;
    case 4:
      return uptime_ms;
    case 5:
      return sequence;
    case 6:
      return source_class;
    default:
      return source_index;
  }
}

// Sequence number, source id (expanded: class and index, 4 octets each), number of records; then the records: data
// format, length (4 octets each), body, whose length XDR rounds up to a multiple of 4.
CounterSampleRead read_counter_sample(Bytes body, bool expanded, CounterSample& sample) {
  ByteReader in(body);
  sample.present.reset();
  sample.sequence = in.u32();
  uint32_t id = in.u32();
  sample.source_class = expanded ? id : id >> kClassShift;
  sample.source_index = expanded ? in.u32() : id & kIndexMask;
  uint32_t records = in.u32();
  if (in.failed()) return {false, Malformed::short_sample};

  CounterSampleRead result{true, {}};
  auto note = [&](Malformed problem) {
    if (!result.problem) result.problem = problem;
  };
  std::array<bool, kLayoutCount> seen{};
  for (; records > 0 && in.remaining() > 0; --records) {
    uint32_t format = in.u32();
    size_t length = in.u32();
    if (in.failed() || length > in.remaining()) {
      note(Malformed::short_sample_record);
      return result;
    }
    Bytes record = take_opaque(in, length);
    const Layout* layout = find_layout(format);
    if (!layout) continue;
    if (std::exchange(seen[static_cast<size_t>(layout - kLayouts.data())], true))
      note(Malformed::sample_records);  // the first one is used
    else if (record.size() < layout->octets)
      note(Malformed::short_sample_record);
    else
      read_structure(*layout, record, sample);
  }
  if (records > 0) note(Malformed::sample_records);
  if (in.remaining() > 0) note(Malformed::trailing_bytes);
  return result;
}

}  // namespace weir
