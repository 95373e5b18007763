// SPDX-License-Identifier: Apache-2.0
// The templates of a session at one moment, and the choice of the one that decodes a data set.
//
// A template belongs to a boot of its exporter and to a place in its stream. After a restart it is *unconfirmed* until
// it is sent again; a layout that replaces another one while the exporter runs says nothing about what was sent before.
// So a data set is decoded only with a layout that was in force when it was sent; otherwise it waits, or it is
// quarantined (docs/decisions/0008-templates-over-restarts.md).
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
// which must not contradict each other; within one datagram by the position in it.
bool sent_before(const SetContext& a, const SetContext& b);

struct KnownTemplate {
  std::shared_ptr<const Plan> plan;
  uint8_t sent_in = 1;  // bit n: in the n-th boot before the current one; bit 0: confirmed
  SetContext since;     // when it was first sent in the current boot
  bool since_known = false;
  // The layout before this one, for limits::kPreviousPlanNs.
  std::shared_ptr<const Plan> previous;
  uint8_t previous_sent_in = 0;
  // When in a boot this layout replaced `previous`, and when `previous` had replaced the one before it.
  std::optional<SetContext> changed_at, previous_changed_at;
  bool ever_changed = false;                      // another layout was known for the id
  int64_t since_ns = 0;                           // monotonic, when `previous` was replaced
  std::shared_ptr<std::atomic<int64_t>> sent_ns;  // monotonic, when it was last received
  uint32_t bytes = 0;                             // of memory, including its plans; SessionPlans::put() sets it

  bool confirmed() const { return sent_in & 1; }
};

// Upper bound for the memory that a template takes, before it is stored.
size_t max_template_bytes(const TemplateRecord& record);

struct PlanChoice {
  std::shared_ptr<const Plan> const* plan = nullptr;  // null: wait for the template, or ...
  bool quarantine = false;                            // ... never to be decoded
};

// What options data announced for other sessions of the exporter, if it announced nothing of that kind for this one
// (templates.borrow). A state is null if the session's own one applies.
struct Borrowed {
  enum class Kind : uint8_t { rates, interface_names, vrf_names, application_names };
  static constexpr size_t kKinds = 4;
  std::array<std::shared_ptr<const OptionsState>, kKinds> states;
  bool rates_of_other_domain = false;
  uint64_t domain_rate = 0;  // that another session announced for this observation domain
  bool operator==(const Borrowed&) const = default;
};

// Never changed once another thread may read it: changes are then made to a copy, which shares nearly all of it.
class alignas(64) SessionPlans {
 public:
  static constexpr size_t kHotBytes = 184;   // what every data set needs comes first
  static constexpr uint32_t kBootsKept = 8;  // bits of sent_in
  uint32_t boot = 0;                         // the current one; bit n of sent_in is boot - n
  std::shared_ptr<const OptionsState> options = nothing_announced();
  std::shared_ptr<const Borrowed> borrowed;  // null: nothing

 private:
  // For each entry of `templates_`, in the same order.
  absl::InlinedVector<uint16_t, 16> ids_;
  absl::InlinedVector<const Plan*, 12> only_templates_;
  TemplateTable templates_;  // by id
  size_t template_bytes_ = 0;

 public:
  // What applies to this session's data: its own state, or a borrowed one.
  const OptionsState& announced(Borrowed::Kind kind) const {
    const OptionsState* other = borrowed ? borrowed->states[static_cast<size_t>(kind)].get() : nullptr;
    return other ? *other : *options;
  }
  bool borrows(Borrowed::Kind kind) const { return borrowed && borrowed->states[static_cast<size_t>(kind)]; }

  const TemplateTable& templates() const { return templates_; }
  size_t template_bytes() const { return template_bytes_; }  // of memory; a shared plan counts for each session
  // Adds the template, or replaces what is known for its id.
  void put(std::shared_ptr<KnownTemplate> known);
  void erase(uint16_t template_id);
  // Applies `change` to every template.
  void change_all(const std::function<void(KnownTemplate&)>& change);

  // The plan of a template whose only layout was sent in that boot, as for nearly every data set. Null: use choose().
  const Plan* only_template(uint16_t template_id, uint32_t of_boot) const;
  static const std::shared_ptr<const OptionsState>& nothing_announced();  // one for all sessions
  const KnownTemplate* known(uint16_t template_id) const;
  const Plan* find(uint16_t template_id) const;  // the newest layout, confirmed or not
  // The only layout ever known for the id; null if there were several, or none.
  std::shared_ptr<const Plan> only(uint16_t template_id) const;
  // The plan for a data set with that context. The result points into this object.
  PlanChoice choose(uint16_t template_id, const SetContext& context) const;

 private:
  size_t position_of(uint16_t template_id) const;  // in `templates_`; its size if the id is not known
};

}  // namespace weir
