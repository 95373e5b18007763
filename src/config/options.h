// SPDX-License-Identifier: Apache-2.0
// Loads the configuration of `weir collect`: flag > environment > file > default, for every option of the table.
//
//   in       the arguments after `weir collect`, the WEIR_… variables, weir.toml
//   out      CollectConfig, checked; where each value came from
//   failure  usage_error naming the place: the flag, the variable, or file:line:column with a caret
#pragma once

#include <string>
#include <vector>

#include "config/arguments.h"
#include "config/collect_config.h"
#include "config/option_table.h"

namespace weir {

// The value of one option that is in force; its place is its origin.
struct Setting {
  const OptionInfo* option = nullptr;
  Value value;
};

// All tables of one type that are in force.
struct TableSetting {
  const RepeatedTable* type = nullptr;
  std::vector<TableValues> tables;
};

struct LoadedConfig {
  CollectConfig config;
  std::vector<Setting> settings;      // in the schema's order
  std::vector<TableSetting> tables;   // the same
  std::vector<std::string> files;     // that were read
  bool http_by_default = true;        // HTTP was not requested: its address may be in use
  std::vector<std::string> warnings;  // about WEIR_… variables that are no option; with --check they are an error
};

// Throws one usage_error that lists everything that is wrong.
LoadedConfig load_collect_settings(const Arguments& arguments);
// Only that file, and those of conf.d beside it.
LoadedConfig load_collect_file(const std::string& path);
// Only the flags: no file, no variables.
LoadedConfig load_collect_flags(const Arguments& arguments);
// For commands other than the collector: warnings are printed to stderr at once.
CollectConfig load_collect_config(const Arguments& arguments);

// Whether the arguments contain --help or -h, or --check.
bool asks_for_help(const Arguments& arguments);
bool asks_for_check(const Arguments& arguments);

std::string collect_help();

}  // namespace weir
