// SPDX-License-Identifier: Apache-2.0
#include "store/counter_rows.h"

#include "base/time_units.h"

namespace weir {
namespace {

uint64_t whole_ms(int64_t ns) { return static_cast<uint64_t>(ns / kMillisecond - (ns % kMillisecond < 0)); }

void append_header(std::span<const CounterSample> samples, size_t column, ColumnBuffer& buffer, uint32_t row) {
  for (const CounterSample& sample : samples) {
    switch (kCounterColumns[column].type) {
      case CounterType::time_ms:
        buffer.fill(row, 1, whole_ms(sample.received_ns));
        break;
      case CounterType::address:
        buffer.fill(row, 1, buffer.dictionary.intern(TextKey::of(sample.agent)));
        break;
      default:
        buffer.fill(row, 1, sample.header_number(column));
    }
    ++row;
  }
}

template <class T>
void append_field(std::span<const CounterSample> samples, size_t field, ColumnBuffer& buffer, uint32_t row) {
  for (const CounterSample& sample : samples) {
    if (sample.present[field]) buffer.fill(row, 1, static_cast<T>(sample.values[field]));
    ++row;
  }
}

}  // namespace

void append_counters(std::span<const CounterSample> samples, std::vector<ColumnBuffer>& columns, uint32_t first_row) {
  for (size_t column = 0; column < kCounterHeaderCount; ++column)
    append_header(samples, column, columns[column], first_row);
  std::bitset<kCounterFieldCount> present;  // in any of the samples: most interface samples have no host counters
  for (const CounterSample& sample : samples) present |= sample.present;
  for (size_t field = 0; field < kCounterFieldCount; ++field) {
    if (!present[field]) continue;
    ColumnBuffer& buffer = columns[kCounterHeaderCount + field];
    if (buffer.is_wide())
      append_field<uint64_t>(samples, field, buffer, first_row);
    else
      append_field<uint32_t>(samples, field, buffer, first_row);
  }
  for (ColumnBuffer& buffer : columns) buffer.scan();
}

}  // namespace weir
