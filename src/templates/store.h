// SPDX-License-Identifier: Apache-2.0
// The template store: one per process, for decoding and relaying alike.
//
//   in       template records, options state, data sets whose template is not known
//   out      plans; data sets released by the template they waited for
//   threads  any; writers are serialised by one lock; readers keep the plans of a session they have seen and
//            look again only when the session's version has moved
//   memory   limits::kSessions, kTemplatesPerExporter, kTemplates, kOptionsBytes, and the hold limits; beyond: refused,
//   counted failure  a journal that cannot be written is counted and said once; templates still work
//
// Key (UDP): exporter address, source port, observation domain, protocol, template id.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/limits.h"
#include "templates/held.h"
#include "templates/journal.h"
#include "templates/plan.h"

namespace weir {

// The plans of a session at one moment; immutable.
struct SessionPlans {
  std::vector<std::shared_ptr<const Plan>> plans;  // by template id
  std::shared_ptr<const OptionsState> options = std::make_shared<OptionsState>();
  const Plan* find(uint16_t template_id) const;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(const SessionKey& k) : key(k), plans_(std::make_shared<SessionPlans>()) {}
  const SessionKey key;
  // Moves whenever plans() would answer differently.
  uint32_t version() const { return version_.load(std::memory_order_acquire); }

 private:
  friend class TemplateStore;
  std::atomic<uint32_t> version_{0};
  std::shared_ptr<const SessionPlans> plans_;  // under the store's lock
};

struct TemplateStoreConfig {
  HoldLimits hold;
  int64_t fallback_after_ns = 0;  // 0: never
  std::string journal_path;       // empty: not kept
  const FieldTable* fields = &FieldTable::plain();
  size_t most_templates_per_exporter = limits::kTemplatesPerExporter;
  size_t most_templates = limits::kTemplates;
  size_t most_options_bytes = limits::kOptionsBytes;
};

class TemplateStore {
 public:
  // Reads the journal; throws usage_error where it cannot be used.
  explicit TemplateStore(const TemplateStoreConfig& config);

  std::shared_ptr<Session> session(const SessionKey& key);
  // Drops a session without templates; false (and it stays) where it has some.
  bool forget_if_empty(const SessionKey& key);
  std::shared_ptr<const SessionPlans> plans(const Session& session) const;

  struct Installed {
    bool changed = false;  // a new id or another layout
    bool added = false;    // a new id
    std::optional<Refused> refused;
    std::vector<HeldSet> released;  // waited for it, oldest first: decode them now
    std::shared_ptr<const Plan> plan;
  };
  Installed install(Session& session, TemplateRecord record);

  // Holds a data set whose template is not known. If the template came in the meantime: gives its plan
  // instead, and holds nothing. Sets given up to make room are appended to `dropped`.
  std::shared_ptr<const Plan> hold(HeldSet set, std::vector<HeldSet>& dropped);

  // Takes over what the options records of one data set told, in order. Returns how many facts found no room.
  size_t tell(Session& session, std::span<const OptionsFact> facts);

  // Data sets that waited long enough to be read with the template that the same exporter sent from another port
  // for the same domain: only where every layout known for that id is the same and fits the set.
  struct Fallback {
    std::shared_ptr<const Plan> plan;
    std::vector<HeldSet> sets;
  };
  // `all`: as if every set had waited long enough (the end of a file).
  std::vector<Fallback> take_fallbacks(int64_t now_ns, bool all = false);
  // Sets that waited longer than hold_for.
  std::vector<HeldSet> take_expired(int64_t now_ns);
  std::vector<HeldSet> take_all_held();

  size_t template_count() const;
  uint64_t journal_errors() const { return journal_errors_.load(std::memory_order_relaxed); }
  // Every template known, for showing.
  void for_each(const std::function<void(const SessionKey&, const Plan&)>& visit) const;

 private:
  struct GroupKey {  // who may share templates across ports
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

  Session& session_locked(const SessionKey& key);
  Installed install_locked(Session& session, TemplateRecord record, bool journal);
  void publish(Session& session, std::shared_ptr<SessionPlans> plans);
  void publish_options(Session& session, std::shared_ptr<const OptionsState> options);
  using ToldOptions = absl::flat_hash_map<SessionKey, std::shared_ptr<OptionsState>>;
  void replay(const JournalEntry& entry, ToldOptions& told);
  void write_journal(const JournalEntry& entry);
  std::vector<JournalEntry> journal_entries() const;  // borrow from the sessions
  std::shared_ptr<const Plan> fallback_for(const SessionKey& key, uint16_t template_id) const;

  const TemplateStoreConfig config_;
  mutable std::mutex mutex_;
  absl::flat_hash_map<SessionKey, std::shared_ptr<Session>> sessions_;
  absl::flat_hash_map<GroupKey, std::vector<std::shared_ptr<Session>>> with_templates_;
  absl::flat_hash_map<IpAddress, size_t> templates_of_exporter_;
  size_t templates_ = 0;
  size_t options_bytes_ = 0;  // OptionsState::bytes() of all sessions
  HeldSets held_;
  std::unique_ptr<Journal> journal_;
  uint64_t journal_live_bytes_ = 0;
  bool journal_incomplete_ = false;  // something could not be written: write all of it anew as soon as possible
  std::atomic<uint64_t> journal_errors_{0};
};

}  // namespace weir
