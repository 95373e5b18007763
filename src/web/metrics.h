// SPDX-License-Identifier: Apache-2.0
// Writes the ledger and the process as Prometheus exposition text.
//
//   in       copies: a snapshot of the ledger, figures of the process and of the outputs
//   out      OpenMetrics 1.0 or the older text format 0.0.4
//   memory   at most kMetricExporters exporters and kMetricDomains domains of each have series of their own; the rest
//            are summed under exporter="other" or domain="other". The ones seen first get their own series, so that a
//            series does not change what it counts.
//
// Identity, when no datagrams arrive and there is an output:
//   sum(weir_exporter_records_total) = sum(weir_exporter_stored_records_total) + sum(weir_dropped_records_total)
// Data sets that wait for their template are not included: how many records they contain is unknown until the template
// arrives (weir_held_sets, weir_held_bytes); once decoded they count as records.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ledger/ledger.h"
#include "os/process.h"
#include "web/build_info.h"

namespace weir {

inline constexpr size_t kMetricExporters = 1'000;
inline constexpr size_t kMetricDomains = 64;  // of one exporter

struct SinkFigures {
  std::string name;  // "file", "kafka"
  int64_t sent_records = 0;
  int64_t queued_batches = 0;
  std::vector<std::pair<std::string, int64_t>> errors = {};   // reason, count
  std::vector<std::pair<std::string, int64_t>> dropped = {};  // reason, records
  bool is_failing = false;                                    // the last attempt failed
  int64_t turned_at_ns = 0;                                   // monotonic: the last iteration of its thread
};

struct StoreMetrics {
  int64_t stored_rows = 0;        // since the start
  int64_t rows = 0, bytes = 0;    // flows
  std::vector<int64_t> segments;  // of flows, by level
  int64_t counter_rows = 0, counter_bytes = 0;
  int64_t oldest_ns = 0;  // 0: the store is empty
  int64_t free_bytes = 0;
  int64_t unlisted_files = 0, unlisted_bytes = 0;             // files in the tables' folders that no list names
  std::vector<std::pair<std::string, int64_t>> removed_rows;  // reason, rows
  int64_t merged_segments = 0;
  std::span<const double> merge_bounds;  // seconds
  std::vector<uint64_t> merges;          // by seconds: one more than the bounds
  double merge_seconds = 0;              // of all merges
};

// Figures of reloading the configuration.
struct ReloadFigures {
  bool successful = true;
  int64_t success_ns = 0;  // when a configuration was last applied; since 1970 UTC
};

struct MetricsInput {
  BuildInfo build;
  bool previous_shutdown_unclean = false;
  bool clock_held = false;
  os::ProcessFigures process;
  LedgerSnapshot ledger;
  std::vector<SinkFigures> sinks;
  std::optional<StoreMetrics> store;  // nullopt if flows are not stored
  std::optional<ReloadFigures> reload;
};

enum class MetricsFormat { text, openmetrics };
MetricsFormat metrics_format(const std::string& accept_header);
std::string metrics_content_type(MetricsFormat format);
std::string metrics_text(const MetricsInput& input, MetricsFormat format);

// sequence_lost decreases when a datagram turns out to be late instead of lost, expired_records when a late datagram
// had been counted there because it was missing next to a data set given up. A Prometheus counter must not decrease:
// rate() would take that for a restart and count everything again. So metrics show the highest value so far until it is
// exceeded. For one thread only.
class LossHighWater {
 public:
  void apply(LedgerSnapshot& rows);

 private:
  struct Highest {
    int64_t lost = 0, expired = 0;
  };
  absl::flat_hash_map<LedgerKey, Highest> highest_;
};

}  // namespace weir
