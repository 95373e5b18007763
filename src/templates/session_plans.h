// SPDX-License-Identifier: Apache-2.0
// What is known of a session's templates at one moment, and which of them reads a data set.
//
// A template belongs to a boot of its exporter and to a place in its stream. After a restart it is *unconfirmed* until
// it is sent again; a layout that replaces another one while the exporter runs says nothing of what was sent before. So
// a data set is read only with a layout that was in force when it was sent, or it waits, or it is quarantined
// (docs/decisions/0008-templates-over-restarts.md).
#pragma once

#include <absl/container/inlined_vector.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "templates/held.h"
#include "templates/options_state.h"
#include "templates/plan.h"
#include "templates/template_table.h"

namespace weir {

// Whether `a` was sent before `b`, both in one boot: by sequence number (modulo 2^32) and by uptime or export time,
// which must not contradict; within one datagram by the place in it.
bool sent_before(const SetContext& a, const SetContext& b);

struct KnownTemplate {
  std::shared_ptr<const Plan> plan;
  uint8_t sent_in = 1;  // bit n: in the n-th boot before the current one; bit 0: confirmed
  SetContext since;     // where it was first sent in the current boot
  bool since_known = false;
  // The layout before this one, for limits::kPreviousPlanNs.
  std::shared_ptr<const Plan> previous;
  uint8_t previous_sent_in = 0;
  // Where in a boot this layout replaced `previous`, and where `previous` had replaced the one before it.
  std::optional<SetContext> changed_at, previous_changed_at;
  bool ever_changed = false;                      // another layout was known for the id
  int64_t since_ns = 0;                           // monotonic, when `previous` was replaced
  std::shared_ptr<std::atomic<int64_t>> sent_ns;  // monotonic, when it last came
  uint32_t bytes = 0;                             // of memory, with its plans; SessionPlans::put() fills it in

  bool confirmed() const { return sent_in & 1; }
};

// What a template takes at most, before it is known.
size_t max_template_bytes(const TemplateRecord& record);

struct PlanChoice {
  std::shared_ptr<const Plan> const* plan = nullptr;  // null: wait for the template, or ...
  bool quarantine = false;                            // ... never to be decoded
};

// What other sessions of the exporter were told by options data, where this one was told nothing of that kind
// (templates.borrow). Each state is null where the session's own holds.
struct Borrowed {
  enum class Kind : uint8_t { rates, interface_names, vrf_names, application_names };
  static constexpr size_t kKinds = 4;
  std::array<std::shared_ptr<const OptionsState>, kKinds> states;
  bool rates_of_other_domain = false;
  uint64_t domain_rate = 0;  // that another session was told for this observation domain
  bool operator==(const Borrowed&) const = default;
};

// Not changed any more once somebody else may read it: then a copy is, which shares nearly all of it.
class alignas(64) SessionPlans {
 public:
  static constexpr size_t kHotBytes = 184;   // what every data set needs comes first
  static constexpr uint32_t kBootsKept = 8;  // bits of sent_in
  uint32_t boot = 0;                         // the current one; bit n of sent_in is boot - n
  std::shared_ptr<const OptionsState> options = nothing_announced();
  std::shared_ptr<const Borrowed> borrowed;  // null: nothing

 private:
  // Of `templates_`, in the same order.
  absl::InlinedVector<uint16_t, 16> ids_;
  absl::InlinedVector<const Plan*, 12> only_templates_;
  TemplateTable templates_;  // by id
  size_t template_bytes_ = 0;

 public:
  // What holds for this session's data, its own or borrowed.
  const OptionsState& announced(Borrowed::Kind kind) const {
    const OptionsState* other = borrowed ? borrowed->states[static_cast<size_t>(kind)].get() : nullptr;
    return other ? *other : *options;
  }
  bool borrows(Borrowed::Kind kind) const { return borrowed && borrowed->states[static_cast<size_t>(kind)]; }

  const TemplateTable& templates() const { return templates_; }
  size_t template_bytes() const { return template_bytes_; }  // of memory; shared plans count for everyone
  // Adds it, or replaces what is known of that id.
  void put(std::shared_ptr<KnownTemplate> known);
  void erase(uint16_t template_id);
  // Every template becomes what `change` makes of it.
  void change_all(const std::function<void(KnownTemplate&)>& change);

  // The plan of a template whose only layout was sent in that boot: of nearly every data set. Null: see choose().
  const Plan* only_template(uint16_t template_id, uint32_t of_boot) const;
  static const std::shared_ptr<const OptionsState>& nothing_announced();  // one for all
  const KnownTemplate* known(uint16_t template_id) const;
  const Plan* find(uint16_t template_id) const;  // the newest layout, confirmed or not
  // The one layout that was ever known for the id; null where there were several, or none.
  std::shared_ptr<const Plan> only(uint16_t template_id) const;
  // For a data set of that context. Points into this.
  PlanChoice choose(uint16_t template_id, const SetContext& context) const;

 private:
  size_t position_of(uint16_t template_id) const;  // in `templates_`; its size where it is not known
};

}  // namespace weir
