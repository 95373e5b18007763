// SPDX-License-Identifier: Apache-2.0
#include "decode/names.h"

#include <array>

namespace weir {
namespace {

struct Naming {
  Field number, name;
  const NameTable& (OptionsState::*table)() const;
};
constexpr Naming kNamings[] = {
    {Field::in_if, Field::in_if_name, &OptionsState::interface_names},
    {Field::out_if, Field::out_if_name, &OptionsState::interface_names},
    {Field::ingress_vrf_id, Field::ingress_vrf_name, &OptionsState::vrf_names},
    {Field::egress_vrf_id, Field::egress_vrf_name, &OptionsState::vrf_names},
    {Field::application_id, Field::application_name, &OptionsState::application_names},
};

// Few numbers recur in the records of a data set: each is looked up, and its name added, once.
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

template <class Number>
void fill(const Naming& naming, const NameTable& table, FlowBatch& batch, Run& run) {
  const Number* numbers = batch.column<Number>(naming.number) + run.first_row;
  TextRef* names = batch.column<TextRef>(naming.name) + run.first_row;
  bool told = run.mask.has(naming.name), any = told;
  Lookup lookup(table, batch.texts());
  for (uint32_t i = 0; i < run.rows; ++i) {
    if (told && names[i].length > 0) continue;
    names[i] = lookup(numbers[i]);
    any |= names[i].length > 0;
  }
  if (any) run.mask.set(naming.name);
}

}  // namespace

size_t most_name_bytes(const OptionsState& options) {
  if (!options.has_names()) return 0;
  size_t bytes = 0;
  for (const Naming& naming : kNamings)
    if ((options.*naming.table)().size() > 0) bytes += TextArena::most_bytes(limits::kNameOctets);
  return bytes;
}

void fill_names(const OptionsState& options, FlowBatch& batch, Run& run) {
  if (!options.has_names()) return;
  for (const Naming& naming : kNamings) {
    const NameTable& table = (options.*naming.table)();
    if (table.size() == 0 || !run.mask.has(naming.number)) continue;
    if (info(naming.number).column == Column::u64)
      fill<uint64_t>(naming, table, batch, run);
    else
      fill<uint32_t>(naming, table, batch, run);
  }
}

}  // namespace weir
