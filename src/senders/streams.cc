// SPDX-License-Identifier: Apache-2.0
#include "senders/streams.h"

#include <algorithm>
#include <utility>

#include "os/clock.h"
#include "os/state_memory.h"

namespace weir {
namespace {

constexpr size_t kShare = 8;   // 1/kShare of the table or of the budget is freed at a time
constexpr size_t kWorth = 64;  // 1/kWorth of the budget makes another search worth it, if little was found
constexpr int64_t kRetryNs = 1'000'000'000;
// What arrived before all datagrams of a sender went to one worker has no order.
constexpr int64_t kJoiningNs = 1'000'000'000;
// A stream, its place in the tables of Streams and of one worker, and what allocating it costs.
constexpr size_t kStreamBytes = sizeof(Stream) + 3 * sizeof(SessionKey) + 160;
constexpr size_t kSessionBytes = sizeof(Session) + sizeof(SessionPlans) + sizeof(SessionKey) + 128;

size_t first_bytes(Protocol protocol) { return kStreamBytes + (has_templates(protocol) ? kSessionBytes : 0); }

size_t bytes_of(const Stream& stream) {
  return first_bytes(stream.key.protocol) + stream.sequence.more_bytes() +
         (stream.samples ? stream.samples->bytes() : 0) + (stream.stray ? stream.stray->memory_bytes() : 0);
}

}  // namespace

std::shared_ptr<Stream> Streams::find(const SessionKey& key, int64_t now_ns) {
  std::lock_guard lock(mutex_);
  return find_locked(key, now_ns);
}

std::shared_ptr<Stream> Streams::find_locked(const SessionKey& key, int64_t now_ns) {
  auto found = streams_.find(key);
  if (found != streams_.end()) return found->second;
  if (streams_.size() >= limit_) evict_idle();
  const size_t bytes = first_bytes(key.protocol) + ledger_.row_bytes();  // the row may be a new one, too
  if (budget_ && (budget_->is_over() || !budget_->may_keep(key.exporter, bytes))) {
    spend_less(now_ns);
    if (!budget_->may_keep(key.exporter, bytes)) return nullptr;
  }
  auto stream = os::make_shared_state<Stream>(key, ledger_.hold_for_stream({key.exporter, key.protocol, key.domain}));
  if (has_templates(key.protocol)) {
    stream->session = templates_.session(key);
    stream->session->seen(now_ns);
    stream->sequence = StreamSequence(templates_.plans(*stream->session)->boot);
  }
  if (key.protocol == Protocol::sflow5) stream->samples = std::make_unique<SampleSequences>(sample_sources_);
  stream->last_seen_ns.store(now_ns, std::memory_order_relaxed);
  stream->since_ns = now_ns;
  {
    std::lock_guard stream_lock(stream->mutex);
    charge(*stream);
  }
  streams_[key] = stream;
  return stream;
}

std::shared_ptr<Stream> Streams::known(const SessionKey& key) {
  std::lock_guard lock(mutex_);
  auto found = streams_.find(key);
  return found == streams_.end() ? nullptr : found->second;
}

std::shared_ptr<Stream> Streams::find(SessionKey& key, const First& first, int64_t now_ns,
                                      std::optional<TemplateStore::TakenOver>& joined) {
  std::lock_guard lock(mutex_);
  if (auto found = streams_.find(key); found != streams_.end()) return found->second;
  if (!ignored_ports_.shows(key, first.agent, first.header, now_ns)) return find_locked(key, now_ns);
  key.port = 0;
  std::shared_ptr<Stream> stream = find_locked(key, now_ns);
  if (stream) joined = join_ports(*stream, now_ns);
  return stream;
}

// The numbers of the separate ports are followed no further, and those of the joined stream only a moment later. What
// was counted as lost for the ports came from ports that occurred twice, and is taken back.
TemplateStore::TakenOver Streams::join_ports(Stream& joined, int64_t now_ns) {
  bool gave_records = joined.gave_records.load(std::memory_order_relaxed);
  {
    std::lock_guard stream_lock(joined.mutex);
    joined.follow_from_ns = std::max(joined.follow_from_ns, now_ns + kJoiningNs);
  }
  std::vector<std::shared_ptr<Stream>> ports;
  for (const auto& [key, stream] : streams_) {
    SessionKey without_port = key;
    without_port.port = 0;
    if (without_port == joined.key && key != joined.key) ports.push_back(stream);
  }
  for (const auto& stream : ports) {
    gave_records |= stream->gave_records.load(std::memory_order_relaxed);
    leave(*stream);
    std::lock_guard stream_lock(stream->mutex);
    if (now_ns - stream->since_ns <= IgnoredPorts::kWindowNs) joined.entry.sequence_lost.add(-stream->lost);
  }
  joined.gave_records.store(gave_records, std::memory_order_relaxed);
  departures_.fetch_add(1, std::memory_order_relaxed);
  if (!joined.session) return {};
  TemplateStore::TakenOver taken = templates_.take_over_ports(*joined.session, os::monotonic_ns());
  joined.entry.templates.add(static_cast<int64_t>(taken.added) - static_cast<int64_t>(taken.templates));
  return taken;
}

void Streams::charge(Stream& stream) {
  if (!budget_ || stream.forgotten.load(std::memory_order_relaxed)) return;
  const size_t bytes = bytes_of(stream);
  if (bytes > stream.charged) budget_->add(stream.key.exporter, bytes - stream.charged);
  if (bytes < stream.charged) budget_->remove(stream.key.exporter, stream.charged - bytes);
  stream.charged = bytes;
}

void Streams::keep(const std::shared_ptr<Stream>& stream, std::unique_ptr<Stray> stray) {
  stream->stray = std::move(stray);
  stream->has_stray = true;
  charge(*stream);
  if (std::exchange(stream->lists_stray, true)) return;
  std::lock_guard lock(with_stray_mutex_);
  with_stray_.push_back(stream);
}

std::unique_ptr<Stray> Streams::take_stray(Stream& stream, Standing standing) {
  std::unique_ptr<Stray> stray = std::move(stream.stray);
  stream.has_stray = false;
  stray->standing = standing;
  charge(stream);
  return stray;
}

// If nothing else arrived, nothing speaks against the stray.
std::vector<std::unique_ptr<Stray>> Streams::take_strays(int64_t monotonic_ns, bool all) {
  std::unique_lock list_lock(with_stray_mutex_);
  std::vector<std::shared_ptr<Stream>> streams = std::exchange(with_stray_, {});
  list_lock.unlock();
  std::vector<std::unique_ptr<Stray>> taken;
  std::erase_if(streams, [&](const std::shared_ptr<Stream>& stream) {
    std::lock_guard lock(stream->mutex);
    if (stream->stray && !all && monotonic_ns - stream->stray->since_ns < kStrayWaitNs) return false;
    stream->lists_stray = false;
    if (stream->stray)
      taken.push_back(take_stray(*stream, stream->stray->gone_on > 0 ? Standing::denied : Standing::confirmed));
    return true;
  });
  list_lock.lock();
  with_stray_.insert(with_stray_.end(), streams.begin(), streams.end());
  return taken;
}

std::vector<EvictionEntry> Streams::entries() const {
  std::vector<EvictionEntry> all;
  all.reserve(streams_.size());
  for (const auto& [key, stream] : streams_)
    all.push_back({key.exporter, stream->gave_records.load(std::memory_order_relaxed),
                   stream->last_seen_ns.load(std::memory_order_relaxed), stream.get()});
  return all;
}

// There are too many streams. Any of them may have to be evicted; an eighth is.
void Streams::evict_idle() {
  const size_t goal = limit_ - std::max<size_t>(limit_ / kShare, 1);
  for (const void* what : eviction_order(entries(), limit_)) {
    if (streams_.size() <= goal) break;
    forget(*static_cast<Stream*>(const_cast<void*>(what)));
  }
  departures_.fetch_add(1, std::memory_order_relaxed);
}

// Streams and the other state kept for senders take too much memory.
void Streams::spend_less(int64_t now_ns) {
  const size_t before = budget_->total(), goal = budget_->limit() - budget_->limit() / kShare;
  if (before < retry_bytes_ && now_ns < retry_ns_) return;
  ledger_.keep_to_budget();
  for (const void* what : eviction_order(entries(), *budget_)) {
    if (budget_->total() <= goal) break;
    forget(*static_cast<Stream*>(const_cast<void*>(what)));
  }
  departures_.fetch_add(1, std::memory_order_relaxed);
  const size_t worth = budget_->limit() / kWorth;
  const bool little = budget_->total() + worth > before;
  retry_bytes_ = little ? budget_->total() + worth : 0;
  retry_ns_ = now_ns + kRetryNs;
}

void Streams::keep_to_budget(int64_t now_ns) {
  if (!budget_ || !budget_->is_over()) return;
  std::lock_guard lock(mutex_);
  spend_less(now_ns);
}

// Counted like datagrams of a sender for which there is no capacity.
void Streams::forget_stray(Stream& stream) {
  if (!stream.stray) return;
  const int64_t datagrams = 1 + int64_t{stream.stray->copies};
  stream.entry.count(Refused::sessions_full, datagrams);
  stream.entry.datagrams.add_last(datagrams);
  stream.stray.reset();
  stream.has_stray = false;
}

// Evicts a stream with its templates. A worker that is reading a datagram of it continues; see SenderCache::pin.
void Streams::forget(Stream& stream) {
  const std::shared_ptr<Stream> kept = streams_.at(stream.key);
  leave(stream);
  if (stream.session && !templates_.forget_if_empty(stream.key)) {
    auto templates = static_cast<int64_t>(templates_.forget(stream.key));
    stream.entry.templates.add(-templates);
    stream.entry.forgotten.add(templates);
  }
}

// Removes a stream from the table. The caller holds a pointer to it.
void Streams::leave(Stream& stream) {
  std::lock_guard lock(stream.mutex);
  stream.forgotten.store(true, std::memory_order_relaxed);
  forget_stray(stream);
  if (budget_) budget_->remove(stream.key.exporter, std::exchange(stream.charged, 0));
  stream.entry.streams.fetch_sub(1, std::memory_order_relaxed);
  streams_.erase(SessionKey(stream.key));
}

// Streams that gave no records are left out: a gap in them says nothing, and they may be many. A connection ends with
// the process.
std::vector<SequenceRow> Streams::sequence_rows() {
  std::lock_guard lock(mutex_);
  std::vector<SequenceRow> rows;
  for (const auto& [key, stream] : streams_) {
    if (key.is_connection() || !stream->gave_records.load(std::memory_order_relaxed)) continue;
    std::lock_guard stream_lock(stream->mutex);
    SequenceTracker::State state = stream->sequence.state();
    if (state.started) rows.push_back({key, state.next, state.uptime_ms, state.export_seconds});
  }
  return rows;
}

void Streams::restore(const std::vector<SequenceRow>& rows) {
  for (const SequenceRow& row : rows) {
    auto stream = restore(row.session);
    if (stream) stream->sequence.restore({true, row.next, row.uptime_ms, row.export_seconds});
  }
}

void Streams::restore_sessions() {
  std::vector<SessionKey> keys;
  templates_.for_each([&](const SessionKey& key, const Plan&) {
    if (keys.empty() || keys.back() != key) keys.push_back(key);
  });
  for (const SessionKey& key : keys) restore(key);
}

// What is known of the stream is taken from its ledger entry.
std::shared_ptr<Stream> Streams::restore(const SessionKey& key) {
  if (key.port == 0 && !key.is_connection()) ignored_ports_.learn(key);
  std::shared_ptr<Stream> stream = find(key, 0);
  if (!stream) return nullptr;
  stream->gave_records.store(stream->entry.gave_records(), std::memory_order_relaxed);
  stream->last_seen_ns.store(stream->entry.last_seen_ns.value(), std::memory_order_relaxed);
  return stream;
}

}  // namespace weir
