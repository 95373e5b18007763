// SPDX-License-Identifier: Apache-2.0
#include "config/live_options.h"

#include <algorithm>

#include "config/exporter_option.h"
#include "config/output_option.h"
#include "config/token_option.h"

namespace weir {

static constexpr std::string_view kLiveTables[] = {kExporterTable, kTokenTable};
static constexpr std::string_view kOutputKeys[] = {kOutputTable, "collect.format", "collect.transport.type",
                                                   "collect.transport.file", "collect.fields"};

bool is_of_outputs(std::string_view key) { return std::ranges::count(kOutputKeys, key) > 0; }

bool is_live(std::string_view key) {
  return std::ranges::count(kLiveOptions, key) > 0 || is_of_outputs(key) || std::ranges::count(kLiveTables, key) > 0;
}

}  // namespace weir
