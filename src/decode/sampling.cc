// SPDX-License-Identifier: Apache-2.0
#include "decode/sampling.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace weir {
namespace {

// Neighbouring records mostly have the same number: one look-up for a stretch of them.
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

void fill_by_sampler(const OptionsState& options, FlowBatch& batch, const Run& run, uint64_t* rates) {
  const uint64_t* ids = batch.column<uint64_t>(Field::sampler_id) + run.first_row;
  Remembered rate([&](uint64_t id) { return options.sampler_rate(id); });
  for (uint32_t i = 0; i < run.rows; ++i)
    if (rates[i] == 0) rates[i] = rate(ids[i]);
}

// Packets are sampled where they are metered: at the input, or at the output of an egress flow. Where that interface
// has no rate, the other one's holds.
void fill_by_interface(const OptionsState& options, FlowBatch& batch, const Run& run, uint64_t* rates) {
  const uint32_t* in = run.mask.has(Field::in_if) ? batch.column<uint32_t>(Field::in_if) + run.first_row : nullptr;
  const uint32_t* out = run.mask.has(Field::out_if) ? batch.column<uint32_t>(Field::out_if) + run.first_row : nullptr;
  const uint8_t* direction =
      run.mask.has(Field::direction) ? batch.column<uint8_t>(Field::direction) + run.first_row : nullptr;
  Remembered in_rate([&](uint64_t interface) { return options.interface_rate(interface); });
  Remembered out_rate([&](uint64_t interface) { return options.interface_rate(interface); });
  for (uint32_t i = 0; i < run.rows; ++i) {
    if (rates[i] != 0) continue;
    bool egress = direction && direction[i] == kEgress;
    uint64_t by_in = in ? in_rate(in[i]) : 0, by_out = out ? out_rate(out[i]) : 0;
    rates[i] = egress && by_out ? by_out : (by_in ? by_in : by_out);
  }
}

}  // namespace

void fill_sampling(const OptionsState* options, uint64_t otherwise, FlowBatch& batch, Run& run) {
  uint64_t domain = options ? options->domain_rate() : 0;
  run.sampling_rate = domain ? domain : otherwise;
  bool in_record = run.mask.has(Field::sampling_rate);
  bool by_sampler = options && options->has_sampler_rates() && run.mask.has(Field::sampler_id);
  bool by_interface =
      options && options->has_interface_rates() && (run.mask.has(Field::in_if) || run.mask.has(Field::out_if));
  if (!in_record && !by_sampler && !by_interface) return;
  uint64_t* rates = batch.column<uint64_t>(Field::sampling_rate) + run.first_row;
  if (!in_record) std::fill_n(rates, run.rows, 0);
  run.mask.set(Field::sampling_rate);
  if (by_sampler) fill_by_sampler(*options, batch, run, rates);
  if (by_interface) fill_by_interface(*options, batch, run, rates);
  std::replace(rates, rates + run.rows, uint64_t{0}, run.sampling_rate);
}

uint64_t rate_of_probability(Bytes probability) {
  double p = 0;
  if (probability.size() == 8) p = std::bit_cast<double>(load_be64(probability.data()));
  if (probability.size() == 4) p = std::bit_cast<float>(load_be32(probability.data()));  // RFC 7011 §6.2
  static constexpr double kLeast = 1e-18;
  return p >= kLeast && p <= 1 ? static_cast<uint64_t>(std::llround(1 / p)) : 0;
}

}  // namespace weir
