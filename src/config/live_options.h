// SPDX-License-Identifier: Apache-2.0
// Lists the options that SIGHUP changes in a running collector; all others need a restart.
#pragma once

#include <string_view>

namespace weir {

// Options that are changed one by one (in collect/reload.cc).
inline constexpr std::string_view kLiveOptions[] = {
    "collect.allow",        "collect.where",
    "collect.log_level",    "store.keep",
    "store.max_size",       "store.min_free",
    "limits.senders_bytes", "limits.templates_bytes_per_exporter",
    "templates.hold_for",   "templates.hold_bytes_per_exporter",
    "templates.hold_bytes",
};

// Whether the key is one of those that define the outputs; these are changed together.
bool is_of_outputs(std::string_view key);
// Whether SIGHUP changes the key ("collect.allow", "output") in a running collector.
bool is_live(std::string_view key);

}  // namespace weir
