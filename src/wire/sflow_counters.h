// SPDX-License-Identifier: Apache-2.0
// Reads counter samples of sFlow v5 (counters_sample, 0:2, and counters_sample_expanded, 0:4).
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
  // From the datagram; not read from the sample.
  int64_t received_ns = 0;
  bool clock_held = false;  // received while the collector's clock was not trusted
  IpAddress agent;
  uint32_t sub_agent = 0;
  uint32_t uptime_ms = 0;
  uint32_t entry = 0;  // index of the ledger entry it belongs to

  uint32_t sequence = 0;
  uint32_t source_class = 0;
  uint32_t source_index = 0;
  std::bitset<kCounterFieldCount> present;
  std::array<uint64_t, kCounterFieldCount> values;  // valid for the fields that are `present`, in the table's units

  bool has(CounterField field) const { return present[static_cast<size_t>(field)]; }
  uint64_t operator[](CounterField field) const { return values[static_cast<size_t>(field)]; }
  // The value of header column `column`, which must be one that holds a number.
  uint32_t header_number(size_t column) const;
};

// Samples passed from a decoder to the store.
using CounterBatch = std::vector<CounterSample>;

struct CounterSampleRead {
  bool usable = false;               // false: truncated before its records; the sample is empty
  std::optional<Malformed> problem;  // the first one found; the sample holds what could still be read
};

// `body`: what follows the sample's format and length. Sets all members except those from the datagram. Structures that
// are not in the table are skipped by their length; of a structure longer than in the table, only the known part is
// read.
CounterSampleRead read_counter_sample(Bytes body, bool expanded, CounterSample& sample);

}  // namespace weir
