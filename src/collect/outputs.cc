// SPDX-License-Identifier: Apache-2.0
#include "collect/outputs.h"

#include <algorithm>

#include "config/output_option.h"
#include "filter/parser.h"
#include "filter/predicate.h"
#include "ledger/saved_ledger.h"
#include "sink/file_output.h"

namespace weir {
namespace {

constexpr const char* kStoreName = "store";

RecordFormat record_format(const std::string& name) {
  if (name == "csv") return RecordFormat::csv;
  return name == "protobuf" ? RecordFormat::protobuf : RecordFormat::json;
}

FileOutputConfig file_config(const OutputConfig& output, const CollectConfig& config, const StopTime& stop_time) {
  FileOutputConfig file;
  file.path = output.path;
  file.format = record_format(output.format);
  for (const std::string& name : output.fields) file.fields.push_back(config.field_table->find(name)->field);
  file.table = config.field_table.get();
  file.stop_time = &stop_time;
  file.where = make_predicate(output.where, *config.field_table, kNoRelativeTimes);
  return file;
}

FlowStoreConfig store_config(const CollectConfig& config, const StopTime& stop_time) {
  FlowStoreConfig store;
  store.data = config.data;
  store.fields = config.field_table.get();
  store.output.flush_ns = config.flush_ns;
  store.output.flush_rows = config.flush_rows;
  store.output.stop_time = &stop_time;
  store.retention = {config.keep_ns, config.store_max_bytes};
  store.merge = {config.merge_flushes, config.merge_merged};
  store.min_free = config.min_free;
  return store;
}

}  // namespace

void Outputs::add_entries(const CollectConfig& config, Ledger& ledger) {
  if (!config.no_store) ledger.add_output(kStoreName);
  for (const OutputConfig& output : outputs_of(config)) ledger.add_output(output.name);
}

Outputs::Outputs(const CollectConfig& config, const StopTime& stop_time, ReceiveClock& clock, Ledger& ledger)
    : ledger_(ledger), stop_time_(stop_time) {
  if (!config.no_store)
    store_ = std::make_unique<FlowStore>(store_config(config, stop_time), clock, ledger, ledger.output(kStoreName));
  for (const OutputConfig& output : outputs_of(config))
    further_.push_back(open(output, config, ledger.output(output.name)));
  if (!store_ && !further_.empty()) leader_ = further_.front().config.name;
  list_all();
  lost_before_ = ledger.settle_unfinished();
  if (store_)
    store_->output().lost_before(lost_before_);
  else if (!further_.empty())
    further_.front().output->lost_before(lost_before_);
}

FurtherOutput Outputs::open(const OutputConfig& output, const CollectConfig& config, OutputCounts& entry) const {
  return {output, &entry, std::make_unique<FileOutput>(file_config(output, config, stop_time_), entry)};
}

void Outputs::list_all() {
  std::lock_guard lock(mutex_);
  all_.clear();
  if (store_) all_.push_back(&store_->output());
  for (const FurtherOutput& further : further_) all_.push_back(further.output.get());
}

void Outputs::for_each(const std::function<void(const Output&)>& see) const {
  std::lock_guard lock(mutex_);
  for (const Output* output : all_) see(*output);
}

// ---- Any worker

void Outputs::deliver(const BatchRef& batch) {
  for (Output* output : all_) output->offer(batch);
  if (removed_.empty() && !all_.empty()) return;
  for (const Run& run : batch->runs()) {
    for (OutputCounts* gone : removed_) gone->drop(run.entry, OutputError::not_configured, run.rows);
    if (all_.empty()) ledger_.at(run.entry).filtered.add(run.rows);
  }
}

void Outputs::deliver(const CounterBatchRef& batch) {
  for (Output* output : all_) output->offer(batch);
  if (removed_.empty() && !all_.empty()) return;
  for (const CounterSample& sample : *batch) {
    for (OutputCounts* gone : removed_) gone->filter_counters(sample.entry, 1);
    if (all_.empty()) ledger_.at(sample.entry).counters_filtered.add();
  }
}

// ---- The owner's thread

void Outputs::start() {
  if (store_) store_->start();
  look();
}

void Outputs::stop() {
  leaving_.clear();
  look();
  for (FurtherOutput& further : further_) further.output->stop();
  if (store_) store_->stop();
}

void Outputs::reopen() {
  for (Output* output : all_) output->reopen();
}

const Output* Outputs::broken() const {
  for (const Output* output : all_)
    if (output->broken()) return output;
  return nullptr;
}

// ---- Changes

// Why the leading output cannot be as it is in `wanted`; "": it can.
std::string Outputs::leader_problem(const std::vector<OutputConfig>& wanted) const {
  if (leader_.empty()) return "";
  const auto leader = std::ranges::find(wanted, leader_, &OutputConfig::name);
  if (leader == wanted.end()) return "the configuration has no more";
  return leader->where.empty() ? "" : "cannot have a filter of its own; use collect.where";
}

OutputChange Outputs::prepare(const CollectConfig& config, const std::string& catalog) {
  const std::vector<OutputConfig> wanted = outputs_of(config);
  if (std::string why = leader_problem(wanted); !why.empty()) {
    OutputChange none;
    none.refused =
        "the outputs stay as they are until a restart: without a store the ledger counts what became of the "
        "records at " +
        leader_ + ", which " + why;
    return none;
  }
  OutputChange change;
  for (const FurtherOutput& further : further_)
    if (std::ranges::count(wanted, further.config) == 0) change.removed.push_back(further.config.name);
  for (const OutputConfig& output : wanted) {
    if (std::ranges::count(further_, output, &FurtherOutput::config) > 0) continue;
    OutputCounts* entry = ledger_.find_output(output.name);
    change.added.push_back(open(output, config, entry ? *entry : ledger_.prepare_output(output.name)));
  }
  if (!catalog.empty() && !change.added.empty()) change.saved = SavedLedger::read(catalog);
  return change;
}

void Outputs::apply(OutputChange change) {
  for (const std::string& name : change.removed) remove(name);
  for (FurtherOutput& added : change.added) {
    OutputCounts& entry = *added.entry;
    if (std::erase(removed_, &entry) == 0) ledger_.join_output(entry, change.saved);
    entry.set_configured(true);
    if (!store_ && leader_.empty()) leader_ = added.config.name;
    further_.push_back(std::move(added));
  }
  list_all();
}

void Outputs::remove(const std::string& name) {
  auto further = std::ranges::find(further_, name, [](const FurtherOutput& f) { return f.config.name; });
  further->entry->set_configured(false);
  removed_.push_back(further->entry);
  auto& leaving = leaving_.emplace_back(std::make_unique<Leaving>());
  {
    std::lock_guard lock(mutex_);
    std::erase(all_, further->output.get());
  }
  leaving->path = further->config.path;
  leaving->output = std::move(further->output);
  leaving->stopper = std::make_unique<Worker>("output-end", [l = leaving.get()](const std::stop_token&) {
    l->output->stop();
    l->is_over = true;
  });
  further_.erase(further);
}

void Outputs::look() {
  std::erase_if(leaving_, [](const std::unique_ptr<Leaving>& leaving) { return leaving->is_over.load(); });
  for (FurtherOutput& further : further_) {
    const auto same_path = [&](const std::unique_ptr<Leaving>& leaving) {
      return leaving->path == further.config.path;
    };
    if (further.is_started) continue;
    if (std::ranges::any_of(leaving_, same_path)) {
      further.output->reopen();  // once it starts: by then, the file is a different one
      continue;
    }
    further.output->start();
    further.is_started = true;
  }
}

}  // namespace weir
