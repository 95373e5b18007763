// SPDX-License-Identifier: Apache-2.0
// Counter samples of sFlow v5 (counters_sample, 0:2, and counters_sample_expanded, 0:4).
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/ip_address.h"
#include "base/protocol.h"
#include "wire/counter_fields.h"

namespace weir {

struct CounterSample {
  // Of the datagram; not read from the sample.
  int64_t received_ns = 0;
  bool clock_held = false;  // received while the collector's clock was not believed
  IpAddress agent;
  uint32_t sub_agent = 0;
  uint32_t uptime_ms = 0;
  uint32_t entry = 0;  // ledger row to which it belongs

  uint32_t sequence = 0;
  uint32_t source_class = 0;
  uint32_t source_index = 0;
  std::bitset<kCounterFieldCount> present;
  std::array<uint64_t, kCounterFieldCount> values;  // of what is `present`, in the units of the table

  bool has(CounterField field) const { return present[static_cast<size_t>(field)]; }
  uint64_t operator[](CounterField field) const { return values[static_cast<size_t>(field)]; }
  // Of column `column`, which is one of the header's that hold a number.
  uint32_t header_number(size_t column) const;
};

// Samples on their way from a decoder to the store.
using CounterBatch = std::vector<CounterSample>;

struct CounterSampleRead {
  bool usable = false;               // false: cut before its records; the sample says nothing
  std::optional<Malformed> problem;  // the first one; what could be read around it is in the sample
};

// `body`: what follows the sample's format and length. Sets all but what the datagram says. Structures that the table
// does not name are passed over by their length; a longer one than the table knows is read as far as it goes.
CounterSampleRead read_counter_sample(Bytes body, bool expanded, CounterSample& sample);

}  // namespace weir
