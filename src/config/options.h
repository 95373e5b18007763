// SPDX-License-Identifier: Apache-2.0
// The configuration of `weir collect`: flag > environment > file > default, for every option of the table.
//
//   in       the words after `weir collect`, the WEIR_… variables, weir.toml
//   out      CollectConfig, checked; where each value came from
//   failure  usage_error naming the place: the flag, the variable, or file:line:column with a caret
#pragma once

#include <string>
#include <vector>

#include "config/arguments.h"
#include "config/collect_config.h"
#include "config/option_table.h"

namespace weir {

// One option's value in force; its place says who said so.
struct Setting {
  const OptionInfo* option = nullptr;
  Value value;
};

// All tables of a kind that are in force.
struct TableSetting {
  const RepeatedTable* type = nullptr;
  std::vector<TableValues> tables;
};

struct LoadedConfig {
  CollectConfig config;
  std::vector<Setting> settings;      // in the schema's order
  std::vector<TableSetting> tables;   // the same
  std::vector<std::string> files;     // that were read
  bool http_by_default = true;        // nobody asked for HTTP: its address may be taken
  std::vector<std::string> warnings;  // of WEIR_… variables that are no option's; with --check they are an error
};

// Throws one usage_error with all that is wrong.
LoadedConfig load_collect_settings(const Arguments& arguments);
// That file alone, with those of conf.d beside it.
LoadedConfig load_collect_file(const std::string& path);
// Flags alone: no file, no variables.
LoadedConfig load_collect_flags(const Arguments& arguments);
// For commands that are not the collector: warnings go to stderr at once.
CollectConfig load_collect_config(const Arguments& arguments);

// Whether --help or -h, or --check, is among the words.
bool asks_for_help(const Arguments& arguments);
bool asks_for_check(const Arguments& arguments);

std::string collect_help();

}  // namespace weir
