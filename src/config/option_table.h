// SPDX-License-Identifier: Apache-2.0
// Everything `weir collect` can be told. Flags, keys of weir.toml, WEIR_… variables, --help, --check and
// docs/reference/config.md are all read from this schema; no option is listed anywhere else.
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

// Puts a value into the configuration. Throws usage_error: what is wrong with it and what to write instead; the caller
// puts the place before it. `option` is one of the schema.
void set_option(CollectConfig& config, const OptionInfo& option, const Value& value);
// All tables of a kind of the schema, in place of those that were there. What is wrong goes to `problems`.
void set_tables(CollectConfig& config, const RepeatedTable& type, const std::vector<TableValues>& tables,
                Problems& problems);

// Where templates and the ledger live unless told: /var/lib/weir where it can be written to or we are root,
// else $XDG_STATE_HOME/weir, else ~/.local/state/weir.
std::string default_data_directory();

}  // namespace weir
