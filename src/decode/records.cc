// SPDX-License-Identifier: Apache-2.0
// Decoder: from a set's body and its plan to rows.
#include "decode/decoder.h"

namespace weir {

static constexpr size_t kMostPadding = 3;

uint32_t Decoder::read_records(const Message& message, const Plan& plan, Bytes body) {
  if (config_.observer) config_.observer->data_set(place(message, body.data()), plan, message.known->plans.get(), body);
  if (plan.kind == TemplateKind::options) return read_options(message, plan, body);
  // A boot time inside each record (IE 160) makes every record its own time base.
  bool own_base = plan.uptime_times && plan.init_position != 0xffff && !message.base.has_uptime;
  if (plan.fixed && !own_base) return read_fixed(message, plan, body);
  return read_variable(message, plan, body);
}

Run& Decoder::begin_run(const Message& message, const Plan& plan, uint32_t rows) {
  Run& run = batch_->append_run(rows);
  run.type = message.type;
  run.exporter = message.exporter;
  run.exporter_port = message.exporter_port;
  run.domain = message.domain;
  run.sequence = message.context.sequence;
  run.received_ns = message.context.received_ns;
  run.export_ns = message.context.export_ns;
  run.account = message.known->stream->account.index;
  run.mask = mask_of(plan, message.base);
  return run;
}

void Decoder::finish_run(const Message& message, Run& run) {
  fill_sampling(message, run);
  Account& account = message.known->stream->account;
  if (uint32_t wrong = judge_times(*batch_, run)) account.time_quality.add(wrong);
  account.records.add(run.rows);
}

// The rate in the record counts first; then the one options data gave for the record's sampler or for all; then the
// header's (v5); then the configured one.
void Decoder::fill_sampling(const Message& message, Run& run) {
  const OptionsState* options = message.known->plans ? &message.known->plans->options : nullptr;
  run.sampling_rate = message.header_sampling_rate;
  if (options && options->sampling_rate) run.sampling_rate = options->sampling_rate;
  if (run.sampling_rate == 0) run.sampling_rate = config_.default_sampling_rate;
  if (run.mask.has(Field::sampling_rate) || !options || options->samplers.empty()) return;
  if (!run.mask.has(Field::sampler_id)) return;
  const uint64_t* ids = batch_->column<uint64_t>(Field::sampler_id) + run.first_row;
  uint64_t* rates = batch_->column<uint64_t>(Field::sampling_rate) + run.first_row;
  run.mask.set(Field::sampling_rate);
  for (uint32_t i = 0; i < run.rows; ++i) {
    rates[i] = run.sampling_rate;
    for (const SamplingEntry& sampler : options->samplers)
      if (sampler.sampler_id == ids[i]) rates[i] = sampler.rate;
  }
}

uint32_t Decoder::read_fixed(const Message& message, const Plan& plan, Bytes body) {
  auto records = static_cast<uint32_t>(body.size() / plan.record_length);
  if (body.size() % plan.record_length > kMostPadding)
    malformed(message, Malformed::excess_padding, body.data() + size_t{records} * plan.record_length);
  const uint8_t* at = body.data();
  for (uint32_t left = records; left > 0;) {
    if (batch_->room() == 0) flush();
    uint32_t rows = std::min(left, batch_->room());
    Run& run = begin_run(message, plan, rows);
    run_plan_fixed(plan, at, message.base, *batch_, run);
    finish_run(message, run);
    at += size_t{rows} * plan.record_length;
    left -= rows;
  }
  return records;
}

uint32_t Decoder::read_variable(const Message& message, const Plan& plan, Bytes body) {
  uint32_t records = 0;
  Run* run = nullptr;
  while (body.size() >= plan.record_length) {
    size_t length = walk_record(plan, body, fields_.data());
    if (length == 0) {
      malformed(message, Malformed::short_record, body.data());
      break;
    }
    if (batch_->room() == 0) {
      if (run) finish_run(message, *run);
      flush();
      run = nullptr;
    }
    if (!run) run = &begin_run(message, plan, 0);
    TimeBase base = message.base;
    if (plan.init_position != 0xffff && fields_[plan.init_position].length == 8) {
      uint64_t ms = load_be64(fields_[plan.init_position].at);
      base.system_init_ns = static_cast<int64_t>(ms * 1'000'000);
    }
    run_plan_record(plan, fields_.data(), base, *batch_, *run, batch_->grow_last_run());
    body = body.subspan(length);
    ++records;
  }
  if (run) finish_run(message, *run);
  if (body.size() > kMostPadding && body.size() < plan.record_length)
    malformed(message, Malformed::excess_padding, body.data());
  return records;
}

uint32_t Decoder::read_options(const Message& message, const Plan& plan, Bytes body) {
  uint32_t records = 0;
  Account& account = message.known->stream->account;
  while (body.size() >= plan.record_length) {
    size_t length = walk_record(plan, body, fields_.data());
    if (length == 0) {
      malformed(message, Malformed::short_record, body.data());
      break;
    }
    apply_options(message, plan, fields_.data());
    body = body.subspan(length);
    ++records;
  }
  account.options_records.add(records);
  refresh(*message.known);  // last: `plan` may belong to the snapshot that this replaces
  return records;
}

// Sampling: one in `interval` (IE 34, 50), or packet_interval chosen of packet_interval + packet_space (RFC 5477
// §8.2.2), or sample_size chosen of sample_population (§8.2.3).
void Decoder::apply_options(const Message& message, const Plan& plan, const FieldBytes* fields) {
  if (plan.option_steps.empty()) return;
  std::optional<uint64_t> value[7];
  for (const OptionStep& step : plan.option_steps) {
    const FieldBytes& field = fields[step.position];
    value[static_cast<size_t>(step.role)] = load_be_any(field.at, field.length);
  }
  auto given = [&](OptionRole role) { return value[static_cast<size_t>(role)]; };
  std::optional<uint64_t> sampler = given(OptionRole::sampler_id);
  std::optional<uint64_t> rate = given(OptionRole::interval);
  uint64_t chosen = given(OptionRole::packet_interval).value_or(0);
  if (chosen > 0)
    rate = given(OptionRole::packet_space).has_value() ? (chosen + *given(OptionRole::packet_space)) / chosen : chosen;
  uint64_t size = given(OptionRole::sample_size).value_or(0);
  if (size > 0 && given(OptionRole::sample_population)) rate = *given(OptionRole::sample_population) / size;
  Session& session = *message.known->stream->session;
  if (rate && *rate > 0) templates_.set_sampling(session, sampler, *rate);
  if (auto init = given(OptionRole::system_init_ms)) templates_.set_system_init(session, *init);
}

}  // namespace weir
