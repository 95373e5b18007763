// SPDX-License-Identifier: Apache-2.0
#include "decode/streams.h"

namespace weir {

std::shared_ptr<Stream> Streams::find(const SessionKey& key, int64_t now_ns) {
  std::lock_guard lock(mutex_);
  auto found = streams_.find(key);
  if (found != streams_.end()) return found->second;
  if (streams_.size() >= limits::kSessions) make_room(now_ns);
  if (streams_.size() >= limits::kSessions) return nullptr;
  Account& account = ledger_.account({key.exporter, key.protocol, key.domain});
  auto stream = std::make_shared<Stream>(key, account);
  if (has_templates(key.protocol)) stream->session = templates_.session(key);
  if (key.protocol == Protocol::sflow5) stream->samples = std::make_unique<SampleSequences>(sample_sources_);
  stream->last_seen_ns.store(now_ns, std::memory_order_relaxed);
  streams_[key] = stream;
  return stream;
}

// At most once in ten seconds: a flood of new senders must not make every datagram a sweep.
void Streams::make_room(int64_t now_ns) {
  if (now_ns < next_sweep_ns_) return;
  next_sweep_ns_ = now_ns + 10'000'000'000;
  for (auto it = streams_.begin(); it != streams_.end();) {
    Stream& stream = *it->second;
    bool idle = now_ns - stream.last_seen_ns.load(std::memory_order_relaxed) > kIdleNs;
    if (!idle || (stream.session && !templates_.forget_if_empty(stream.key))) {
      ++it;
      continue;
    }
    stream.forgotten.store(true, std::memory_order_relaxed);
    streams_.erase(it++);
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
