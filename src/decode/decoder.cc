// SPDX-License-Identifier: Apache-2.0
#include "decode/decoder.h"

#include <algorithm>
#include <utility>

#include "os/clock.h"

namespace weir {

// The plan for the versions that have no templates.
static const Plan& fixed_plan(Protocol protocol) {
  if (protocol == Protocol::netflow1) return netflow1_plan();
  return protocol == Protocol::netflow5 ? netflow5_plan() : netflow7_plan();
}

Decoder::Decoder(const DecoderConfig& config, TemplateStore& templates, Streams& streams, Ledger& ledger,
                 BatchPool& pool, Emit emit, EmitCounters emit_counters)
    : config_(config),
      templates_(templates),
      streams_(streams),
      ledger_(ledger),
      senders_(config_.exporters, templates, streams, ledger),
      out_(pool, std::move(emit), config.stage_text_bytes),
      options_(templates),
      records_(config.default_sampling_rate, out_, options_),
      held_(config.observer, templates, streams, ledger, senders_, records_),
      sets_(templates, senders_, records_, held_),
      order_(templates, streams, senders_, held_),
      samples_(config.default_sampling_rate, out_, std::move(emit_counters)) {}

int64_t Decoder::oldest_pending_ns() const {
  const int64_t flows = out_.oldest_ns(), counters = samples_.oldest_ns();
  return flows && counters ? std::min(flows, counters) : flows + counters;
}

void Decoder::flush() {
  samples_.flush();
  out_.flush();
}

void Decoder::decode(std::span<const Datagram> datagrams) {
  while (!datagrams.empty()) {
    const auto next = datagrams.first(std::min(datagrams.size(), SenderCache::kSideBySide));
    senders_.look_ahead(next);
    for (const Datagram& datagram : next) decode(datagram);
    datagrams = datagrams.subspan(next.size());
  }
}

void Decoder::decode(const Datagram& datagram) {
  read(datagram, Standing::asked);
  while (const std::unique_ptr<Stray> settled = order_.take_settled()) {
    read_stray(*settled);
    read(datagram, Standing::asked);
  }
}

void Decoder::read(const Datagram& datagram, Standing standing) {
  const Protocol protocol = export_protocol(datagram.bytes);
  if (protocol == Protocol::sflow5) return read_samples(datagram, standing);
  if (protocol == Protocol::unknown) {
    const bool is_short = datagram.bytes.size() < 2;
    return refuse(datagram, protocol, is_short ? Malformed::short_header : Malformed::unknown_version);
  }
  ExportHeader header;
  if (!read_export_header(datagram.bytes, protocol, header)) return refuse(datagram, protocol, Malformed::short_header);
  has_templates(protocol) ? read_sets(datagram, header, standing) : read_fixed(datagram, header, standing);
}

// Finds the sender; false if the message cannot be read because there is no space for another sender. The fields taken
// from the header are already set.
bool Decoder::begin(Message& message, const Datagram& datagram, Protocol protocol, uint32_t domain, Standing standing) {
  message.key = senders_.session_of(datagram, protocol, domain);
  message.observer = config_.observer;
  message.standing = standing;
  message.start = datagram.bytes.data();
  message.context.received_ns = datagram.received_ns;
  message.context.clock_held = datagram.clock_held;
  message.context.tag = datagram.tag;
  const bool begun = senders_.begin(message);
  if (const auto joined = senders_.take_joined()) held_.read(*joined);
  return begun;
}

bool Decoder::begin(Message& message, const Datagram& datagram, const ExportHeader& header, Standing standing) {
  message.exporter = datagram.exporter;
  message.context.uptime_ms = header.uptime_ms;
  message.context.export_ns = header.export_ns;
  message.context.sequence = header.sequence;
  message.base = {header.export_ns, header.uptime_ms, header.has_uptime(), 0};
  return begin(message, datagram, header.protocol, header.domain, standing);
}

void Decoder::read_fixed(const Datagram& datagram, const ExportHeader& header, Standing standing) {
  static constexpr uint16_t kInterval = 0x3fff;
  Message message;
  if (!begin(message, datagram, header, standing)) return;
  message.header_sampling_rate = header.sampling & kInterval;
  if (header.protocol != Protocol::netflow1 && !order_.arrive(message, datagram)) return;
  const Bytes body = export_body(datagram.bytes, header);
  const size_t octets = ExportHeader::record_bytes(header.protocol), present = body.size() / octets;
  if (header.count != present || body.size() % octets != 0)
    message.malformed(Malformed::count_mismatch, message.start + ExportHeader::kCountAt);
  const size_t whole = std::min<size_t>(header.count, present);
  message.records = records_.read(message, fixed_plan(header.protocol), body.first(whole * octets));
  finish(message, header.count <= present ? header.count : message.records, true);
}

// NetFlow v9's header count is not trusted: sets are read by their lengths. IPFIX sequence numbers count records.
void Decoder::read_sets(const Datagram& datagram, const ExportHeader& header, Standing standing) {
  const bool ipfix = header.protocol == Protocol::ipfix;
  Message message;
  if (!begin(message, datagram, header, standing) || !order_.arrive(message, datagram)) return;
  if (ipfix && header.count != datagram.bytes.size())
    message.malformed(Malformed::length_mismatch, message.start + ExportHeader::kCountAt);
  sets_.read(message, export_body(datagram.bytes, header));
  if (ipfix)
    finish(message, message.records, message.sets_held + message.sets_quarantined == 0);
  else
    finish(message, 1, true);
}

// Counts the datagram, and what its sequence number shows about the datagrams before it.
void Decoder::finish(const Message& message, uint32_t units, bool units_known) {
  LedgerEntry& entry = message.entry();
  templates_.write_journal();  // all changes made by one datagram, in one write
  if (message.records > 0) message.sender->note_records();
  order_.follow(message, units, units_known);
  entry.clock_skew_ns.set(message.context.received_ns - message.context.export_ns);
  entry.datagrams.add_last();
}

void Decoder::read_samples(const Datagram& datagram, Standing standing) {
  ByteReader in(datagram.bytes);
  SflowHeader header;
  if (Malformed wrong = read_sflow_header(in, header); wrong != Malformed::kCount) {
    bool sflow5 = datagram.bytes.size() >= 4 && wrong != Malformed::unknown_version;
    return refuse(datagram, sflow5 ? Protocol::sflow5 : Protocol::unknown, wrong);
  }
  Message message;
  message.context.uptime_ms = header.uptime_ms;
  message.context.sequence = header.sequence;
  message.context.export_ns = datagram.received_ns;  // sFlow has no export time
  message.exporter = header.agent.is_zero() ? datagram.exporter : header.agent;
  if (!begin(message, datagram, Protocol::sflow5, header.sub_agent, standing)) return;
  if (!order_.arrive_samples(message, datagram)) return;
  samples_.read(message, in, header.samples);
  if (message.followed && !samples_.steps().empty()) message.sender->note_records();
  order_.follow_samples(message, samples_.steps());
  message.entry().datagrams.add_last();
}

// Copies of a confirmed stray are then checked against the stream like any other datagram.
void Decoder::read_stray(const Stray& stray) {
  read(stray.datagram, stray.standing);
  const bool confirmed = stray.standing == Standing::confirmed;
  for (uint32_t n = 0; n < stray.copies; ++n) read(stray.datagram, confirmed ? Standing::asked : stray.standing);
}

void Decoder::read_strays(int64_t monotonic_ns, bool all) {
  for (const std::unique_ptr<Stray>& stray : streams_.take_strays(monotonic_ns, all)) read_stray(*stray);
}

void Decoder::tick(int64_t monotonic_ns, bool all) {
  read_strays(monotonic_ns, all);
  held_.tick(monotonic_ns, all);
  streams_.keep_to_budget(os::realtime_ns());
}

void Decoder::give_up_held() {
  read_strays(os::monotonic_ns(), true);
  held_.give_up_all();
}

// A datagram whose header cannot be read belongs to no domain; it is counted under domain 0 of its sender.
void Decoder::refuse(const Datagram& datagram, Protocol protocol, Malformed reason) {
  LedgerHold entry = ledger_.hold({datagram.exporter, protocol, 0});
  if (entry->first_seen_ns.value() == 0) entry->first_seen_ns.set(datagram.received_ns);
  entry->last_seen_ns.set(datagram.received_ns);
  entry->count(reason);
  entry->datagrams.add_last();
  if (!config_.observer) return;
  SetContext context;
  context.received_ns = datagram.received_ns;
  context.tag = datagram.tag;
  config_.observer->malformed({senders_.session_of(datagram, protocol, 0), context}, reason);
}

}  // namespace weir
