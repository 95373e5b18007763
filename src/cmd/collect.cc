// SPDX-License-Identifier: Apache-2.0
// Implements `weir collect`.
#include <cstdio>

#include "cmd/cmd.h"
#include "collect/check.h"
#include "collect/collect.h"
#include "config/effective_config.h"
#include "config/options.h"

namespace weir {

// --help and --check are handled before anything starts.
int run_collect(const Arguments& arguments) {
  if (asks_for_help(arguments)) {
    std::fputs(collect_help().c_str(), stdout);
    return 0;
  }
  if (!asks_for_check(arguments)) {
    const auto load = [&] { return load_collect_settings(arguments); };
    return collect(load(), load);
  }
  LoadedConfig loaded = load_collect_settings(arguments);
  for (const std::string& note : check_collect(loaded.config)) std::fprintf(stderr, "weir: note: %s\n", note.c_str());
  std::fputs(effective_toml(loaded).c_str(), stdout);
  return 0;
}

}  // namespace weir
