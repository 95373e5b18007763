// SPDX-License-Identifier: Apache-2.0
#include "decode/sampling.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace weir {
namespace {

// Neighbouring records mostly have the same number: consecutive equal numbers are looked up once.
template <class Find>
class Remembered {
 public:
  explicit Remembered(Find find) : find_(find) {}
  uint64_t operator()(uint64_t key) {
    if (known_ && key == key_) return rate_;
    known_ = true;
    key_ = key;
    return rate_ = find_(key);
  }

 private:
  Find find_;
  uint64_t key_ = 0, rate_ = 0;
  bool known_ = false;
};

constexpr uint8_t kEgress = 1;  // flowDirection

// Fills in the rates of a run. `named`: the record names a sampler or an interface, and rates are announced for such.
class Rates {
 public:
  Rates(const OptionsState& options, FlowBatch& batch, const Run& run)
      : options_(options),
        batch_(batch),
        run_(run),
        rates_(batch.column<uint64_t>(Field::sampling_rate) + run.first_row) {}

  void by_number(RateScope scope, Field field) {
    if (!has(scope, field)) return;
    if (info(field).column == Column::u64)
      fill<uint64_t>(scope, field);
    else
      fill<uint32_t>(scope, field);
  }

  // Packets are sampled where they are metered: at the input interface, or for an egress flow at the output interface.
  // If that interface has no rate, the other one's applies.
  void by_interface() {
    const uint32_t* in = has(RateScope::interface, Field::in_if) ? column<uint32_t>(Field::in_if) : nullptr;
    const uint32_t* out = has(RateScope::interface, Field::out_if) ? column<uint32_t>(Field::out_if) : nullptr;
    if (!in && !out) return;
    const uint8_t* direction = run_.mask.has(Field::direction) ? column<uint8_t>(Field::direction) : nullptr;
    Remembered in_rate([&](uint64_t interface) { return options_.rate(RateScope::interface, interface); });
    Remembered out_rate([&](uint64_t interface) { return options_.rate(RateScope::interface, interface); });
    for (uint32_t i = 0; i < run_.rows; ++i) {
      if (rates_[i] != 0) continue;
      bool egress = direction && direction[i] == kEgress;
      uint64_t by_in = in ? in_rate(in[i]) : 0, by_out = out ? out_rate(out[i]) : 0;
      rates_[i] = egress && by_out ? by_out : (by_in ? by_in : by_out);
    }
  }

  // Fills the rates that no scope gave: `unnamed` for records that name no sampler or interface, else `named`.
  void fill_rest(uint64_t named, uint64_t unnamed) {
    for (uint32_t i = 0; i < run_.rows; ++i)
      if (rates_[i] == 0) rates_[i] = names_any(i) ? named : unnamed;
  }

 private:
  bool has(RateScope scope, Field field) const { return options_.has_rates(scope) && run_.mask.has(field); }
  template <class T>
  const T* column(Field field) const {
    return batch_.column<T>(field) + run_.first_row;
  }

  template <class T>
  void fill(RateScope scope, Field field) {
    const T* numbers = column<T>(field);
    Remembered rate([&](uint64_t number) { return options_.rate(scope, number); });
    for (uint32_t i = 0; i < run_.rows; ++i)
      if (rates_[i] == 0) rates_[i] = rate(numbers[i]);
  }

  bool names_any(uint32_t i) const {
    if (has(RateScope::sampler, Field::sampler_id) && column<uint64_t>(Field::sampler_id)[i] != 0) return true;
    for (Field interface : {Field::in_if, Field::out_if})
      if (has(RateScope::interface, interface) && column<uint32_t>(interface)[i] != 0) return true;
    return false;
  }

  const OptionsState& options_;
  FlowBatch& batch_;
  const Run& run_;
  uint64_t* rates_;
};

// The rate that applies to every record of the template.
uint64_t rate_of_all(const SessionPlans& plans, uint16_t template_id) {
  const OptionsState& options = plans.announced(Borrowed::Kind::rates);
  const bool of_other_domain = plans.borrowed && plans.borrowed->rates_of_other_domain;
  const uint64_t by_template = of_other_domain ? 0 : options.rate(RateScope::template_id, template_id);
  if (by_template) return by_template;
  const uint64_t named = plans.borrowed ? plans.borrowed->domain_rate : 0;
  return named ? named : options.domain_rate();
}

// Whether the records have fields for whose values rates are announced.
bool differs_by_row(const OptionsState& options, const FieldMask& mask) {
  constexpr std::pair<RateScope, Field> kScopes[] = {{RateScope::sampler, Field::sampler_id},
                                                     {RateScope::interface, Field::in_if},
                                                     {RateScope::interface, Field::out_if},
                                                     {RateScope::point, Field::observation_point_id},
                                                     {RateScope::line_card, Field::line_card_id}};
  return std::ranges::any_of(kScopes,
                             [&](const auto& of) { return options.has_rates(of.first) && mask.has(of.second); });
}

}  // namespace

bool fill_sampling(const SessionPlans* plans, uint16_t template_id, uint64_t otherwise, FlowBatch& batch, Run& run) {
  const OptionsState* options = plans ? &plans->announced(Borrowed::Kind::rates) : nullptr;
  const bool in_record = run.mask.has(Field::sampling_rate);
  const uint64_t of_all = plans ? rate_of_all(*plans, template_id) : 0;
  const uint64_t named = of_all ? of_all : otherwise;
  const uint64_t last = options ? options->last_rate() : 0;
  run.sampling_rate = of_all ? of_all : last ? last : otherwise;
  const bool borrows =
      plans && plans->borrowed && (plans->borrows(Borrowed::Kind::rates) || plans->borrowed->domain_rate != 0);
  const bool by_row = options && differs_by_row(*options, run.mask);
  if (!in_record && !by_row) return borrows && run.sampling_rate != 0;
  uint64_t* rates = batch.column<uint64_t>(Field::sampling_rate) + run.first_row;
  if (!in_record) std::fill_n(rates, run.rows, 0);
  run.mask.set(Field::sampling_rate);
  const bool any_missing = std::find(rates, rates + run.rows, uint64_t{0}) != rates + run.rows;
  if (!any_missing) return false;
  if (!by_row) {
    std::replace(rates, rates + run.rows, uint64_t{0}, run.sampling_rate);
    return borrows;
  }
  Rates rows(*options, batch, run);
  rows.by_number(RateScope::sampler, Field::sampler_id);
  rows.by_interface();
  if (!(borrows && plans->borrowed->rates_of_other_domain))
    rows.by_number(RateScope::point, Field::observation_point_id);
  rows.by_number(RateScope::line_card, Field::line_card_id);
  rows.fill_rest(named, run.sampling_rate);
  return borrows;
}

uint64_t rate_of_probability(Bytes probability) {
  double p = 0;
  if (probability.size() == 8) p = std::bit_cast<double>(load_be64(probability.data()));
  if (probability.size() == 4) p = std::bit_cast<float>(load_be32(probability.data()));  // RFC 7011 §6.2
  static constexpr double kMin = 1e-18;
  return p >= kMin && p <= 1 ? static_cast<uint64_t>(std::llround(1 / p)) : 0;
}

}  // namespace weir
