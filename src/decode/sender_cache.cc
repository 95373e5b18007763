// SPDX-License-Identifier: Apache-2.0
#include "decode/sender_cache.h"

#include <array>

#include "wire/export_header.h"

namespace weir {
namespace {

constexpr size_t kCacheLine = 64;
constexpr size_t kFewSenders = 256;  // whose state stays in the caches

void note_time(LedgerEntry& entry, int64_t received_ns) {
  if (entry.first_seen_ns.value() == 0) entry.first_seen_ns.set(received_ns);
  entry.last_seen_ns.set(received_ns);
}

void prefetch(const void* object, size_t bytes = kCacheLine) {
  const auto* at = static_cast<const char*>(object);
  for (size_t offset = 0; offset < bytes; offset += kCacheLine) __builtin_prefetch(at + offset);
}

}  // namespace

SenderCache::SenderCache(std::shared_ptr<const ExporterRules> rules, TemplateStore& templates, Streams& streams,
                         Ledger& ledger)
    : rules_(std::move(rules)),
      templates_(templates),
      streams_(streams),
      ledger_(ledger),
      ports_(streams.ignored_ports().table()) {}

void SenderCache::set_rules(std::shared_ptr<const ExporterRules> rules) {
  rules_ = std::move(rules);
  for (auto& [key, sender] : known_) sender.post_counters = rules_->post_counters(key.exporter);
}

void SenderCache::look_at_ports() {
  const uint32_t version = streams_.ignored_ports().version();
  if (version == ports_version_) return;
  ports_version_ = version;  // read before the table: at worst the table is newer
  ports_ = streams_.ignored_ports().table();
}

SessionKey SenderCache::session_of(const Datagram& datagram, Protocol protocol, uint32_t domain) {
  look_at_ports();
  SessionKey key{datagram.exporter, datagram.exporter_port, protocol, domain, datagram.transport, datagram.connection};
  if (ports_->ignores(key)) key.port = 0;
  return key;
}

Sender* SenderCache::known(const SessionKey& key) {
  auto found = known_.find(key);
  if (found == known_.end() || found->second.stream->forgotten.load(std::memory_order_relaxed)) return nullptr;
  return &found->second;
}

Sender* SenderCache::find(const SessionKey& key, int64_t now_ns) {
  if (Sender* sender = known(key)) return sender;
  return remember(key, streams_.find(key, now_ns));
}

Sender* SenderCache::remember(const SessionKey& key, std::shared_ptr<Stream> stream) {
  if (!stream) return nullptr;
  // A forgotten sender is overwritten in place, because a message being read may point to it.
  Sender& sender = known_[key];
  sender.stream = std::move(stream);
  sender.entry = &sender.stream->entry;
  sender.session = sender.stream->session.get();
  sender.post_counters = rules_->post_counters(key.exporter);
  if (sender.session) {
    sender.version = sender.session->version();
    sender.plans = templates_.plans(*sender.session);
  }
  return &sender;
}

void SenderCache::refresh(Sender& sender) const {
  uint32_t version = sender.session->version();
  if (version == sender.version) return;
  sender.version = version;  // read before the plans: at worst they are newer
  sender.plans = templates_.plans(*sender.session);
}

bool SenderCache::begin(Message& message) {
  if (known_.size() >= limits::kSessions) known_.clear();
  drop_forgotten();
  const int64_t now_ns = message.context.received_ns;
  message.sender = known(message.key);
  if (!message.sender) {
    const Streams::First first{message.exporter, message.sequence_header()};
    std::shared_ptr<Stream> stream = streams_.find(message.key, first, now_ns, joined_);
    message.sender = remember(message.key, std::move(stream));
  }
  if (!message.sender) return begin_without_stream(message);
  Sender& sender = *message.sender;
  if (sender.session) refresh(sender);
  note_time(*sender.entry, now_ns);
  sender.stream->last_seen_ns.store(now_ns, std::memory_order_relaxed);
  if (sender.session) sender.session->seen(now_ns);
  return true;
}

// The message is counted, and decoded if that needs nothing from earlier datagrams. Its sequence is then not followed.
bool SenderCache::begin_without_stream(Message& message) {
  const SessionKey& key = message.key;
  without_stream_hold_ = ledger_.hold({key.exporter, key.protocol, key.domain});
  LedgerEntry& entry = **without_stream_hold_;
  without_stream_.entry = &entry;
  message.sender = &without_stream_;
  note_time(entry, message.context.received_ns);
  entry.count(Refused::sessions_full);
  if (!has_templates(key.protocol)) return true;
  entry.datagrams.add_last();
  return false;
}

// While this lock is held the stream stays in the table, so that what is added to its session can be found again and is
// subject to the limits. Another worker may have removed it since the datagram began: then a new stream is used, or the
// one for all ports of the exporter.
std::unique_lock<std::mutex> SenderCache::pin(Message& message) {
  for (;;) {
    const std::shared_ptr<Stream> stream = message.sender->stream;
    std::unique_lock lock(stream->mutex);
    if (!stream->forgotten.load(std::memory_order_relaxed)) return lock;
    lock.unlock();
    look_at_ports();
    if (ports_->ignores(message.key)) message.key.port = 0;
    Sender* sender = find(message.key, message.context.received_ns);
    if (!sender) {
      message.entry().count(Refused::sessions_full);
      return {};
    }
    message.sender = sender;
    message.context.boot = sender->plans->boot;
  }
}

// There may be many of them, and their memory is needed elsewhere.
void SenderCache::drop_forgotten() {
  const uint64_t departures = streams_.departures();
  if (departures == departures_) return;
  departures_ = departures;
  for (auto it = known_.begin(); it != known_.end();) {
    auto here = it++;
    if (here->second.stream->forgotten.load(std::memory_order_relaxed)) known_.erase(here);
  }
}

// The state of ten thousand exporters does not fit into a CPU's caches. A datagram needs some ten cache lines of it,
// reached by following pointers, so decoding would mostly wait for memory. Here the pointers are followed for several
// datagrams in parallel, one step for all of them at a time. sFlow is skipped: its streams are found by data inside the
// datagram, and are few.
void SenderCache::look_ahead(std::span<const Datagram> datagrams) {
  if (known_.size() <= kFewSenders) return;
  std::array<SessionKey, kSideBySide> keys;
  const size_t count = std::min(datagrams.size(), kSideBySide);
  for (size_t i = 0; i < count; ++i) {
    ExportHeader header;
    const Protocol protocol = export_protocol(datagrams[i].bytes);
    if (protocol == Protocol::unknown || protocol == Protocol::sflow5) continue;
    if (!read_export_header(datagrams[i].bytes, protocol, header)) continue;
    keys[i] = session_of(datagrams[i], protocol, header.domain);
    known_.prefetch(keys[i]);
  }
  for (size_t i = 0; i < count; ++i) {
    if (keys[i].protocol == Protocol::unknown) continue;
    auto at = known_.find(keys[i]);
    if (at == known_.end()) continue;
    const Sender& sender = at->second;
    prefetch(sender.stream.get(), Stream::kHotBytes);
    prefetch(sender.entry);
    if (!sender.session) continue;
    prefetch(sender.session);
    prefetch(sender.plans.get(), SessionPlans::kHotBytes);
  }
}

}  // namespace weir
