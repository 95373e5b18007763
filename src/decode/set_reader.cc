// SPDX-License-Identifier: Apache-2.0
#include "decode/set_reader.h"

#include <utility>

#include "os/clock.h"
#include "wire/export_header.h"

namespace weir {

static HeldSet held_set(const Message& message, uint16_t set_id, Bytes body) {
  HeldSet set{message.key, set_id, os::monotonic_ns(), message.context, {body.begin(), body.end()}};
  set.context.offset += static_cast<uint32_t>(body.data() - message.start);
  return set;
}

void SetReader::read(Message& message, Bytes sets) {
  const uint16_t templates = template_set_id(message.key.protocol);
  const uint16_t options = options_template_set_id(message.key.protocol);
  message.sets = sets;
  ExportSet set;
  while (take_set(sets, set)) {
    message.context.set_offset = static_cast<uint32_t>(set.at - message.sets.data());
    if (set.id >= kFirstDataSet)
      read_data(message, set.id, set.body);
    else if (set.id == templates)
      read_templates(message, set.body, TemplateKind::data);
    else if (set.id == options)
      read_templates(message, set.body, TemplateKind::options);
    else
      message.malformed(Malformed::reserved_set, set.at);
  }
  if (!sets.empty()) message.malformed(left_after_sets(sets), sets.data());
}

// ---- Templates

void SetReader::read_templates(Message& message, Bytes body, TemplateKind kind) {
  ByteReader reader(body);
  for (;;) {
    const uint8_t* at = body.data() + reader.position();
    TemplateReadResult result = read_template(reader, message.key.protocol, kind, record_);
    if (result.read == TemplateRead::padding) break;
    if (result.read == TemplateRead::ok)
      install(message, record_, kind, at);
    else
      message.malformed(result.reason, at);
    if (result.read == TemplateRead::broken) break;
  }
  settle(message);
}

// Called after the last template of a set: the plans are looked up once, however many of them the set has changed. Each
// look-up makes the next change copy them. So after kMax look-ups in one message, its data sets are read through the
// store (hold()) instead.
void SetReader::settle(Message& message) {
  static constexpr uint32_t kMax = 32;
  if (message.sender->version != message.sender->session->version()) {
    message.stale = ++message.look_ups > kMax;
    if (!message.stale) senders_.refresh(*message.sender);
  }
  for (const Released& released : std::exchange(released_, {}))
    held_.read(released.sets, *released.plan, &message, false);
}

void SetReader::install(Message& message, TemplateRecord& record, TemplateKind kind, const uint8_t* at) {
  if (record.is_withdrawal()) {
    if (message.observer) message.observer->template_record(message.place(at), record, TemplateNews::withdrawn);
    return withdraw(message, record, kind);
  }
  if (is_in_force(message, record, at)) return;
  LedgerEntry& entry = message.entry();
  if (message.standing == Standing::denied) return entry.count(Refused::out_of_sequence);
  SetContext context = message.context;
  if (!has_data_before(message, record.id)) context.set_offset = 0;
  std::unique_lock pinned = senders_.pin(message);
  if (!pinned) return;
  context.boot = message.context.boot;
  TemplateStore::Installed installed = templates_.install(*message.sender->session, std::move(record), context,
                                                          os::monotonic_ns(), TemplateStore::Journaling::later);
  pinned.unlock();
  held_.count_forgotten(installed.forgotten);
  if (installed.refused) return message.entry().count(*installed.refused);
  if (installed.added) message.entry().templates.add();
  held_.give_up(installed.quarantined, HeldReader::GivenUp::quarantined);
  if (!installed.released.empty()) released_.push_back({std::move(installed.plan), std::move(installed.released)});
}

// Whether the record repeats a template that is in force, as is necessary over UDP (RFC 7011 §8.4). If so, the time at
// which it was sent is updated.
bool SetReader::is_in_force(Message& message, const TemplateRecord& record, const uint8_t* at) {
  Sender& sender = *message.sender;
  if (message.observer) senders_.refresh(sender);
  const bool is_newest = sender.version == sender.session->version();
  const KnownTemplate* earlier = sender.plans->known(record.id);
  const bool same = earlier && earlier->plan->same_layout(record);
  if (message.observer) {
    const TemplateNews news = !earlier ? TemplateNews::first : same ? TemplateNews::repeated : TemplateNews::changed;
    message.observer->template_record(message.place(at), record, news);
  }
  if (!same || !is_newest || !earlier->confirmed() || message.context.boot != sender.plans->boot) return false;
  earlier->sent_ns->store(os::monotonic_ns(), std::memory_order_relaxed);
  return true;
}

// A withdrawal is obeyed on a connection (RFC 7011 §8.1); over UDP it has no effect (§8.4).
void SetReader::withdraw(Message& message, const TemplateRecord& record, TemplateKind kind) {
  message.entry().withdrawals.add();
  if (!message.key.is_connection()) return;
  std::unique_lock pinned = senders_.pin(message);
  if (!pinned) return;
  const size_t withdrawn = templates_.withdraw(*message.sender->session, record.id, kind);
  pinned.unlock();
  message.entry().templates.add(-static_cast<int64_t>(withdrawn));
}

// Whether the message has a data set with that id before the set being read.
bool SetReader::has_data_before(Message& message, uint16_t set_id) {
  if (message.looked_at == 0) data_ids_.clear();
  Bytes before = message.sets.subspan(message.looked_at, message.context.set_offset - message.looked_at);
  for (ExportSet set; take_set(before, set);)
    if (set.id >= kFirstDataSet) data_ids_.insert(set.id);
  message.looked_at = message.context.set_offset;
  return data_ids_.contains(set_id);
}

// ---- Data sets

void SetReader::read_data(Message& message, uint16_t set_id, Bytes body) {
  if (message.stale) return hold(message, set_id, body);
  if (message.options_changed) take_options(message, set_id);
  // Looked up for each set, because options data in this same message may have set it.
  const SessionPlans& plans = *message.sender->plans;
  message.base.system_init_ns = static_cast<int64_t>(plans.options->system_init_ms() * 1'000'000);
  if (const Plan* plan = plans.only_template(set_id, message.context.boot)) {
    message.records += records_.read(message, *plan, body);
    return;
  }
  const PlanChoice choice = plans.choose(set_id, message.context);
  if (choice.quarantine) return quarantine(message, set_id, body);
  if (!choice.plan) return hold(message, set_id, body);
  message.records += records_.read(message, **choice.plan, body);
}

// Options data in this message apply to the data sets after them. Each look-up makes the next change copy the whole
// options state, so it is not done before a set of options data, and at most kMax times per message.
void SetReader::take_options(Message& message, uint16_t set_id) {
  static constexpr uint32_t kMax = 8;
  const Plan* plan = message.sender->plans->only_template(set_id, message.context.boot);
  if (message.options_taken >= kMax || (plan && plan->kind == TemplateKind::options)) return;
  ++message.options_taken;
  message.options_changed = false;
  senders_.refresh(*message.sender);
}

void SetReader::hold(Message& message, uint16_t set_id, Bytes body) {
  dropped_.clear();
  std::unique_lock pinned = senders_.pin(message);
  if (!pinned) return;
  const TemplateStore::Held held = templates_.hold(held_set(message, set_id, body), dropped_);
  pinned.unlock();
  LedgerEntry& entry = message.entry();
  if (held.quarantine) return quarantine(message, set_id, body);
  if (held.plan) {
    message.records += records_.read(message, *held.plan, body);  // another worker has just installed it
    return;
  }
  entry.missing_template.add();
  entry.held.add();
  entry.held_bytes.add(static_cast<int64_t>(body.size()));
  ++message.sets_held;
  held_.give_up(dropped_);
}

// The only known templates were sent after the set was, or the right one is no longer stored. If only one layout was
// ever known for the id, there is no reason to assume another one, and the set is read with it.
void SetReader::quarantine(Message& message, uint16_t set_id, Bytes body) {
  LedgerEntry& entry = message.entry();
  if (auto only = templates_.only_layout(*message.sender->plans, set_id, body)) {
    message.fallback = true;
    const uint32_t records = records_.read(message, *only, body);
    message.fallback = false;
    message.records += records;
    return entry.fallback.add(records);
  }
  entry.missing_template.add();
  entry.quarantined.add();
  entry.quarantined_bytes.add(static_cast<int64_t>(body.size()));
  ++message.sets_quarantined;
  if (message.observer) message.observer->given_up(held_set(message, set_id, body), true);
}

}  // namespace weir
