// SPDX-License-Identifier: Apache-2.0
// The one table of everything `weir collect` can be told. Flags, keys of weir.toml, WEIR_… variables, --help,
// --check and docs/reference/config.md are all read from it; no option is listed anywhere else.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cmd/config.h"

namespace weir {

// What TOML may hold for a key; flags and variables are always text.
enum class ValueKind { text, list, size, duration, number, boolean };

struct Option {
  std::string_view key;   // "collect.listen"
  std::string_view flag;  // "--listen"
  ValueKind kind;
  std::string_view value_name;  // "URI,.." in --help
  std::string_view fallback;    // the default, as one would write it
  std::string_view group;       // heading in --help and the reference
  std::string_view meaning;
  // Parses `text` into the configuration. Throws usage_error: what is wrong with the text and what to write
  // instead; the caller puts the place (file and line, flag, variable) before it.
  void (*set)(CollectConfig& config, const std::string& text);
};

std::span<const Option> collect_options();

// "collect.rcvbuf" -> "WEIR_COLLECT_RCVBUF"
std::string environment_name(std::string_view key);

// A second name of a key: TOML cannot hold both `transport = "file"` and `transport.file = "…"`, so the key is
// collect.transport.type, and the short form means the same.
inline constexpr std::string_view kTransportKey = "collect.transport.type";
inline constexpr std::string_view kTransportShortKey = "collect.transport";

// The option that is a table of its own for each value: [[field]].
inline constexpr std::string_view kFieldKey = "field";
// The same of [[exporter]].
inline constexpr std::string_view kExporterKey = "exporter";
// The same of [[output]].
inline constexpr std::string_view kOutputKey = "output";
inline constexpr bool is_table_array(std::string_view key) {
  return key == kFieldKey || key == kExporterKey || key == kOutputKey;
}

// "collect" of "collect.listen", "" of "field".
inline std::string_view table_of_key(std::string_view key) {
  size_t dot = key.rfind('.');
  return key.substr(0, dot == key.npos ? 0 : dot);
}

// The option of that key (or its short form), or nullptr.
const Option* find_option(std::string_view key);
// The key somebody who wrote `key` may have meant, or "".
std::string suggest_key(std::string_view key);
// ` (did you mean …?)`, or nothing for an empty suggestion.
std::string did_you_mean(const std::string& suggestion);

// Where templates and the ledger live unless told: /var/lib/weir where it can be written to or we are root,
// else $XDG_STATE_HOME/weir, else ~/.local/state/weir.
std::string default_data_directory();

}  // namespace weir
