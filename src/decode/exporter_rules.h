// SPDX-License-Identifier: Apache-2.0
// What the configuration says of exporters, by address ([[exporter]]).
//
//   threads  any, once made
#pragma once

#include <cstdint>
#include <vector>

#include "base/network.h"

namespace weir {

// What IE 23 and 24 (postOctetDeltaCount, postPacketDeltaCount) are beside IE 1 and 2. Cisco FTD counts the other
// direction there; FortiGate repeats IE 1 and 2; IANA has them count what left the observation point.
enum class PostCounters : uint8_t {
  by_value,  // the other direction where they differ from IE 1 and 2
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
  // Of the longest prefix that holds the address.
  PostCounters post_counters(const IpAddress& exporter) const;
  const std::vector<ExporterRule>& all() const { return rules_; }

 private:
  std::vector<ExporterRule> rules_;
};

}  // namespace weir
