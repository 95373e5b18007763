// SPDX-License-Identifier: Apache-2.0
#include "flow/batch.h"

#include <algorithm>
#include <cstring>

namespace weir {

std::string_view flow_type_name(FlowType type) {
  switch (type) {
    case FlowType::sflow5:
      return "SFLOW_5";
    case FlowType::netflow5:
      return "NETFLOW_V5";
    case FlowType::netflow9:
      return "NETFLOW_V9";
    case FlowType::ipfix:
      return "IPFIX";
    case FlowType::netflow1:
      return "NETFLOW_V1";
    case FlowType::netflow7:
      return "NETFLOW_V7";
    case FlowType::unknown:
      break;
  }
  return "FLOWUNKNOWN";
}

size_t column_width(Column column) {
  switch (column) {
    case Column::run:
      return 0;
    case Column::u8:
      return 1;
    case Column::u16:
      return 2;
    case Column::u32:
      return 4;
    case Column::u64:
    case Column::i64:
    case Column::f64:
    case Column::time_ns:
      return 8;
    case Column::text:
      return sizeof(TextRef);
    case Column::address:
      return sizeof(IpAddress);
    case Column::list_u32:
    case Column::list_address:
      return sizeof(ListRef);
  }
  return 0;
}

static size_t width_of(Field field) { return is_extra(field) ? kExtraColumnWidth : column_width(info(field).column); }

FlowBatch::FlowBatch() { runs_.reserve(256); }

void FlowBatch::allocate(Field field) {
  size_t width = width_of(field);
  WEIR_ASSERT(width > 0);
  columns_[static_cast<size_t>(field)] = std::make_unique<uint8_t[]>(width * capacity());
}

uint64_t FlowBatch::number(Field field, uint32_t row) const {
  WEIR_ASSERT(!is_extra(field));
  switch (info(field).column) {
    case Column::u8:
      return column<uint8_t>(field)[row];
    case Column::u16:
      return column<uint16_t>(field)[row];
    case Column::u32:
      return column<uint32_t>(field)[row];
    case Column::u64:
    case Column::i64:
    case Column::time_ns:
      return column<uint64_t>(field)[row];
    default:
      break;
  }
  return 0;
}

// Moves up a column's values, one contiguous stretch of remaining rows at a time.
void FlowBatch::move_up(Field field, std::span<const uint8_t> removed) {
  uint8_t* const values = columns_[static_cast<size_t>(field)].get();
  const size_t width = width_of(field);
  size_t to = 0;
  for (size_t from = 0; from < removed.size();) {
    size_t end = from;
    while (end < removed.size() && !removed[end]) ++end;
    if (to != from) std::memmove(values + to * width, values + from * width, (end - from) * width);
    to += end - from;
    for (from = end; from < removed.size() && removed[from];) ++from;
  }
}

void FlowBatch::shorten_runs(std::span<const uint8_t> removed) {
  rows_ = 0;
  for (Run& run : runs_) {
    const auto of_run = removed.subspan(run.first_row, run.rows);
    run.first_row = rows_;
    run.rows = static_cast<uint32_t>(std::ranges::count(of_run, 0));
    rows_ += run.rows;
  }
  std::erase_if(runs_, [](const Run& run) { return run.rows == 0; });
}

void FlowBatch::remove_rows(std::span<const uint8_t> removed) {
  WEIR_ASSERT(removed.size() == rows_);
  FieldMask filled;
  for (const Run& run : runs_) filled |= run.mask;
  for (size_t i = 0; i < kFieldSlots; ++i)
    if (columns_[i] && filled.has(static_cast<Field>(i))) move_up(static_cast<Field>(i), removed);
  shorten_runs(removed);
}

void FlowBatch::copy_from(const FlowBatch& other) {
  clear();
  rows_ = other.rows_;
  runs_ = other.runs_;
  FieldMask filled;
  for (const Run& run : runs_) filled |= run.mask;
  for (size_t i = 0; i < kFieldSlots; ++i) {
    const auto field = static_cast<Field>(i);
    if (!filled.has(field) || !other.columns_[i]) continue;
    if (!columns_[i]) allocate(field);
    std::memcpy(columns_[i].get(), other.columns_[i].get(), width_of(field) * rows_);
  }
  list_numbers_ = other.list_numbers_;
  list_addresses_ = other.list_addresses_;
  texts_ = other.texts_;
}

void FlowBatch::clear() {
  rows_ = 0;
  runs_.clear();
  list_numbers_.clear();
  list_addresses_.clear();
  texts_.clear();
  // Memory of arenas that hostile input made large is released: many batches are in use at once.
  static constexpr size_t kKept = 64 * limits::kBatchRows;
  if (list_numbers_.capacity() > kKept) list_numbers_.shrink_to_fit();
  if (list_addresses_.capacity() > kKept) list_addresses_.shrink_to_fit();
}

size_t FlowBatch::memory_bytes() const {
  size_t bytes = runs_.capacity() * sizeof(Run) + list_numbers_.capacity() * sizeof(uint32_t) +
                 list_addresses_.capacity() * sizeof(IpAddress);
  bytes += texts_.memory_bytes();
  for (size_t i = 0; i < kFieldSlots; ++i)
    if (columns_[i]) bytes += width_of(static_cast<Field>(i)) * capacity();
  return bytes;
}

BatchRef::~BatchRef() {
  if (!batch_ || batch_->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  batch_->pool_->give_back(std::unique_ptr<FlowBatch>(batch_));
}

std::unique_ptr<FlowBatch> BatchPool::take() {
  {
    std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      auto batch = std::move(free_.back());
      free_.pop_back();
      return batch;
    }
  }
  return std::make_unique<FlowBatch>();
}

BatchRef BatchPool::publish(std::unique_ptr<FlowBatch> batch) {
  batch->pool_ = this;
  return BatchRef(batch.release());
}

void BatchPool::give_back(std::unique_ptr<FlowBatch> batch) {
  batch->clear();
  std::lock_guard lock(mutex_);
  free_.push_back(std::move(batch));
}

}  // namespace weir
