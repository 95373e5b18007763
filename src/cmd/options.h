// SPDX-License-Identifier: Apache-2.0
// The configuration of `weir collect`: flag > environment > file > default, for every option of the table.
//
//   in       the words after `weir collect`, the WEIR_… variables, weir.toml
//   out      CollectConfig, checked; where each value came from
//   failure  usage_error naming the place: the flag, the variable, or file:line:column with a caret
#pragma once

#include <string>
#include <vector>

#include "cmd/cmd.h"
#include "cmd/config.h"
#include "cmd/option_table.h"

namespace weir {

// One option's value in force, and who said so: "default", "/etc/weir/weir.toml:3", "WEIR_COLLECT_HTTP", "--http".
struct Setting {
  const Option* option = nullptr;
  std::string text;
  std::string origin;
  bool is_default() const { return origin == "default"; }
};

struct LoadedConfig {
  CollectConfig config;
  std::vector<Setting> settings;      // in the table's order
  std::string file;                   // the configuration file read, or ""
  std::vector<std::string> warnings;  // of WEIR_… variables that are no option's; with --check they are an error
};

LoadedConfig load_collect_settings(const Arguments& arguments);
// For commands that are not the collector: warnings go to stderr at once.
CollectConfig load_collect_config(const Arguments& arguments);

// Whether --help or -h, or --check, is among the words.
bool asks_for_help(const Arguments& arguments);
bool asks_for_check(const Arguments& arguments);

std::string collect_help();

}  // namespace weir
