// SPDX-License-Identifier: Apache-2.0
// Decoder: from a set's body and its plan to rows.
#include "decode/decoder.h"
#include "decode/names.h"
#include "decode/sampling.h"
#include "decode/sections.h"

namespace weir {

static constexpr size_t kMostPadding = 3;

uint32_t Decoder::read_records(const Message& message, const Plan& plan, Bytes body) {
  if (config_.observer) config_.observer->data_set(place(message, body.data()), plan, message.known->plans.get(), body);
  if (plan.kind == TemplateKind::options) return read_options(message, plan, body);
  // A boot time inside each record (IE 160) makes every record its own time base.
  bool own_base = plan.uptime_times && plan.init_position != 0xffff && !message.base.has_uptime;
  if (plan.fixed && !plan.differs && !own_base) return read_fixed(message, plan, body);
  return read_variable(message, plan, body);
}

Run& Decoder::begin_run(const Message& message, FieldMask mask, uint32_t rows) {
  Run& run = batch_->append_run(rows);
  run.type = message.type;
  run.exporter = message.exporter;
  run.exporter_port = message.exporter_port;
  run.domain = message.domain;
  run.sequence = message.context.sequence;
  run.received_ns = message.context.received_ns;
  run.clock_held = message.context.clock_held;
  run.export_ns = message.context.export_ns;
  run.account = message.known->account->index;
  run.mask = mask;
  return run;
}

void Decoder::finish_run(const Message& message, Run& run) {
  uint64_t told = message.header_sampling_rate ? message.header_sampling_rate : config_.default_sampling_rate;
  const OptionsState* options = message.known->plans ? message.known->plans->options.get() : nullptr;
  fill_sampling(options, told, *batch_, run);
  if (options) fill_names(*options, *batch_, run);
  Account& account = *message.known->account;
  account.tell_sampling_rate(run.mask.has(Field::sampling_rate) && run.rows > 0
                                 ? batch_->column<uint64_t>(Field::sampling_rate)[run.first_row]
                                 : run.sampling_rate);
  if (uint32_t wrong = judge_times(*batch_, run)) account.time_quality.add(wrong);
  for (uint32_t cut = batch_->texts().take_cut(); cut > 0; --cut) account.count(Refused::text_too_long);
  account.records.add(run.rows);
}

// Octets that the texts of one record may take: its own, and the names from options data.
static size_t most_text_bytes(const SessionPlans* plans, const Plan& plan) {
  return plan.text_bytes + (plans ? most_name_bytes(*plans->options) : 0);
}

// How many more records with such texts the batch takes; begins another one where it takes none.
uint32_t Decoder::make_room(const Message& message, const Plan& plan) {
  size_t texts = most_text_bytes(message.known->plans.get(), plan);
  if (batch_->room() == 0 || batch_->texts().room() < texts) flush();
  if (texts == 0) return batch_->room();
  return static_cast<uint32_t>(std::min<size_t>(batch_->room(), batch_->texts().room() / texts));
}

uint32_t Decoder::read_fixed(const Message& message, const Plan& plan, Bytes body) {
  auto records = static_cast<uint32_t>(body.size() / plan.record_length);
  if (body.size() % plan.record_length > kMostPadding)
    malformed(message, Malformed::excess_padding, body.data() + size_t{records} * plan.record_length);
  const uint8_t* at = body.data();
  for (uint32_t left = records; left > 0;) {
    uint32_t rows = std::min(left, make_room(message, plan));
    Run& run = begin_run(message, mask_of(plan, message.base), rows);
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
  const size_t texts = most_text_bytes(message.known->plans.get(), plan);
  size_t run_texts = 0;  // names of the run are filled in when it ends
  while (body.size() >= plan.record_length) {
    size_t length = walk_record(plan, body, fields_.data());
    if (length == 0) {
      malformed(message, Malformed::short_record, body.data());
      break;
    }
    // What lists and packets inside the record fill differs from record to record: each has a run of its own.
    run_texts += texts;
    bool full = batch_->room() == 0 || batch_->texts().room() < run_texts;
    if (run && (full || plan.differs)) {
      finish_run(message, *run);
      run = nullptr;
      run_texts = texts;
    }
    if (full) make_room(message, plan);
    if (!run) run = &begin_run(message, mask_of(plan, message.base), 0);
    TimeBase base = base_of_record(plan, fields_.data(), message.base);
    run_plan_record(plan, fields_.data(), base, *batch_, *run, batch_->grow_last_run());
    if (!plan.sections.empty()) read_sections(plan, fields_.data(), *batch_, *run);
    if (!plan.lists.empty())
      lists_.read(
          plan, fields_.data(),
          {*message.known->plans, message.context, message.fallback, base, *batch_, *run, *message.known->account});
    body = body.subspan(length);
    ++records;
  }
  if (run) finish_run(message, *run);
  if (body.size() > kMostPadding && body.size() < plan.record_length)
    malformed(message, Malformed::excess_padding, body.data());
  return records;
}

}  // namespace weir
