// SPDX-License-Identifier: Apache-2.0
// Streams: who sends us datagrams, and what each sender's account, sequence state and template session are. One table
// per process: a sender's datagrams may reach any worker.
//
//   threads  any; a lock for the table (workers keep what they have seen), one lock per stream for its sequence state
//   memory   limits::kSessions; when full, streams idle for limits::kIdleSessionNs make room, those without templates
//            first, then the idlest; else the newcomer is refused
#pragma once

#include <absl/container/flat_hash_map.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/sample_sequence.h"
#include "ledger/sequence_row.h"
#include "ledger/stream_sequence.h"
#include "templates/store.h"

namespace weir {

struct alignas(64) Stream {
  explicit Stream(const SessionKey& k, Account& a) : key(k), account(a) {}
  static constexpr size_t kHotBytes = 128;  // what every datagram reads or writes comes first: two cache lines

  std::mutex mutex;  // of sequence and samples
  std::atomic<int64_t> last_seen_ns{0};
  std::atomic<bool> forgotten{false};  // left the table: look it up again
  StreamSequence sequence;

  const SessionKey key;
  Account& account;
  std::shared_ptr<Session> session;          // null for v5, which has no templates
  std::unique_ptr<SampleSequences> samples;  // sFlow
};

class Streams {
 public:
  Streams(Ledger& ledger, TemplateStore& templates) : ledger_(ledger), templates_(templates) {}

  // The stream of a sender, made on first sight; null where the table is full.
  std::shared_ptr<Stream> find(const SessionKey& key, int64_t now_ns);

  // Sequence state, to be kept with the counts and continued after a restart.
  std::vector<SequenceRow> sequence_rows();
  void restore(const std::vector<SequenceRow>& rows);

 private:
  void make_room(int64_t now_ns);
  void forget_idlest(int64_t now_ns);
  bool is_idle(const Stream& stream, int64_t now_ns) const;

  Ledger& ledger_;
  TemplateStore& templates_;
  const std::shared_ptr<SampleSourceRoom> sample_sources_ = std::make_shared<SampleSourceRoom>();
  std::mutex mutex_;
  absl::flat_hash_map<SessionKey, std::shared_ptr<Stream>> streams_;
  int64_t next_sweep_ns_ = 0;
};

}  // namespace weir
