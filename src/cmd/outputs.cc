// SPDX-License-Identifier: Apache-2.0
#include "cmd/outputs.h"

#include "cmd/output_option.h"
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

void Outputs::add_accounts(const CollectConfig& config, Ledger& ledger) {
  if (!config.no_store) ledger.add_output(kStoreName);
  for (const OutputConfig& output : outputs_of(config)) ledger.add_output(output.name);
}

Outputs::Outputs(const CollectConfig& config, const StopTime& stop_time, ReceiveClock& clock, Ledger& ledger)
    : ledger_(ledger) {
  if (!config.no_store) {
    store_ = std::make_unique<FlowStore>(store_config(config, stop_time), clock, ledger, ledger.output(kStoreName));
    all_.push_back(&store_->output());
  }
  for (const OutputConfig& output : outputs_of(config)) {
    others_.push_back(std::make_unique<FileOutput>(file_config(output, config, stop_time), ledger.output(output.name)));
    all_.push_back(others_.back().get());
  }
  lost_before_ = ledger.settle_unfinished();
  if (store_)
    store_->output().lost_before(lost_before_);
  else if (!others_.empty())
    others_.front()->lost_before(lost_before_);
}

void Outputs::deliver(const BatchRef& batch) {
  for (Output* output : all_) output->offer(batch);
  if (!all_.empty()) return;
  for (const Run& run : batch->runs()) ledger_.at(run.account).filtered.add(run.rows);
}

void Outputs::deliver(const CounterBatchRef& batch) {
  for (Output* output : all_) output->offer(batch);
  if (!all_.empty()) return;
  for (const CounterSample& sample : *batch) ledger_.at(sample.account).counters_filtered.add();
}

void Outputs::start() {
  if (store_) store_->start();
  for (auto& output : others_) output->start();
}

void Outputs::stop() {
  for (auto& output : others_) output->stop();
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

}  // namespace weir
