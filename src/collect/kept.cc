// SPDX-License-Identifier: Apache-2.0
#include "collect/kept.h"

#include <algorithm>

#include "base/log.h"
#include "base/time_units.h"
#include "collect/disk_full.h"
#include "collect/outputs.h"
#include "os/clock.h"
#include "store/free_disk.h"

namespace weir {

static constexpr int64_t kPause = 1000;  // times the CPU that saving took
static constexpr int64_t kMaxBetweenNs = 30 * kSecond;

LockedDirectory::LockedDirectory(const CollectConfig& config) : path_(config.data + "/lock") {
  os::make_data_directory(config.data);
  lock_ = os::lock_exclusively(path_);
  id_ = os::file_id(path_);
  if (!config.no_store) free_disk_space(config.data, config.store_max_bytes, os::realtime_ns());
}

Kept::Disk::Disk(const CollectConfig& config)
    : directory(naming_full_disk(config.data, [&] { return LockedDirectory(config); })),
      running(naming_full_disk(config.data, [&] { return os::RunningMark(config.data + "/running"); })),
      saved(naming_full_disk(config.data, [&] { return SavedLedger::open(config.data + "/catalog.db"); })) {}

Kept::Kept(const CollectConfig& config)
    : budget(config.senders_bytes), ledger(os::realtime_ns(), limits::kLedgerRows, &budget) {
  if (!config.keeps_nothing) disk_.emplace(config);
  if (previous_was_unclean()) log_warning("collect", "the run before this one did not end by itself");
  Outputs::add_entries(config, ledger);
  if (disk_) ledger.restore(disk_->saved.load());
}

void Kept::started() {
  if (disk_) disk_->running.started();
}

std::vector<SequenceRow> Kept::load_sequences() {
  return disk_ ? disk_->saved.load_sequences() : std::vector<SequenceRow>();
}

LedgerSnapshot ledger_snapshot(const Ledger& ledger, const TemplateStore& templates) {
  LedgerSnapshot rows = ledger.rows();
  for (const HeldSets::Waiting& key : templates.waiting(limits::kWaitingRows)) {
    rows.waiting.push_back({key.session, key.template_id, static_cast<int64_t>(key.sets),
                            static_cast<int64_t>(key.bytes), key.received_ns});
  }
  rows.waiting_templates = static_cast<int64_t>(templates.waiting_count());
  return rows;
}

void LedgerKeeper::save() {
  if (!saved_) return;
  const int64_t cpu_before = os::thread_cpu_ns(), snapshot_ns = os::monotonic_ns();
  std::string error;
  const bool saved = saved_->save(ledger_snapshot(ledger_, templates_), streams_.sequence_rows(), error);
  if (!saved && !failing_)
    log_error("ledger", "cannot be saved: " + error + "; counting goes on, saving is tried again soon");
  if (saved && failing_) log_info("ledger", "is saved again");
  failing_ = !saved;
  if (saved && store_) store_->ledger_saved(snapshot_ns);
  next_ns_ = os::monotonic_ns() + std::min(kMaxBetweenNs, kPause * (os::thread_cpu_ns() - cpu_before));
}

void LedgerKeeper::save_if_due() {
  if (os::monotonic_ns() >= next_ns_) save();
}

}  // namespace weir
