// SPDX-License-Identifier: Apache-2.0
// ExporterRules: the configured settings of exporters, by address ([[exporter]]).
//
//   threads  any, once constructed
#pragma once

#include <cstdint>
#include <vector>

#include "base/network.h"

namespace weir {

// What IE 23 and 24 (postOctetDeltaCount, postPacketDeltaCount) mean in a record that also has IE 1 and 2. Cisco FTD
// counts the other direction there; FortiGate repeats IE 1 and 2; IANA defines them as what left the observation point.
enum class PostCounters : uint8_t {
  by_value,  // the other direction if they differ from IE 1 and 2
  reverse,   // always the other direction
  ignore,    // nothing
};

struct ExporterRule {
  Network network;
  PostCounters post_counters = PostCounters::by_value;
};

class ExporterRules {
 public:
  ExporterRules() = default;
  explicit ExporterRules(std::vector<ExporterRule> rules) : rules_(std::move(rules)) {}
  // The setting of the longest prefix that contains the address.
  PostCounters post_counters(const IpAddress& exporter) const;
  const std::vector<ExporterRule>& all() const { return rules_; }

 private:
  std::vector<ExporterRule> rules_;
};

}  // namespace weir
