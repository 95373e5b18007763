// SPDX-License-Identifier: Apache-2.0
#include "decode/sample_reader.h"
#include "decode/judge_times.h"

#include <algorithm>
#include <utility>

namespace weir {

SampleReader::SampleReader(uint64_t default_sampling_rate, BatchWriter& out, EmitCounters emit)
    : default_sampling_rate_(default_sampling_rate),
      out_(out),
      emit_(std::move(emit)),
      sampled_(std::make_unique<SampledFlow>()) {}

void SampleReader::read(const Message& message, ByteReader& in, uint32_t count) {
  steps_.clear();
  run_open_ = false;
  read_samples(message, in, count);
}

// Samples: format, length (4 each, the length without these), body.
void SampleReader::read_samples(const Message& message, ByteReader& in, uint32_t count) {
  uint32_t read = 0;
  for (; read < count && in.remaining() >= 8; ++read) {
    const uint8_t* at = in.rest().data();
    auto format = static_cast<SampleFormat>(in.u32());
    uint32_t length = in.u32();
    if (length > in.remaining()) return message.malformed(Malformed::short_sample, at);
    Bytes body = take_opaque(in, length);
    switch (format) {
      case SampleFormat::flow:
      case SampleFormat::expanded_flow:
      case SampleFormat::discarded_packet:
        read_flow_sample(message, body, format);
        break;
      case SampleFormat::counters:
      case SampleFormat::expanded_counters:
        read_counter_sample(message, body, format == SampleFormat::expanded_counters);
        break;
      default:
        message.entry().other_samples.add();
    }
  }
  if (read < count) message.malformed(Malformed::count_mismatch, in.rest().data());
  if (in.remaining() > 0) message.malformed(Malformed::trailing_bytes, in.rest().data());
}

void SampleReader::read_flow_sample(const Message& message, Bytes body, SampleFormat format) {
  ByteReader in(body);
  FlowSampleHeader sample;
  if (!read_flow_sample_header(in, format, sample)) return message.malformed(Malformed::short_sample, body.data());
  bool discarded = format == SampleFormat::discarded_packet;
  steps_.push_back({discarded ? SampleKind::discarded : SampleKind::flow, sample.source, sample.sequence});
  sampled_->begin(sample, discarded);
  read_flow_records(message, in, sample.records);
  put_sample(message, discarded);
}

// Flow records: format, length, body, like samples. Enterprises number their own formats.
void SampleReader::read_flow_records(const Message& message, ByteReader& in, uint32_t count) {
  uint32_t read = 0;
  for (; read < count && in.remaining() >= 8; ++read) {
    const uint8_t* at = in.rest().data();
    auto format = static_cast<FlowRecordFormat>(in.u32());
    uint32_t length = in.u32();
    bool whole = length <= in.remaining();
    if (!sampled_->add(format, take_opaque(in, std::min<size_t>(length, in.remaining()))) || !whole)
      message.malformed(Malformed::short_sample_record, at);
  }
  if (read < count) message.malformed(Malformed::sample_records, in.rest().data());
}

// Adds a row for the sample; in the previous run if that belongs to this datagram and has the same fields.
void SampleReader::put_sample(const Message& message, bool discarded) {
  if (out_.batch().space() == 0) run_open_ = false;
  out_.space(0);
  FlowBatch& batch = out_.batch();
  const bool held = message.context.clock_held;
  FieldMask fields = sampled_->fields();
  if (held) fields.set(Field::time_quality);
  uint32_t row;
  if (run_open_ && batch.runs().back().mask == fields) {
    row = batch.grow_last_run();
  } else {
    Run& run = out_.begin_run(message, fields, 1);
    row = run.first_row;
    run.sampling_rate = discarded ? 0 : default_sampling_rate_;
    run_open_ = true;
  }
  sampled_->put(batch, row);
  const Run& run = batch.runs().back();
  message.entry().note_sampling_rate(
      run.mask.has(Field::sampling_rate) ? batch.column<uint64_t>(Field::sampling_rate)[row] : run.sampling_rate);
  if (held) batch.column<uint8_t>(Field::time_quality)[row] = kClockHeldQuality;
  message.entry().records.add();
}

void SampleReader::read_counter_sample(const Message& message, Bytes body, bool expanded) {
  LedgerEntry& entry = message.entry();
  CounterSample& sample = next_counter_sample();
  auto [usable, problem] = weir::read_counter_sample(body, expanded, sample);
  if (problem) entry.count(*problem);
  if (!usable) return counters_->pop_back();
  sample.received_ns = message.context.received_ns;
  sample.clock_held = message.context.clock_held;
  sample.agent = message.exporter;
  sample.sub_agent = message.key.domain;
  sample.uptime_ms = message.context.uptime_ms;
  sample.entry = entry.index;
  steps_.push_back({SampleKind::counters, {sample.source_class, sample.source_index}, sample.sequence});
  entry.counter_samples.add();
}

// Returns an empty counter sample at the end of the batch, for the caller to fill.
CounterSample& SampleReader::next_counter_sample() {
  if (counters_ && counters_->size() == limits::kCounterBatchRows) flush();
  if (!counters_) {
    counters_ = std::make_unique<CounterBatch>();
    counters_->reserve(limits::kCounterBatchRows);
  }
  return counters_->emplace_back();
}

void SampleReader::flush() {
  if (!counters_ || counters_->empty()) return;
  std::unique_ptr<CounterBatch> batch = std::exchange(counters_, nullptr);
  if (emit_) emit_(std::move(batch));
}

}  // namespace weir
