// SPDX-License-Identifier: Apache-2.0
#include "decode/names.h"

#include <array>

namespace weir {
namespace {

using Kind = Borrowed::Kind;

struct Naming {
  Kind kind;
  Field number, name;
  const NameTable& (OptionsState::*table)() const;
};
constexpr Naming kNamings[] = {
    {Kind::interface_names, Field::in_if, Field::in_if_name, &OptionsState::interface_names},
    {Kind::interface_names, Field::out_if, Field::out_if_name, &OptionsState::interface_names},
    {Kind::vrf_names, Field::ingress_vrf_id, Field::ingress_vrf_name, &OptionsState::vrf_names},
    {Kind::vrf_names, Field::egress_vrf_id, Field::egress_vrf_name, &OptionsState::vrf_names},
    {Kind::application_names, Field::application_id, Field::application_name, &OptionsState::application_names},
};

// The records of a data set mostly repeat a few numbers: each is looked up, and its name added, once.
class Lookup {
 public:
  Lookup(const NameTable& table, TextArena& arena) : table_(table), arena_(arena) {}
  TextRef operator()(uint64_t number) {
    Slot& slot = slots_[number % slots_.size()];
    if (!slot.known || slot.number != number) slot = {true, number, arena_.add(table_.find(number))};
    return slot.name;
  }

 private:
  struct Slot {
    bool known = false;
    uint64_t number = 0;
    TextRef name;
  };
  const NameTable& table_;
  TextArena& arena_;
  std::array<Slot, 16> slots_;
};

// Fills the names that are still empty; `find(i)` returns the name for row i. Returns whether any was found.
template <class Find>
bool fill_empty(Field name, FlowBatch& batch, Run& run, Find find) {
  TextRef* names = batch.column<TextRef>(name) + run.first_row;
  const bool present = run.mask.has(name);
  bool found = false;
  for (uint32_t i = 0; i < run.rows; ++i) {
    if (present && names[i].length > 0) continue;
    names[i] = find(i);
    found |= names[i].length > 0;
  }
  if (found) run.mask.set(name);
  return found;
}

template <class Number>
bool fill(const Naming& naming, const NameTable& table, FlowBatch& batch, Run& run) {
  const Number* numbers = batch.column<Number>(naming.number) + run.first_row;
  Lookup lookup(table, batch.texts());
  return fill_empty(naming.name, batch, run, [&](uint32_t i) { return lookup(numbers[i]); });
}

bool fill_by_number(const Naming& naming, const OptionsState& options, FlowBatch& batch, Run& run) {
  const NameTable& table = (options.*naming.table)();
  if (table.size() == 0 || !run.mask.has(naming.number)) return false;
  if (info(naming.number).column == Column::u64) return fill<uint64_t>(naming, table, batch, run);
  return fill<uint32_t>(naming, table, batch, run);
}

// Names for application ids that are not a number. Neighbouring records mostly have the same application.
bool fill_long_applications(const OptionsState& options, FlowBatch& batch, Run& run) {
  if (!options.has_long_applications() || !run.mask.has(Field::application)) return false;
  const TextRef* applications = batch.column<TextRef>(Field::application) + run.first_row;
  TextRef last, name;
  return fill_empty(Field::application_name, batch, run, [&](uint32_t i) {
    if (applications[i] == last) return name;
    last = applications[i];
    return name = batch.texts().add(options.long_application_name(batch.texts().view(last)));
  });
}

}  // namespace

size_t max_name_bytes(const SessionPlans& plans) {
  if (!plans.borrowed && !plans.options->has_names()) return 0;
  size_t bytes = 0;
  for (const Naming& naming : kNamings)
    if ((plans.announced(naming.kind).*naming.table)().size() > 0) bytes += TextArena::max_bytes(limits::kNameOctets);
  if (plans.announced(Kind::application_names).has_long_applications())
    bytes += TextArena::max_bytes(limits::kNameOctets);
  return bytes;
}

bool fill_names(const SessionPlans& plans, FlowBatch& batch, Run& run) {
  bool borrowed = false;
  for (const Naming& naming : kNamings)
    borrowed |= fill_by_number(naming, plans.announced(naming.kind), batch, run) && plans.borrows(naming.kind);
  const bool named = fill_long_applications(plans.announced(Kind::application_names), batch, run);
  return borrowed || (named && plans.borrows(Kind::application_names));
}

}  // namespace weir
