// SPDX-License-Identifier: Apache-2.0
#include "decode/exporter_rules.h"

namespace weir {

PostCounters ExporterRules::post_counters(const IpAddress& exporter) const {
  const ExporterRule* longest = nullptr;
  for (const ExporterRule& rule : rules_)
    if (rule.network.contains(exporter) && (!longest || rule.network.length > longest->network.length)) longest = &rule;
  return longest ? longest->post_counters : PostCounters::by_value;
}

}  // namespace weir
