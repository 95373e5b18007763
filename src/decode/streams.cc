// SPDX-License-Identifier: Apache-2.0
#include "decode/streams.h"

#include <algorithm>

#include "os/state_memory.h"

namespace weir {

std::shared_ptr<Stream> Streams::find(const SessionKey& key, int64_t now_ns) {
  std::lock_guard lock(mutex_);
  auto found = streams_.find(key);
  if (found != streams_.end()) return found->second;
  if (streams_.size() >= limits::kSessions) make_room(now_ns);
  if (streams_.size() >= limits::kSessions) return nullptr;
  Account& account = ledger_.account({key.exporter, key.protocol, key.domain});
  auto stream = os::make_shared_state<Stream>(key, account);
  if (has_templates(key.protocol)) {
    stream->session = templates_.session(key);
    stream->session->seen(now_ns);
    stream->sequence = StreamSequence(templates_.plans(*stream->session)->boot);
  }
  if (key.protocol == Protocol::sflow5) stream->samples = std::make_unique<SampleSequences>(sample_sources_);
  stream->last_seen_ns.store(now_ns, std::memory_order_relaxed);
  streams_[key] = stream;
  return stream;
}

bool Streams::is_idle(const Stream& stream, int64_t now_ns) const {
  return now_ns - stream.last_seen_ns.load(std::memory_order_relaxed) > limits::kIdleSessionNs;
}

// At most once in ten seconds: a flood of new senders must not make every datagram a sweep.
void Streams::make_room(int64_t now_ns) {
  if (now_ns < next_sweep_ns_) return;
  next_sweep_ns_ = now_ns + 10'000'000'000;
  for (auto it = streams_.begin(); it != streams_.end();) {
    Stream& stream = *it->second;
    if (!is_idle(stream, now_ns) || (stream.session && !templates_.forget_if_empty(stream.key))) {
      ++it;
      continue;
    }
    stream.forgotten.store(true, std::memory_order_relaxed);
    streams_.erase(it++);
  }
  if (streams_.size() >= limits::kSessions) forget_idlest(now_ns);
}

// With their templates. An eighth of the table at most, so that one sweep is enough for a while.
void Streams::forget_idlest(int64_t now_ns) {
  std::vector<std::pair<int64_t, Stream*>> idle;
  for (const auto& [key, stream] : streams_)
    if (is_idle(*stream, now_ns)) idle.emplace_back(stream->last_seen_ns.load(std::memory_order_relaxed), stream.get());
  std::sort(idle.begin(), idle.end());
  idle.resize(std::min(idle.size(), limits::kSessions / 8));
  for (const auto& [seen_ns, stream] : idle) {
    auto templates = static_cast<int64_t>(templates_.forget(stream->key));
    stream->account.templates.add(-templates);
    stream->account.forgotten.add(templates);
    stream->forgotten.store(true, std::memory_order_relaxed);
    streams_.erase(SessionKey(stream->key));
  }
}

std::vector<SequenceRow> Streams::sequence_rows() {
  std::lock_guard lock(mutex_);
  std::vector<SequenceRow> rows;
  for (const auto& [key, stream] : streams_) {
    std::lock_guard stream_lock(stream->mutex);
    SequenceTracker::State state = stream->sequence.state();
    if (state.started)
      rows.push_back(
          {key.exporter, key.port, key.protocol, key.domain, state.next, state.uptime_ms, state.export_seconds});
  }
  return rows;
}

void Streams::restore(const std::vector<SequenceRow>& rows) {
  for (const SequenceRow& row : rows) {
    auto stream = find({row.exporter, row.port, row.protocol, row.domain}, 0);
    if (stream) stream->sequence.restore({true, row.next, row.uptime_ms, row.export_seconds});
  }
}

}  // namespace weir
