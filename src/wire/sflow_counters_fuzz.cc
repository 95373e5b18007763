// SPDX-License-Identifier: Apache-2.0
// Counter samples from arbitrary bytes: reads stay in bounds, the time is proportional to the length, and every value
// that is present comes from a complete structure.
// Input: one byte (expanded or not), then the sample.
#include <cstdlib>
#include <memory>

#include "base/assert.h"
#include "wire/sflow_counters.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // An exact-size copy, so that the sanitizer knows its bounds.
  std::unique_ptr<uint8_t[]> body(new uint8_t[size - 1]);
  std::copy(data + 1, data + size, body.get());
  weir::CounterSample sample;
  auto [usable, problem] = weir::read_counter_sample({body.get(), size - 1}, data[0] & 1, sample);
  WEIR_ASSERT(usable || problem);
  WEIR_ASSERT(usable || sample.present.none());
  uint64_t sum = 0;
  for (size_t i = 0; i < weir::kCounterFieldCount; ++i) {
    if (!sample.present[i]) continue;
    WEIR_ASSERT(size > 20);  // the sample's header and a record's
    WEIR_ASSERT(weir::wire_octets(weir::kCounterFields[i].kind) == 8 || sample.values[i] <= UINT32_MAX);
    sum += sample.values[i];
  }
  asm volatile("" : : "g"(sum));  // keeps the reads from being optimised away
  return 0;
}
