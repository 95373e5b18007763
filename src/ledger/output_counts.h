// SPDX-License-Identifier: Apache-2.0
// Counts what one output has done with the records of each entry of the ledger.
//
//   in       the output, or the code that stands in for it, as soon as a record's fate is known: each record once
//   out      snapshots of the ledger (Ledger::rows)
//   threads  any
//   memory   128 octets per entry that has had a record, in blocks of kBlock entries
//
// For each output and entry, when the stream is quiet:
//   records - the ledger's filtered = acknowledged + filtered + dropped, by reason + pending
// where pending are the records that the output has not accounted for yet: queued, in a batch that is being filled, or
// spooled. The same holds for counter samples.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/output_error.h"
#include "ledger/counter.h"

namespace weir {

class Ledger;

// The kinds of counts: of records acknowledged, filtered, dropped for each reason; of counter samples acknowledged,
// filtered, dropped.
inline constexpr size_t kDeliveryCount = 5 + kOutputErrorCount;
inline constexpr size_t kDeliveryAcknowledged = 0, kDeliveryFiltered = 1, kDeliveryDropped = 2;
inline constexpr size_t kCountersAcknowledged = kDeliveryDropped + kOutputErrorCount;
inline constexpr size_t kCountersFiltered = kCountersAcknowledged + 1, kCountersDropped = kCountersAcknowledged + 2;
// As stored in the column `reason` of catalog.db.
std::string_view delivery_name(size_t kind);

// A copy of the counts.
struct DeliveryCounts {
  std::array<int64_t, kDeliveryCount> of{};
  int64_t acknowledged() const { return of[kDeliveryAcknowledged]; }
  int64_t filtered() const { return of[kDeliveryFiltered]; }
  int64_t dropped(OutputError reason) const { return of[kDeliveryDropped + static_cast<size_t>(reason)]; }
  int64_t settled() const;           // records, whatever became of them
  int64_t settled_counters() const;  // the same of counter samples
  void add(const DeliveryCounts& more);
  bool operator==(const DeliveryCounts&) const = default;
};

class OutputCounts {
 public:
  // `entries`: the highest number of ledger entries.
  OutputCounts(Ledger& ledger, std::string name, size_t entries);
  ~OutputCounts();
  OutputCounts(const OutputCounts&) = delete;
  OutputCounts& operator=(const OutputCounts&) = delete;

  const std::string& name() const { return name_; }
  // Whether records are offered to the output. If it was removed while the process runs, the code that would have
  // offered them counts them as dropped (not_configured).
  bool is_configured() const { return configured_.load(std::memory_order_relaxed); }
  void set_configured(bool configured) { configured_.store(configured, std::memory_order_relaxed); }

  // Records of the entry with that index. Once its last record is counted, an entry may be reused for another exporter.
  void acknowledge(uint32_t entry, int64_t records);
  void filter(uint32_t entry, int64_t records);
  void drop(uint32_t entry, OutputError reason, int64_t records);
  // Counter samples.
  void acknowledge_counters(uint32_t entry, int64_t samples);
  void filter_counters(uint32_t entry, int64_t samples);
  void drop_counters(uint32_t entry, int64_t samples);

  DeliveryCounts counts(uint32_t entry) const;

 private:
  friend class Ledger;
  using Delivery = std::array<Counter, kDeliveryCount>;
  static constexpr size_t kBlock = 64;
  struct Block {
    std::array<Delivery, kBlock> of;
  };
  Delivery& delivery(uint32_t entry);
  const Delivery* find(uint32_t entry) const;
  void add(uint32_t entry, const DeliveryCounts& counts);
  void move(uint32_t from, uint32_t to);

  Ledger& ledger_;
  const std::string name_;
  bool leads_ = false;  // its counts are also the ledger's own `stored`, `sink_dropped`, `counters_stored` and so on
  bool was_configured_ = false;  // in the previous run
  std::atomic<bool> configured_{true};
  const size_t block_count_;
  std::unique_ptr<std::atomic<Block*>[]> blocks_;
  std::mutex mutex_;  // guards the creation of blocks
};

}  // namespace weir
