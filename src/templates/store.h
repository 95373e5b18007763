// SPDX-License-Identifier: Apache-2.0
// Stores the templates and options state of all sessions: one store per process.
//
//   in       template records, options state, restarts of exporters, data sets whose template is not known
//   out      plans; data sets released by the template they waited for, or given up
//   threads  any; writers are serialised by one lock; readers keep the plans of a session they have seen and
//            look again only when the session's version has changed
//   memory   limits::kSessions, kTemplatesPerExporter, kTemplates, kOptionsBytes, the hold limits, a limit on the bytes
//            of templates per exporter, and the budget of all that is kept for senders. If the templates or the budget
//            are used up, an exporter below a fair share of them still gets in, and loses no session that has given a
//            record. To free space, sessions lose all they have, in this order, the idlest of each kind first: of
//            exporters above a fair share those that never gave a record; of the others those that gave none for some
//            seconds after their first template; of exporters above a fair share those with records. An exporter at
//            its own limits loses its sessions that never gave a record or have long been idle. Anything else over a
//            limit is refused and counted. A layout that was replaced is kept beside its successor for
//            limits::kPreviousPlanNs
//   failure  every failed write of the journal is counted, the first one logged, and writing it is tried again later;
//            templates still work
//
// Key: the session (base/session_key.h) and the template id. What is sent on a connection applies to that connection
// only: it is not lent to another, is no fallback for another session, and is not in the journal, since the
// connection does not outlive the process.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/limits.h"
#include "os/state_memory.h"
#include "templates/borrow.h"
#include "templates/held.h"
#include "templates/journal.h"
#include "templates/plan_cache.h"
#include "templates/session_plans.h"

namespace weir {

// Aligned so that the members that every datagram reads and writes are in one cache line.
class alignas(64) Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(const SessionKey& k) : key(k), plans_(os::make_shared_state<SessionPlans>()) {}
  const SessionKey key;
  // Changes whenever plans() would return something different.
  uint32_t version() const { return version_.load(std::memory_order_acquire); }
  // A datagram of the session arrived. Wall-clock time of receipt.
  void seen(int64_t received_ns) { seen_ns_.store(received_ns, std::memory_order_relaxed); }
  // A record of the session was decoded: it is not among the first to be evicted.
  void gave_record() {
    if (!has_given_record()) gave_record_.store(true, std::memory_order_relaxed);
  }
  bool has_given_record() const { return gave_record_.load(std::memory_order_relaxed); }

 private:
  friend class TemplateStore;
  std::atomic<uint32_t> version_{0};
  std::atomic<bool> gave_record_{false};
  std::atomic<int64_t> seen_ns_{0};
  int64_t since_ns_ = 0;  // when it got its first template, receive time; the store's lock guards this and all below
  // Changed in place until it has been given out; then a copy is changed.
  std::shared_ptr<SessionPlans> plans_;
  bool given_out_ = false;
  bool options_given_out_ = true;
  bool borrow_stale_ = true;   // what it borrows must be looked up again
  size_t borrowed_bytes_ = 0;  // charged for what it borrows
};

struct TemplateStoreConfig {
  HoldLimits hold;
  int64_t fallback_after_ns = 0;  // 0: never
  Borrow borrow = Borrow::domain;
  int64_t lifetime_ns = 0;   // a template that is not sent again for this long is forgotten; 0: never
  std::string journal_path;  // empty: no journal
  const FieldTable* fields = &FieldTable::plain();
  size_t max_templates_per_exporter = limits::kTemplatesPerExporter;
  size_t max_templates = limits::kTemplates;
  size_t max_options_bytes = limits::kOptionsBytes;
  size_t max_templates_bytes_per_exporter = limits::kTemplatesBytesPerExporter;
  SenderBudget* budget = nullptr;            // that templates, options and held sets are charged to; null: none
  KeepFields keep_fields = KeepFields::yes;  // of plans
  std::function<bool()> stop_loading;  // called repeatedly while the journal is read: true ends that (loading_stopped)
};

class TemplateStore {
 public:
  // Reads the journal; throws usage_error if it cannot be used.
  explicit TemplateStore(const TemplateStoreConfig& config);
  // The journal was not read to its end, and is unchanged: the store must not be used.
  bool loading_stopped() const { return loading_stopped_; }

  // Applies to what arrives later; what is already stored stays.
  void set_limits(const HoldLimits& hold, size_t max_templates_bytes_per_exporter);

  std::shared_ptr<Session> session(const SessionKey& key);
  // Drops a session that has neither templates nor options data; false (and it stays) if it has any.
  bool forget_if_empty(const SessionKey& key);
  // Drops a session with all its templates; returns how many it had.
  size_t forget(const SessionKey& key);
  // The plans as they are now. Call this after a group of changes, not between them: the next change makes a copy.
  std::shared_ptr<const SessionPlans> plans(Session& session);

  // When a change goes to the journal: at once, or with the next write_journal(), all in one write.
  enum class Journaling : uint8_t { at_once, later };
  void write_journal();  // cheap if there is nothing to write

  // Templates that a session has lost.
  struct Forgotten {
    SessionKey session;
    size_t templates = 0;
  };
  struct Installed {
    bool changed = false;  // a new id or another layout
    bool added = false;    // a new id
    // Why it was not accepted. If it is another layout of a known id, that id is forgotten: its layout is now unknown.
    std::optional<Refused> refused;
    std::vector<HeldSet> released;     // waited for it, oldest first: decode them now
    std::vector<HeldSet> quarantined;  // waited for that id, but do not fit its new layout
    std::vector<Forgotten> forgotten;  // to free space
    std::shared_ptr<const Plan> plan;  // null if it arrived too late to be used
  };
  // `context`: of the message that contains it; its `set_offset` is 0 if no data set of that id precedes it there.
  Installed install(Session& session, TemplateRecord record, const SetContext& context, int64_t monotonic_ns,
                    Journaling journaling = Journaling::at_once);

  // The exporter has withdrawn a template (RFC 7011 §8.1); an id under 256: all of that kind. Returns how many there
  // were.
  size_t withdraw(Session& session, uint16_t template_id, TemplateKind kind);

  // Data sets, and the layout that decodes them.
  struct Fallback {
    std::shared_ptr<const Plan> plan;
    std::vector<HeldSet> sets;
  };

  // The exporter has restarted, its boot number is now `boot`: templates are unconfirmed until they are sent again.
  // Returns the sets held from before. Has no effect if the boot is already known.
  struct Restarted {
    std::vector<Fallback> fallbacks;   // for ids with only one layout ever known, which fits
    std::vector<HeldSet> quarantined;  // never to be decoded
  };
  Restarted restarted(Session& session, uint32_t boot);
  // The layout with which a set may be decoded rather than given up: the only one ever known, if it fits. Null if there
  // is none, or templates.fallback is off.
  std::shared_ptr<const Plan> only_layout(const SessionPlans& plans, uint16_t template_id, Bytes body) const;

  // The source port no longer distinguishes that exporter's sessions: this session takes over what the sessions of its
  // ports have, and those are dropped. It gets the newest template of each id, the options data of the session seen
  // last (if it has none of its own), and the held sets.
  struct TakenOver {
    std::vector<Fallback> released;   // their template is known
    std::vector<HeldSet> dropped;     // there was no space left for them
    size_t templates = 0, added = 0;  // that those sessions had; that this one did not have
  };
  TakenOver take_over_ports(Session& session, int64_t monotonic_ns);

  // Holds a data set whose template is not known. If the template arrived in the meantime, returns its plan instead and
  // holds nothing. Sets evicted to free space are appended to `dropped`.
  struct Held {
    std::shared_ptr<const Plan> plan;
    bool quarantine = false;  // it arrived in the meantime, but does not apply to this set
  };
  Held hold(HeldSet set, std::vector<HeldSet>& dropped);

  // Applies what the options records of one data set announced, in order. Returns how many facts did not fit.
  size_t apply(Session& session, std::span<const OptionsFact> facts, Journaling journaling = Journaling::at_once);

  // Data sets that have waited long enough to be decoded with the layout from before a restart, or with the template
  // that the same exporter sent from another source port for the same domain: the latter only if every layout known
  // for that id is the same. Either must fit the sets.
  // `all`: as if every set had waited long enough (the end of a file).
  std::vector<Fallback> take_fallbacks(int64_t now_ns, bool all = false);
  // Sets that waited longer than hold_for.
  std::vector<HeldSet> take_expired(int64_t now_ns);
  std::vector<HeldSet> take_all_held();
  // Forgets templates older than the configured lifetime, and replaced layouts whose time is over. Monotonic clock.
  std::vector<Forgotten> forget_old(int64_t now_ns);

  // What data sets wait for: at most `limit` keys, those with the most sets.
  std::vector<HeldSets::Waiting> waiting(size_t limit) const;
  size_t waiting_count() const;

  size_t template_count() const;
  // How often the plans of a session were copied for a change.
  uint64_t copies() const;
  uint64_t journal_errors() const { return journal_errors_.load(std::memory_order_relaxed); }
  // Visits every known template, for display.
  void for_each(const std::function<void(const SessionKey&, const Plan&)>& visit) const;

 private:
  struct GroupKey {  // sessions that may share templates across source ports
    IpAddress exporter;
    Protocol protocol;
    uint32_t domain;
    bool operator==(const GroupKey&) const = default;
    template <class H>
    friend H AbslHashValue(H h, const GroupKey& k) {
      return H::combine(std::move(h), k.exporter, k.protocol, k.domain);
    }
  };
  static GroupKey group_of(const SessionKey& k) { return {k.exporter, k.protocol, k.domain}; }
  // The templates of one exporter, and the sessions that have them.
  struct Exporter {
    size_t templates = 0;
    size_t bytes = 0;  // of its templates
    std::vector<std::shared_ptr<Session>> sessions;
    int64_t swept_ns = INT64_MIN / 2;
    // How many templates arrived in this second of receive time.
    int64_t second = INT64_MIN;
    uint32_t added = 0, changed = 0;
  };
  struct Replaced {
    int64_t until_ns;  // monotonic
    std::weak_ptr<Session> session;
    uint16_t template_id;
  };

  Session& session_locked(const SessionKey& key);
  Installed install_locked(Session& session, TemplateRecord record, const SetContext& context, int64_t now_ns,
                           bool journal);
  void install_late(Session& session, TemplateRecord record, const SetContext& context, Installed& result);
  void put(Session& session, std::shared_ptr<KnownTemplate> known);
  void confirm(Session& session, const KnownTemplate& known, const SetContext& context);
  void release(Session& session, uint16_t template_id, bool must_fit, Installed& result);
  std::optional<Refused> refuse(const Session& session, size_t bytes, bool is_known) const;
  std::optional<Refused> admit(const Session& session, const TemplateRecord& record, const SetContext& context,
                               std::vector<Forgotten>& forgotten);
  bool comes_too_often(const Session& session, bool is_known, int64_t received_ns);
  void refuse_change(Session& session, uint16_t template_id, Installed& result);
  SessionPlans& edit(Session& session);
  struct Kept {  // bytes of memory
    size_t templates = 0, options = 0;
  };
  static Kept kept(const Session& session);
  void charge(const Session& session, const Kept& before);
  bool may_tell(const Session& session, const OptionsFact& fact, const Kept& before) const;
  // store_borrow.cc
  void borrow(Session& session);
  void announced_again(const Session& lender);
  static std::shared_ptr<const OptionsState> together(const std::vector<Session*>& lenders, Borrowed::Kind kind);
  static uint64_t announced_rate(uint32_t domain, const std::vector<Session*>& lenders);
  std::vector<Session*> lenders_of(const Session& borrower) const;
  std::shared_ptr<const Borrowed> borrowed_for(const Session& session) const;
  // store_ports.cc
  void take_templates(Session& session, const std::vector<std::shared_ptr<Session>>& ports, TakenOver& result);
  void take_options(Session& session, const std::vector<std::shared_ptr<Session>>& ports);
  void take_held(Session& session, int64_t now_ns, TakenOver& result);
  OptionsState& edit_options(Session& session);
  void publish_options(Session& session, std::shared_ptr<const OptionsState> options);
  void mark_restart(Session& session, uint32_t boot);

  size_t forget_locked(Session& session);
  void forget_templates(Session& session, std::span<const uint16_t> ids);
  void uncount(Session& session, size_t templates);
  void drop_empty_exporters();
  static constexpr uint32_t kBootsKept = SessionPlans::kBootsKept;
  bool is_crowded(size_t bytes) const;
  size_t fair_templates(const IpAddress& newcomer) const;
  void evict_in_exporter(const Session& newcomer, int64_t received_ns, std::vector<Forgotten>& forgotten);
  void evict_for_all(const Session& newcomer, int64_t received_ns, std::vector<Forgotten>& forgotten);
  // The order in which sessions lose all their templates; within one kind, the idlest first.
  enum class Turn : uint8_t { no_record, no_record_for_long, gave_record };
  struct Candidate {
    Turn turn;
    int64_t seen_ns;
    std::shared_ptr<Session> session;  // this may be the last reference to it
    auto operator<=>(const Candidate&) const = default;
  };
  static Candidate candidate(Session& session, Turn turn) {
    return {turn, session.seen_ns_.load(std::memory_order_relaxed), session.shared_from_this()};
  }
  void evict(std::vector<Candidate> candidates, const std::function<bool(const Candidate&)>& is_due,
             std::vector<Forgotten>& forgotten);
  void drop_replaced(int64_t now_ns);

  using ToldOptions = absl::flat_hash_map<SessionKey, std::shared_ptr<OptionsState>>;
  void replay(const JournalEntry& entry, ToldOptions& announced);
  void replay_template(Session& session, const JournalEntry& entry);
  void write_template(const Session& session, const Plan& plan);
  void append_journal(const JournalEntry& entry);
  void write_journal_locked();
  void rewrite_journal();
  void journal_failed(int error);
  void load_journal();
  static void visit_entries(const Session& session, const Journal::Visit& visit);
  std::shared_ptr<const Plan> unconfirmed_of(const SessionKey& key, uint16_t template_id) const;
  std::shared_ptr<const Plan> fallback_for(const SessionKey& key, uint16_t template_id) const;

  TemplateStoreConfig config_;  // what set_limits() changes is guarded by the lock, the rest never changes
  mutable std::mutex mutex_;
  PlanCache plan_cache_;
  absl::flat_hash_map<SessionKey, std::shared_ptr<Session>> sessions_;
  absl::flat_hash_map<GroupKey, std::vector<std::shared_ptr<Session>>> with_templates_;
  absl::flat_hash_map<IpAddress, Exporter> exporters_;
  std::vector<IpAddress> emptied_;  // whose last template is gone; forget_old() drops those that still have none
  uint64_t copies_ = 0;
  size_t templates_ = 0;
  size_t options_bytes_ = 0;  // OptionsState::bytes() of all sessions, and of what they borrow
  int64_t swept_ns_ = INT64_MIN / 2, next_aging_ns_ = INT64_MIN;
  std::deque<Replaced> replaced_;  // by time
  HeldSets held_;
  std::unique_ptr<Journal> journal_;
  std::atomic<bool> journal_pending_{false};  // write_journal() has something to do
  uint64_t journal_live_bytes_ = 0;
  // A write failed: the whole journal must be rewritten, at journal_retry_ns_; the wait doubles with every failure, up
  // to a limit.
  bool journal_incomplete_ = false;
  int64_t now_ns_ = 0;  // monotonic, as last passed in by a caller
  int64_t journal_retry_ns_ = 0, journal_wait_ns_ = 0;
  bool loading_stopped_ = false;
  std::atomic<uint64_t> journal_errors_{0};
};

}  // namespace weir
