// SPDX-License-Identifier: Apache-2.0
#include "decode/record_reader.h"
#include "decode/judge_times.h"

#include <algorithm>

#include "decode/counter_pairs.h"
#include "decode/names.h"
#include "decode/sampling.h"
#include "decode/sections.h"

namespace weir {

static constexpr size_t kMaxPadding = 3;

RecordReader::RecordReader(uint64_t default_sampling_rate, BatchWriter& out, OptionsReader& options)
    : default_sampling_rate_(default_sampling_rate),
      out_(out),
      options_(options),
      fields_(limits::kFieldsPerTemplate) {}

uint32_t RecordReader::read(Message& message, const Plan& plan, Bytes body) {
  if (message.observer) message.observer->data_set(message.place(body.data()), plan, message.sender->plans.get(), body);
  if (plan.kind == TemplateKind::options) return options_.read(message, plan, body);
  // A boot time inside each record (IE 160) makes every record its own time base.
  bool own_base = plan.uptime_times && plan.init_position != 0xffff && !message.base.has_uptime;
  if (plan.fixed && !plan.differs && !own_base) return read_fixed(message, plan, body);
  return read_variable(message, plan, body);
}

// The exporter that a mediator's record names (IANA, IE 130 and 131); zero if it names none. `find` returns the octets
// of a step.
template <class Find>
static IpAddress named_exporter(const Plan& plan, Find find) {
  for (const ExporterStep& step : plan.exporter_steps) {
    const uint8_t* at = find(step);
    IpAddress address = step.is_v6 ? IpAddress::v6(at) : IpAddress::v4(load_be32(at));
    if (step.is_v6 ? !address.is_zero() : address.v4_host_order() != 0) return address;
  }
  return {};
}

static IpAddress exporter_at(const Plan& plan, const uint8_t* record) {
  return named_exporter(plan, [&](const ExporterStep& step) { return record + step.offset; });
}

// How many records, counted from the first, have the same exporter as the first.
static uint32_t rows_of_one_exporter(const Plan& plan, const uint8_t* records, uint32_t limit) {
  if (plan.exporter_steps.empty()) return limit;
  const IpAddress exporter = exporter_at(plan, records);
  uint32_t rows = 1;
  while (rows < limit && exporter_at(plan, records + size_t{rows} * plan.record_length) == exporter) ++rows;
  return rows;
}

void RecordReader::finish_run(const Message& message, const Plan& plan, Run& run) {
  FlowBatch& batch = out_.batch();
  if (!plan.exporter_steps.empty() && run.exporter != message.exporter) {
    std::fill_n(batch.column<IpAddress>(Field::sender_address) + run.first_row, run.rows, message.exporter);
    run.mask.set(Field::sender_address);
  }
  uint64_t rate = message.header_sampling_rate ? message.header_sampling_rate : default_sampling_rate_;
  const SessionPlans* plans = message.sender->plans.get();
  bool borrowed = fill_sampling(plans, plan.id, rate, batch, run);
  if (plans && (plans->borrowed || plans->options->has_names())) borrowed |= fill_names(*plans, batch, run);
  LedgerEntry& entry = message.entry();
  if (borrowed) entry.borrowed.add(run.rows);
  entry.note_sampling_rate(run.mask.has(Field::sampling_rate) && run.rows > 0
                               ? batch.column<uint64_t>(Field::sampling_rate)[run.first_row]
                               : run.sampling_rate);
  if (uint32_t wrong = judge_times(batch, run)) entry.time_quality.add(wrong);
  for (uint32_t cut = batch.texts().take_cut(); cut > 0; --cut) entry.count(Refused::text_too_long);
  entry.records.add(run.rows);
}

static void name_exporter(Run& run, const IpAddress& named) {
  if (!named.is_zero()) run.exporter = named;
}

// Octets that the texts of one record may need: its own, and the names from options data.
static size_t max_text_bytes(const SessionPlans* plans, const Plan& plan) {
  return plan.text_bytes + (plans ? max_name_bytes(*plans) : 0);
}

uint32_t RecordReader::read_fixed(const Message& message, const Plan& plan, Bytes body) {
  auto records = static_cast<uint32_t>(body.size() / plan.record_length);
  if (body.size() % plan.record_length > kMaxPadding)
    message.malformed(Malformed::excess_padding, body.data() + size_t{records} * plan.record_length);
  const size_t texts = max_text_bytes(message.sender->plans.get(), plan);
  const uint8_t* at = body.data();
  for (uint32_t left = records; left > 0;) {
    const uint32_t rows = rows_of_one_exporter(plan, at, std::min(left, out_.space(texts)));
    Run& run = out_.begin_run(message, mask_of(plan, message.base), rows);
    run_plan_fixed(plan, at, message.base, out_.batch(), run);
    if (!plan.counter_pairs.empty())
      settle_counters(plan, message.sender->post_counters, out_.batch(), run, run.first_row, rows,
                      [&](const CounterPair& pair, uint32_t i) {
                        return FieldBytes{at + size_t{i} * plan.record_length + pair.offset, pair.width};
                      });
    if (!plan.exporter_steps.empty()) name_exporter(run, exporter_at(plan, at));
    finish_run(message, plan, run);
    at += size_t{rows} * plan.record_length;
    left -= rows;
  }
  return records;
}

uint32_t RecordReader::read_variable(const Message& message, const Plan& plan, Bytes body) {
  uint32_t records = 0;
  Run* run = nullptr;
  const size_t texts = max_text_bytes(message.sender->plans.get(), plan);
  size_t run_texts = 0;  // the names of a run are filled in when it ends
  while (body.size() >= plan.record_length) {
    size_t length = walk_record(plan, body, fields_.data());
    if (length == 0) {
      message.malformed(Malformed::short_record, body.data());
      break;
    }
    run_texts += texts;
    bool full = out_.batch().space() == 0 || out_.batch().texts().space() < run_texts;
    IpAddress exporter;
    if (!plan.exporter_steps.empty())
      exporter = named_exporter(plan, [&](const ExporterStep& step) { return fields_[step.position].at; });
    const bool of_another = run && run->exporter != (exporter.is_zero() ? message.exporter : exporter);
    // Lists and packets inside a record fill different fields in each record: each such record has its own run.
    if (run && (full || plan.differs || of_another)) {
      finish_run(message, plan, *run);
      run = nullptr;
      run_texts = texts;
    }
    if (full) out_.space(texts);
    if (!run) name_exporter(*(run = &out_.begin_run(message, mask_of(plan, message.base), 0)), exporter);
    put_record(message, plan, *run);
    body = body.subspan(length);
    ++records;
  }
  if (run) finish_run(message, plan, *run);
  if (body.size() > kMaxPadding && body.size() < plan.record_length)
    message.malformed(Malformed::excess_padding, body.data());
  return records;
}

// Writes the record just walked into a new row of the run.
void RecordReader::put_record(const Message& message, const Plan& plan, Run& run) {
  FlowBatch& batch = out_.batch();
  const TimeBase base = base_of_record(plan, fields_.data(), message.base);
  const uint32_t row = batch.grow_last_run();
  run_plan_record(plan, fields_.data(), base, batch, run, row);
  if (!plan.counter_pairs.empty())
    settle_counters(plan, message.sender->post_counters, batch, run, row, 1,
                    [&](const CounterPair& pair, uint32_t) { return fields_[pair.position]; });
  if (!plan.sections.empty()) read_sections(plan, fields_.data(), batch, run);
  if (!plan.lists.empty())
    lists_.read(plan, fields_.data(),
                {*message.sender->plans, message.context, message.fallback, base, batch, run, message.entry()});
}

}  // namespace weir
