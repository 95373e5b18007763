// SPDX-License-Identifier: Apache-2.0
#include "decode/decoder.h"

#include <utility>

#include "os/clock.h"

namespace weir {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr size_t kNetflow9Header = 20, kIpfixHeader = 16;
constexpr size_t kSetHeader = 4;
constexpr uint16_t kFirstDataSet = 256;

}  // namespace

// A version whose records have no templates. Headers: version, count (2 each), uptime ms, seconds, nanoseconds (4
// each); v5 and v7: flow sequence (4); v5: engine type, engine id (1 each), sampling mode (2 bits) and interval (14
// bits); v7: reserved (4).
struct Decoder::FixedVersion {
  Protocol protocol;
  FlowType type;
  size_t header, record;  // octets
  const Plan& (*plan)();
};
static constexpr size_t kCountAt = 2;  // IPFIX: the length
static constexpr size_t kSequenceAt = 16, kEngineAt = 20, kSamplingAt = 22;

Decoder::Decoder(const DecoderConfig& config, TemplateStore& templates, Streams& streams, Ledger& ledger,
                 BatchPool& pool, Emit emit, EmitCounters emit_counters)
    : config_(config),
      templates_(templates),
      streams_(streams),
      ledger_(ledger),
      pool_(pool),
      emit_(std::move(emit)),
      emit_counters_(std::move(emit_counters)),
      batch_(pool.take()),
      fields_(limits::kFieldsPerTemplate),
      sampled_(std::make_unique<SampledFlow>()) {}

int64_t Decoder::oldest_pending_ns() const {
  int64_t flows = batch_->empty() ? 0 : batch_->runs().front().received_ns;
  int64_t counters = counters_ && !counters_->empty() ? counters_->front().received_ns : 0;
  return flows && counters ? std::min(flows, counters) : flows + counters;
}

void Decoder::flush() {
  flush_counters();
  if (batch_->empty()) return;
  emit_(std::move(batch_));
  batch_ = pool_.take();
}

// They may be many: their memory is of use to others.
void Decoder::drop_forgotten() {
  const uint64_t departures = streams_.departures();
  if (departures == departures_) return;
  departures_ = departures;
  for (auto it = known_.begin(); it != known_.end();) {
    auto here = it++;
    if (here->second.stream->forgotten.load(std::memory_order_relaxed)) known_.erase(here);
  }
}

void Decoder::decode(const Datagram& datagram) {
  read(datagram, Standing::asked);
  while (settled_) {
    read_stray(*std::exchange(settled_, {}));
    read(datagram, Standing::asked);
  }
}

void Decoder::read(const Datagram& datagram, Standing standing) {
  standing_ = standing;
  if (known_.size() >= limits::kSessions) known_.clear();
  drop_forgotten();
  if (datagram.bytes.size() < 2) return refuse(datagram, Protocol::unknown, Malformed::short_header);
  switch (load_be16(datagram.bytes.data())) {
    case 0:  // sFlow's version has four octets
      return decode_sflow(datagram);
    case 1:
      return decode_fixed(datagram, {Protocol::netflow1, FlowType::netflow1, 16, 48, netflow1_plan});
    case 5:
      return decode_fixed(datagram, {Protocol::netflow5, FlowType::netflow5, 24, 48, netflow5_plan});
    case 7:
      return decode_fixed(datagram, {Protocol::netflow7, FlowType::netflow7, 24, 52, netflow7_plan});
    case 9:
      return decode_netflow9(datagram);
    case 10:
      return decode_ipfix(datagram);
    default:
      return refuse(datagram, Protocol::unknown, Malformed::unknown_version);
  }
}

// A datagram whose header cannot be read belongs to no domain: domain 0 of its sender.
void Decoder::refuse(const Datagram& datagram, Protocol protocol, Malformed reason) {
  AccountHold account = ledger_.hold({datagram.exporter, protocol, 0});
  if (account->first_seen_ns.value() == 0) account->first_seen_ns.set(datagram.received_ns);
  account->last_seen_ns.set(datagram.received_ns);
  account->count(reason);
  account->datagrams.add_last();
  if (!config_.observer) return;
  SetContext context;
  context.received_ns = datagram.received_ns;
  context.tag = datagram.tag;
  config_.observer->malformed({session_of(datagram, protocol, 0), context}, reason);
}

void Decoder::malformed(const Message& message, Malformed reason, const uint8_t* at) {
  message.known->account->count(reason);
  if (config_.observer) config_.observer->malformed(place(message, at), reason);
}

DecodePlace Decoder::place(const Message& message, const uint8_t* at) const {
  const Stream* stream = message.known->stream.get();
  return {stream ? stream->key : without_stream_key_, message.context,
          message.context.offset + static_cast<size_t>(at - message.start)};
}

Decoder::Known* Decoder::known(const SessionKey& key, int64_t now_ns) {
  auto found = known_.find(key);
  bool forgotten = found != known_.end() && found->second.stream->forgotten.load(std::memory_order_relaxed);
  if (found != known_.end() && !forgotten) return &found->second;
  std::shared_ptr<Stream> stream = streams_.find(key, now_ns);
  if (!stream) return nullptr;
  // One that was forgotten is filled anew where it is: a message being read may point at it.
  Known& known = known_[key];
  known.stream = std::move(stream);
  known.account = &known.stream->account;
  known.session = known.stream->session.get();
  known.post_counters = config_.exporters->post_counters(key.exporter);
  if (known.session) {
    known.version = known.session->version();
    known.plans = templates_.plans(*known.session);
  }
  return &known;
}

void Decoder::refresh(Known& known) {
  uint32_t version = known.session->version();
  if (version == known.version) return;
  known.version = version;  // read before the plans: at worst they are newer
  known.plans = templates_.plans(*known.session);
}

// A sender that there is no room for: counted, and decoded where that needs nothing from earlier datagrams. Its
// sequence is then not followed.
Decoder::Known* Decoder::without_stream(const SessionKey& key, int64_t now_ns) {
  without_stream_key_ = key;
  without_stream_hold_ = ledger_.hold({key.exporter, key.protocol, key.domain});
  Account& account = **without_stream_hold_;
  without_stream_.account = &account;
  if (account.first_seen_ns.value() == 0) account.first_seen_ns.set(now_ns);
  account.last_seen_ns.set(now_ns);
  account.count(Refused::sessions_full);
  return has_templates(key.protocol) ? nullptr : &without_stream_;
}

// Finds the sender; false where it is one too many. finish() counts the datagram, once all else is counted.
bool Decoder::begin(Message& message, const Datagram& datagram, Protocol protocol, uint32_t domain) {
  message.exporter = datagram.exporter;
  message.exporter_port = datagram.exporter_port;
  message.protocol = protocol;
  message.start = datagram.bytes.data();
  message.context.received_ns = datagram.received_ns;
  message.context.clock_held = datagram.clock_held;
  message.context.tag = datagram.tag;
  const SessionKey key = session_of(datagram, protocol, domain);
  message.known = known(key, datagram.received_ns);
  if (!message.known) {
    message.known = without_stream(key, datagram.received_ns);
    if (!message.known) without_stream_.account->datagrams.add_last();
    return message.known != nullptr;
  }
  Known& known = *message.known;
  if (known.session) refresh(known);
  Account& account = *known.account;
  if (account.first_seen_ns.value() == 0) account.first_seen_ns.set(datagram.received_ns);
  account.last_seen_ns.set(datagram.received_ns);
  known.stream->last_seen_ns.store(datagram.received_ns, std::memory_order_relaxed);
  if (known.session) known.session->seen(datagram.received_ns);
  return true;
}

// While this lock is held the stream does not leave the table, so that what is added to its session is found again and
// bounded. Another worker may have removed it since the datagram began: then it is a new one. No lock where there is no
// room for it.
std::unique_lock<std::mutex> Decoder::pin(Message& message) {
  for (;;) {
    const std::shared_ptr<Stream> stream = message.known->stream;
    std::unique_lock lock(stream->mutex);
    if (!stream->forgotten.load(std::memory_order_relaxed)) return lock;
    lock.unlock();
    if (!known(stream->key, message.context.received_ns)) {
      message.known->account->count(Refused::sessions_full);
      return {};
    }
    message.context.boot = message.known->plans->boot;
  }
}

void Decoder::decode_fixed(const Datagram& datagram, const FixedVersion& version) {
  const uint8_t* p = datagram.bytes.data();
  if (datagram.bytes.size() < version.header) return refuse(datagram, version.protocol, Malformed::short_header);
  const bool v5 = version.protocol == Protocol::netflow5;
  Message message;
  if (!begin(message, datagram, version.protocol, v5 ? load_be16(p + kEngineAt) : 0)) return;
  message.type = version.type;
  message.context.uptime_ms = load_be32(p + 4);
  message.context.export_ns = int64_t{load_be32(p + 8)} * kSecond + load_be32(p + 12) % kSecond;
  if (version.header > kSequenceAt) message.context.sequence = load_be32(p + kSequenceAt);
  message.base = {message.context.export_ns, message.context.uptime_ms, true, 0};
  if (v5) message.header_sampling_rate = load_be16(p + kSamplingAt) & 0x3fff;
  if (version.header > kSequenceAt && !arrive(message, datagram)) return;
  uint32_t claimed = load_be16(p + 2);
  Bytes body = datagram.bytes.subspan(version.header);
  size_t present = body.size() / version.record;
  if (claimed != present || body.size() % version.record != 0)
    malformed(message, Malformed::count_mismatch, p + kCountAt);
  size_t whole = std::min<size_t>(claimed, present);
  uint32_t records = read_records(message, version.plan(), body.first(whole * version.record));
  message.records = records;
  finish(message, claimed <= present ? claimed : records, true);
}

// NetFlow v9 header, 20 octets (RFC 3954 §5.1): version, count (2 each), uptime ms, seconds, sequence, source id
// (4 each). The count is not trusted: sets are read by their lengths.
void Decoder::decode_netflow9(const Datagram& datagram) {
  const uint8_t* p = datagram.bytes.data();
  if (datagram.bytes.size() < kNetflow9Header) return refuse(datagram, Protocol::netflow9, Malformed::short_header);
  Message message;
  message.domain = load_be32(p + 16);
  if (!begin(message, datagram, Protocol::netflow9, message.domain)) return;
  message.type = FlowType::netflow9;
  message.context.uptime_ms = load_be32(p + 4);
  message.context.export_ns = int64_t{load_be32(p + 8)} * kSecond;
  message.context.sequence = load_be32(p + 12);
  message.base = {message.context.export_ns, message.context.uptime_ms, true, 0};
  if (!arrive(message, datagram)) return;
  decode_sets(message, datagram.bytes.subspan(kNetflow9Header));
  finish(message, 1, true);
}

// IPFIX message header, 16 octets (RFC 7011 §3.1): version, length (2 each), export time s, sequence,
// observation domain (4 each).
void Decoder::decode_ipfix(const Datagram& datagram) {
  const uint8_t* p = datagram.bytes.data();
  if (datagram.bytes.size() < kIpfixHeader) return refuse(datagram, Protocol::ipfix, Malformed::short_header);
  Message message;
  message.domain = load_be32(p + 12);
  if (!begin(message, datagram, Protocol::ipfix, message.domain)) return;
  message.type = FlowType::ipfix;
  message.context.export_ns = int64_t{load_be32(p + 4)} * kSecond;
  message.context.sequence = load_be32(p + 8);
  message.base = {message.context.export_ns, 0, false, 0};
  if (!arrive(message, datagram)) return;
  size_t length = load_be16(p + 2);
  if (length != datagram.bytes.size()) malformed(message, Malformed::length_mismatch, p + kCountAt);
  length = std::clamp(length, kIpfixHeader, datagram.bytes.size());
  decode_sets(message, datagram.bytes.subspan(kIpfixHeader, length - kIpfixHeader));
  finish(message, message.records, message.sets_held + message.sets_quarantined == 0);
}

// Sets, one after the other: id, length (2 octets each, the length with this header), body.
void Decoder::decode_sets(Message& message, Bytes sets) {
  bool netflow9 = message.protocol == Protocol::netflow9;
  const uint16_t templates = netflow9 ? 0 : 2, options = netflow9 ? 1 : 3;
  message.sets = sets;
  while (sets.size() >= kSetHeader) {
    const uint8_t* at = sets.data();
    uint16_t id = load_be16(at);
    size_t length = load_be16(at + 2);
    if (length < kSetHeader || length > sets.size()) return malformed(message, Malformed::short_set, at);
    Bytes body = sets.subspan(kSetHeader, length - kSetHeader);
    message.context.set_offset = static_cast<uint32_t>(sets.data() - message.sets.data());
    sets = sets.subspan(length);
    if (id >= kFirstDataSet)
      read_data_set(message, id, body);
    else if (id == templates)
      read_templates(message, body, TemplateKind::data);
    else if (id == options)
      read_templates(message, body, TemplateKind::options);
    else
      malformed(message, Malformed::reserved_set, at);
  }
  if (!sets.empty()) malformed(message, Malformed::trailing_bytes, sets.data());
}

void Decoder::read_templates(Message& message, Bytes body, TemplateKind kind) {
  ByteReader reader(body);
  for (;;) {
    const uint8_t* at = body.data() + reader.position();
    TemplateReadResult result = read_template(reader, message.protocol, kind, record_);
    if (result.read == TemplateRead::padding) break;
    if (result.read == TemplateRead::ok)
      install(message, record_, kind, at);
    else
      malformed(message, result.reason, at);
    if (result.read == TemplateRead::broken) break;
  }
  settle(message);
}

// After the last template of a set: its plans are looked up once, however many it has changed. Each look-up makes the
// next change copy them, so a message with many such sets has its data read through the store (hold()) in the end.
void Decoder::settle(Message& message) {
  static constexpr uint32_t kMost = 32;
  if (message.known->version != message.known->session->version()) {
    message.stale = ++message.look_ups > kMost;
    if (!message.stale) refresh(*message.known);
  }
  for (Released& released : std::exchange(released_, {}))
    replay(std::move(released.sets), std::move(released.plan), &message, false);
}

void Decoder::install(Message& message, TemplateRecord& record, TemplateKind kind, const uint8_t* at) {
  Known& known = *message.known;
  auto tell = [&](TemplateNews news) {
    if (config_.observer) config_.observer->template_record(place(message, at), record, news);
  };
  if (record.is_withdrawal()) {
    tell(TemplateNews::withdrawn);
    return withdraw(message, record, kind);
  }
  if (config_.observer) refresh(known);
  const bool is_newest = known.version == known.session->version();
  const KnownTemplate* earlier = known.plans->known(record.id);
  const bool same = earlier && earlier->plan->same_layout(record);
  tell(!earlier ? TemplateNews::first : same ? TemplateNews::repeated : TemplateNews::changed);
  const bool in_force = same && earlier->confirmed() && message.context.boot == known.plans->boot;
  if (in_force && is_newest) {  // a repetition, as UDP needs them
    earlier->sent_ns->store(os::monotonic_ns(), std::memory_order_relaxed);
    return;
  }
  if (standing_ == Standing::denied) return known.account->count(Refused::out_of_sequence);
  SetContext context = message.context;
  if (!has_data_before(message, record.id)) context.set_offset = 0;
  std::unique_lock pinned = pin(message);
  if (!pinned) return;
  context.boot = message.context.boot;
  TemplateStore::Installed installed = templates_.install(*known.session, std::move(record), context,
                                                          os::monotonic_ns(), TemplateStore::Journaling::later);
  pinned.unlock();
  writes_journal_ = true;
  count_forgotten(installed.forgotten);
  Account& account = *known.account;
  if (installed.refused) return account.count(*installed.refused);
  if (installed.added) account.templates.add();
  give_up(installed.quarantined, GivenUp::quarantined);
  if (!installed.released.empty()) released_.push_back({std::move(installed.plan), std::move(installed.released)});
}

// On a connection it is obeyed (RFC 7011 §8.1); over UDP it is of no effect (§8.4).
void Decoder::withdraw(Message& message, const TemplateRecord& record, TemplateKind kind) {
  Known& known = *message.known;
  known.account->withdrawals.add();
  if (!known.stream->key.is_connection()) return;
  std::unique_lock pinned = pin(message);
  if (!pinned) return;
  const size_t withdrawn = templates_.withdraw(*known.session, record.id, kind);
  pinned.unlock();
  known.account->templates.add(-static_cast<int64_t>(withdrawn));
}

// What one datagram has changed, in one write.
void Decoder::write_journal() {
  if (std::exchange(writes_journal_, false)) templates_.write_journal();
}

// Whether a data set of that id stands in the message before the set that is being read.
bool Decoder::has_data_before(Message& message, uint16_t set_id) {
  size_t& at = message.looked_at;
  if (at == 0) data_ids_.clear();
  for (; at < message.context.set_offset; at += load_be16(message.sets.data() + at + 2))
    if (uint16_t id = load_be16(message.sets.data() + at); id >= kFirstDataSet) data_ids_.insert(id);
  return data_ids_.contains(set_id);
}

// What options data of this very message told holds for the data sets after them. Looking it up makes the next change
// to it a copy of it all, so it is not done for more options data, and not for ever in one message.
void Decoder::take_options(Message& message, uint16_t set_id) {
  static constexpr uint32_t kMost = 8;
  Known& known = *message.known;
  const Plan* plan = known.plans->sole(set_id, message.context.boot);
  if (message.options_taken >= kMost || (plan && plan->kind == TemplateKind::options)) return;
  ++message.options_taken;
  options_told_ = false;
  refresh(known);
}

void Decoder::read_data_set(Message& message, uint16_t set_id, Bytes body) {
  if (message.stale) return hold(message, set_id, body);
  if (options_told_) take_options(message, set_id);
  // Looked up for each set: options data of this very message may have told it.
  uint64_t init_ms = message.known->plans->options->system_init_ms();
  message.base.system_init_ns = static_cast<int64_t>(init_ms * 1'000'000);
  if (const Plan* plan = message.known->plans->sole(set_id, message.context.boot)) {
    message.records += read_records(message, *plan, body);
    return;
  }
  PlanChoice choice = message.known->plans->choose(set_id, message.context);
  if (choice.quarantine) return quarantine(message, set_id, body);
  if (!choice.plan) return hold(message, set_id, body);
  uint32_t records = read_records(message, **choice.plan, body);
  message.records += records;
}

HeldSet Decoder::held_set(const Message& message, uint16_t set_id, Bytes body) {
  HeldSet set{message.known->stream->key, set_id, os::monotonic_ns(), message.context, {body.begin(), body.end()}};
  set.context.offset += static_cast<uint32_t>(body.data() - message.start);
  return set;
}

void Decoder::hold(Message& message, uint16_t set_id, Bytes body) {
  Account& account = *message.known->account;
  dropped_.clear();
  TemplateStore::Held held = templates_.hold(held_set(message, set_id, body), dropped_);
  if (held.quarantine) return quarantine(message, set_id, body);
  if (held.plan) {
    message.records += read_records(message, *held.plan, body);  // another worker has just installed it
    return;
  }
  account.missing_template.add();
  account.held.add();
  account.held_bytes.add(static_cast<int64_t>(body.size()));
  ++message.sets_held;
  give_up(dropped_);
}

// The only templates known are of after the set was sent, or the right one is no longer there. Where but one layout was
// ever known, nothing speaks for another one.
void Decoder::quarantine(Message& message, uint16_t set_id, Bytes body) {
  Account& account = *message.known->account;
  if (auto only = templates_.only_layout(*message.known->plans, set_id, body)) {
    message.fallback = true;
    const uint32_t records = read_records(message, *only, body);
    message.fallback = false;
    message.records += records;
    return account.fallback.add(records);
  }
  account.missing_template.add();
  account.quarantined.add();
  account.quarantined_bytes.add(static_cast<int64_t>(body.size()));
  ++message.sets_quarantined;
  if (config_.observer) config_.observer->given_up(held_set(message, set_id, body), true);
}

// Counts the datagram, and what its sequence number says of those before it.
void Decoder::finish(const Message& message, uint32_t units, bool units_known) {
  Account& account = *message.known->account;
  write_journal();
  options_told_ = false;
  if (message.records > 0) note_records(*message.known);
  if (!message.followed)
    count_unfollowed(account, message.records);
  else if (message.known->stream && !sequence_unit(message.protocol).empty())
    follow_sequence(message, units, units_known);
  account.clock_skew_ns.set(message.context.received_ns - message.context.export_ns);
  account.datagrams.add_last();
}

void Decoder::note_records(const Known& known) {
  if (known.stream && !known.stream->gave_records.load(std::memory_order_relaxed))
    known.stream->gave_records.store(true, std::memory_order_relaxed);
  if (known.session) known.session->gave_record();
}

}  // namespace weir
