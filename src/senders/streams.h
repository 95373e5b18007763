// SPDX-License-Identifier: Apache-2.0
// Streams: who sends us datagrams, and what each sender's entry, sequence state and template session are. One table
// per process: a sender's datagrams may reach any worker.
//
// Where the table or the budget of senders is full, streams make capacity, with their templates: those that never gave
// a decoded record at once, then the idlest of the addresses that hold more than a fair share (base/eviction.h). Before
// them, where it is the budget, rows of the ledger without a stream do. An eighth goes at a time, so that a flood of
// new senders costs a walk of the table only now and then.
//
//   threads  any; a lock for the table (workers keep what they have seen), one lock per stream for its sequence state.
//            Order of locks: table, stream, then those of ledger, templates and budget
//   memory   limits::kSessions, and the SenderBudget. Who cannot have a stream is refused: it can happen only to an
//            address that holds more than a fair share
#pragma once

#include <absl/container/flat_hash_map.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/eviction.h"
#include "base/sender_budget.h"
#include "ledger/ledger.h"
#include "ledger/sequence_row.h"
#include "senders/ignored_ports.h"
#include "senders/sample_sequence.h"
#include "senders/stray.h"
#include "senders/stream_sequence.h"
#include "templates/store.h"

namespace weir {

struct alignas(64) Stream {
  Stream(const SessionKey& k, LedgerHold a) : key(k), hold(std::move(a)), entry(*hold) {}
  static constexpr size_t kHotBytes = 128;  // what every datagram reads or writes comes first: two cache lines

  std::mutex mutex;  // of sequence, samples, strays, follow_from_ns, charged and lost; `forgotten` is set under it
  std::atomic<int64_t> last_seen_ns{0};
  std::atomic<bool> forgotten{false};     // left the table: look it up again
  std::atomic<bool> gave_records{false};  // it is worth more than one that never did
  bool has_stray = false;                 // `stray` is set
  bool lists_stray = false;               // Streams looks after it
  int64_t follow_from_ns = 0;             // numbers of what was received before are not followed
  StreamSequence sequence;

  const SessionKey key;
  const LedgerHold hold;
  LedgerEntry& entry;
  std::shared_ptr<Session> session;          // null for v5, which has no templates
  std::unique_ptr<SampleSequences> samples;  // sFlow
  std::unique_ptr<Stray> stray;
  uint32_t strays_in_row = 0;  // that another one followed, with nothing between that goes on
  size_t charged = 0;          // to the budget
  int64_t since_ns = 0;        // when it was made, as find() was told
  int64_t lost = 0;            // of its numbers, as counted in the entry

  // Whether the number of what was received then is followed. The lock is held.
  bool follows(int64_t received_ns) const { return received_ns >= follow_from_ns; }
};

class Streams {
 public:
  // `budget` (null: none) outlives this.
  Streams(Ledger& ledger, TemplateStore& templates, SenderBudget* budget = nullptr, size_t limit = limits::kSessions,
          IgnorePorts ignore_ports = {})
      : ledger_(ledger),
        templates_(templates),
        budget_(budget),
        limit_(limit),
        ignored_ports_(std::move(ignore_ports)) {}

  // The stream of a sender, made on first sight; null where there is no capacity.
  std::shared_ptr<Stream> find(const SessionKey& key, int64_t now_ns);

  // The same where there is one already, else null.
  std::shared_ptr<Stream> known(const SessionKey& key);

  // Of which sessions the port does not count.
  const IgnoredPorts& ignored_ports() const { return ignored_ports_; }
  // What the first datagram of a stream tells that find() needs to know whether its port counts.
  struct First {
    IpAddress agent;  // sFlow's, else the exporter
    SequenceHeader header;
  };
  // As find(). Where the datagram shows that the port does not count, that becomes 0 in `key`, the streams of the
  // exporter's ports become one, and `joined` is what their sessions had.
  std::shared_ptr<Stream> find(SessionKey& key, const First& first, int64_t now_ns,
                               std::optional<TemplateStore::TakenOver>& joined);

  // Streams leave where the budget is exceeded. Cheap where it is not. `now_ns`: any clock that find() is told of.
  void keep_to_budget(int64_t now_ns);
  // Charges what a stream's sequence state has grown to. Its lock is held.
  void charge(Stream& stream);
  // Keeps a datagram until its stream tells where it belongs, or nothing more comes for a while. The stream has none,
  // and its lock is held.
  void keep(const std::shared_ptr<Stream>& stream, std::unique_ptr<Stray> stray);
  // What a stream keeps, with what it has told by now. Its lock is held.
  std::unique_ptr<Stray> take_stray(Stream& stream, Standing standing);
  // Those that have waited for kStrayWaitNs; `all`: every one.
  std::vector<std::unique_ptr<Stray>> take_strays(int64_t monotonic_ns, bool all);

  // How often streams have left the table: whoever keeps some should look which.
  uint64_t departures() const { return departures_.load(std::memory_order_relaxed); }

  // Sequence state, to be kept with the counts and continued after a restart: of streams that gave records.
  std::vector<SequenceRow> sequence_rows();
  void restore(const std::vector<SequenceRow>& rows);
  // Makes the streams of the sessions that the template store has kept, so that they can make capacity.
  void restore_sessions();

 private:
  std::shared_ptr<Stream> restore(const SessionKey& key);
  std::shared_ptr<Stream> find_locked(const SessionKey& key, int64_t now_ns);
  TemplateStore::TakenOver join_ports(Stream& joined, int64_t now_ns);
  void evict_idle();
  void spend_less(int64_t now_ns);
  std::vector<EvictionEntry> entries() const;
  void forget(Stream& stream);
  void leave(Stream& stream);
  static void forget_stray(Stream& stream);

  Ledger& ledger_;
  TemplateStore& templates_;
  SenderBudget* const budget_;
  const size_t limit_;
  IgnoredPorts ignored_ports_;
  const std::shared_ptr<SampleSourceCapacity> sample_sources_ = std::make_shared<SampleSourceCapacity>();
  std::mutex mutex_;
  absl::flat_hash_map<SessionKey, std::shared_ptr<Stream>> streams_;
  std::atomic<uint64_t> departures_{0};
  std::mutex with_stray_mutex_;  // may be taken while a stream's lock is held
  std::vector<std::shared_ptr<Stream>> with_stray_;
  // Where little could be made free: not before the budget holds more, or that time.
  size_t retry_bytes_ = 0;
  int64_t retry_ns_ = 0;
};

}  // namespace weir
