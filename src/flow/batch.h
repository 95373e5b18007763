// SPDX-License-Identifier: Apache-2.0
// FlowBatch: up to a few thousand decoded flow records as a structure of arrays.
//
//   in    decoders append rows run by run and fill columns directly
//   out   sinks read it as BatchRef (shared, immutable)
//   threads  written by one worker; after publishing, read by any number of threads and changed by none
//   memory   kBatchRows rows; a column is allocated when first filled, and kept when the batch is reused
//
// A *run* is a sequence of rows that came from one data set (sFlow: one datagram): they have the same fields and one
// header (exporter, domain, times, sequence number). A field that is not in a run's mask has no value in those rows,
// whatever the column's memory contains: the exporter did not send it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/assert.h"
#include "base/ip_address.h"
#include "base/limits.h"
#include "flow/fields.h"
#include "flow/text_arena.h"

namespace weir {

// Numbers as in Protobuf: GoFlow2's; from 100 on, Weir's own.
enum class FlowType : uint8_t {
  unknown = 0,
  sflow5 = 1,
  netflow5 = 2,
  netflow9 = 3,
  ipfix = 4,
  netflow1 = 101,
  netflow7 = 107
};
inline constexpr std::array kFlowTypes{FlowType::unknown, FlowType::sflow5,   FlowType::netflow5, FlowType::netflow9,
                                       FlowType::ipfix,   FlowType::netflow1, FlowType::netflow7};
std::string_view flow_type_name(FlowType type);

struct Run {
  uint32_t first_row = 0;
  uint32_t rows = 0;
  FieldMask mask;  // columns filled in these rows
  FlowType type = FlowType::unknown;
  IpAddress exporter;  // sFlow: the agent
  uint16_t exporter_port = 0;
  uint32_t domain = 0;  // observation domain id; 0 for v1, v5, v7 and sFlow (as GoFlow2)
  uint32_t sequence = 0;
  int64_t received_ns = 0;
  int64_t export_ns = 0;       // the exporter's clock when it sent the datagram
  uint64_t sampling_rate = 0;  // for rows whose mask has no sampling_rate
  uint32_t entry = 0;          // index of the ledger entry these records belong to
  bool clock_held = false;     // received while the collector's clock was not trusted (run/receive_clock.h)
};

// A list value: `count` values starting at `first` in the arena for its type.
struct ListRef {
  uint32_t first = 0;
  uint32_t count = 0;
};

class FlowBatch {
 public:
  FlowBatch();
  FlowBatch(const FlowBatch&) = delete;
  FlowBatch& operator=(const FlowBatch&) = delete;

  static constexpr uint32_t capacity() { return limits::kBatchRows; }
  uint32_t rows() const { return rows_; }
  uint32_t space() const { return capacity() - rows_; }
  bool empty() const { return rows_ == 0; }
  const std::vector<Run>& runs() const { return runs_; }
  Run& run(size_t index) { return runs_[index]; }

  // Adds `count` rows (at most space()) that share one header; the caller then fills their columns.
  Run& append_run(uint32_t count) {
    WEIR_ASSERT(count <= space());
    Run& run = runs_.emplace_back();
    run.first_row = rows_;
    run.rows = count;
    rows_ += count;
    return run;
  }
  // Adds one row to the last run; returns its number.
  uint32_t grow_last_run() {
    WEIR_ASSERT(space() > 0 && !runs_.empty());
    ++runs_.back().rows;
    return rows_++;
  }

  // A column's values, one per row of the batch. T: uint8_t, uint16_t, uint32_t, uint64_t, int64_t (time_ns), double,
  // IpAddress, ListRef, TextRef, according to the field's Column.
  template <class T>
  T* column(Field field) {
    auto& memory = columns_[static_cast<size_t>(field)];
    if (!memory) allocate(field);
    return reinterpret_cast<T*>(memory.get());
  }
  template <class T>
  const T* column(Field field) const {
    return reinterpret_cast<const T*>(columns_[static_cast<size_t>(field)].get());
  }

  std::vector<uint32_t>& list_numbers() { return list_numbers_; }
  std::vector<IpAddress>& list_addresses() { return list_addresses_; }
  const std::vector<uint32_t>& list_numbers() const { return list_numbers_; }
  const std::vector<IpAddress>& list_addresses() const { return list_addresses_; }

  TextArena& texts() { return texts_; }
  const TextArena& texts() const { return texts_; }
  std::string_view text(Field field, uint32_t row) const { return texts_.view(column<TextRef>(field)[row]); }

  // The numeric value of a row whose run has the field; for columns of u8..u64, i64 and time_ns.
  uint64_t number(Field field, uint32_t row) const;

  // Removes the rows whose entry in `removed` (one per row) is not 0, and runs that become empty; the other rows move
  // up.
  void remove_rows(std::span<const uint8_t> removed);

  // Afterwards this has the same rows as `other`, and nothing else.
  void copy_from(const FlowBatch& other);

  void clear();
  size_t memory_bytes() const;  // of its columns and arenas

 private:
  friend class BatchRef;
  friend class BatchPool;
  void allocate(Field field);
  void move_up(Field field, std::span<const uint8_t> removed);
  void shorten_runs(std::span<const uint8_t> removed);

  uint32_t rows_ = 0;
  std::vector<Run> runs_;
  std::array<std::unique_ptr<uint8_t[]>, kFieldSlots> columns_;
  std::vector<uint32_t> list_numbers_;
  std::vector<IpAddress> list_addresses_;
  TextArena texts_;
  std::atomic<uint32_t> references_{0};
  class BatchPool* pool_ = nullptr;
};

size_t column_width(Column column);  // bytes per row; 0 for `run`
// Width of a configured field's column, for any type: the batch need not know the type.
inline constexpr size_t kExtraColumnWidth = sizeof(IpAddress);

// A shared, read-only batch; the last reference returns it to its pool. Cheaper than a shared_ptr: publishing a batch
// allocates nothing.
class BatchRef {
 public:
  BatchRef() = default;
  explicit BatchRef(FlowBatch* batch) : batch_(batch) {
    if (batch_) batch_->references_.fetch_add(1, std::memory_order_relaxed);
  }
  BatchRef(const BatchRef& other) : BatchRef(other.batch_) {}
  BatchRef(BatchRef&& other) noexcept : batch_(other.batch_) { other.batch_ = nullptr; }
  BatchRef& operator=(BatchRef other) noexcept {
    std::swap(batch_, other.batch_);
    return *this;
  }
  ~BatchRef();
  const FlowBatch& operator*() const { return *batch_; }
  const FlowBatch* operator->() const { return batch_; }
  explicit operator bool() const { return batch_ != nullptr; }

 private:
  FlowBatch* batch_ = nullptr;
};

// A pool of empty batches; any thread may take and return them. Outlives every batch. The number of batches is bounded
// by the queues that hold them.
class BatchPool {
 public:
  std::unique_ptr<FlowBatch> take();
  // Makes a filled batch shareable; it returns to this pool when the last reference is released.
  BatchRef publish(std::unique_ptr<FlowBatch> batch);
  void give_back(std::unique_ptr<FlowBatch> batch);

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<FlowBatch>> free_;
};

}  // namespace weir
