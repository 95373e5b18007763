// SPDX-License-Identifier: Apache-2.0
// Streams: the senders of datagrams, each with its ledger entry, sequence state and template session. One table
// per process: a sender's datagrams may reach any worker.
//
// If the table or the budget of senders is full, streams are evicted, with their templates: those that never gave
// a decoded record at once, then the idlest of the addresses that hold more than a fair share (base/eviction.h). If it
// is the budget, rows of the ledger without a stream are evicted before them. An eighth is evicted at a time, so that a
// flood of new senders costs a walk of the table only now and then.
//
//   threads  any; a lock for the table (workers keep what they have seen), one lock per stream for its sequence state.
//            Order of locks: table, stream, then those of ledger, templates and budget
//   memory   limits::kSessions, and the SenderBudget. A sender that cannot have a stream is refused: it can happen only
//            to an address that holds more than a fair share
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

  std::mutex mutex;  // guards sequence, samples, strays, follow_from_ns, charged and lost; `forgotten` is set under it
  std::atomic<int64_t> last_seen_ns{0};
  std::atomic<bool> forgotten{false};     // has left the table: look it up again
  std::atomic<bool> gave_records{false};  // it is kept longer than one that never did
  bool has_stray = false;                 // `stray` is set
  bool lists_stray = false;               // it is in the list of streams with a stray
  int64_t follow_from_ns = 0;             // numbers of datagrams received before this are not followed
  StreamSequence sequence;

  const SessionKey key;
  const LedgerHold hold;
  LedgerEntry& entry;
  std::shared_ptr<Session> session;          // null for v5, which has no templates
  std::unique_ptr<SampleSequences> samples;  // sFlow
  std::unique_ptr<Stray> stray;
  uint32_t strays_in_row = 0;  // strays that another one followed, with nothing between that continues the stream
  size_t charged = 0;          // to the budget
  int64_t since_ns = 0;        // when it was created, as passed to find()
  int64_t lost = 0;            // by its sequence numbers, as counted in the entry

  // Whether the number of a datagram received then is followed. The lock is held.
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

  // The stream of a sender, created on first sight; null if there is no capacity.
  std::shared_ptr<Stream> find(const SessionKey& key, int64_t now_ns);

  // The same if it exists already, else null.
  std::shared_ptr<Stream> known(const SessionKey& key);

  // The sessions whose port does not count.
  const IgnoredPorts& ignored_ports() const { return ignored_ports_; }
  // What find() needs from the first datagram of a stream, to know whether its port counts.
  struct First {
    IpAddress agent;  // sFlow's, else the exporter
    SequenceHeader header;
  };
  // Like find(). If the datagram shows that the port does not count, the port becomes 0 in `key`, the streams of the
  // exporter's ports are merged into one, and `joined` is what their sessions had.
  std::shared_ptr<Stream> find(SessionKey& key, const First& first, int64_t now_ns,
                               std::optional<TemplateStore::TakenOver>& joined);

  // Evicts streams if the budget is exceeded. Cheap if it is not. `now_ns`: of the clock that find() is given.
  void keep_to_budget(int64_t now_ns);
  // Charges for the current size of a stream's sequence state. Its lock is held.
  void charge(Stream& stream);
  // Keeps a datagram until its stream shows where it belongs, or nothing more arrives for a while. The stream keeps
  // none yet, and its lock is held.
  void keep(const std::shared_ptr<Stream>& stream, std::unique_ptr<Stray> stray);
  // Takes the stray that a stream keeps, and records where it belongs. Its lock is held.
  std::unique_ptr<Stray> take_stray(Stream& stream, Standing standing);
  // Takes those that have waited for kStrayWaitNs; `all`: every one.
  std::vector<std::unique_ptr<Stray>> take_strays(int64_t monotonic_ns, bool all);

  // How often streams have left the table: a caller that keeps some should check which.
  uint64_t departures() const { return departures_.load(std::memory_order_relaxed); }

  // Sequence state, to be saved with the counts and continued after a restart: of streams that gave records.
  std::vector<SequenceRow> sequence_rows();
  void restore(const std::vector<SequenceRow>& rows);
  // Creates the streams of the sessions that the template store has restored, so that they can be evicted.
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
  // If little could be freed: not again before the budget holds this much, or before that time.
  size_t retry_bytes_ = 0;
  int64_t retry_ns_ = 0;
};

}  // namespace weir
