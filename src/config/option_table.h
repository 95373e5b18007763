// SPDX-License-Identifier: Apache-2.0
// The schema of all options of `weir collect`. Flags, keys of weir.toml, WEIR_… variables, --help, --check and
// docs/reference/config.md are all generated from it; no option is listed anywhere else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/collect_config.h"
#include "config/schema.h"

namespace weir {

inline constexpr std::string_view kTransportKey = "collect.transport.type";
inline constexpr std::string_view kTransportShortKey = "collect.transport";

const Schema& collect_schema();

// "collect.rcvbuf" -> "WEIR_COLLECT_RCVBUF"
std::string environment_name(std::string_view key);

// Sets a value in the configuration. Throws usage_error: what is wrong with it and what to write instead; the caller
// prepends the place. `option` belongs to the schema.
void set_option(CollectConfig& config, const OptionInfo& option, const Value& value);
// Replaces all tables of this type. What is wrong is added to `problems`.
void set_tables(CollectConfig& config, const RepeatedTable& type, const std::vector<TableValues>& tables,
                Problems& problems);

// The default directory of templates and the ledger: /var/lib/weir if it is writable or we are root, else
// $XDG_STATE_HOME/weir, else ~/.local/state/weir.
std::string default_data_directory();

}  // namespace weir
