// SPDX-License-Identifier: Apache-2.0
// Implements `weir config check FILE`, `weir config show [--format toml|json] [flags of weir collect]`.
#include <algorithm>
#include <cstdio>

#include "base/error.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "config/effective_config.h"

namespace weir {
namespace {

constexpr const char* kHelp =
    "Usage: weir config check FILE\n"
    "       weir config show [--format toml|json] [flags of weir collect]\n"
    "\n"
    "check   reports every mistake in a configuration file and in the files conf.d/*.toml beside it: where it is,\n"
    "        what was expected there, and what to do. Exit code 0: no mistakes, 2: mistakes. It does not try ports\n"
    "        and directories; weir collect --check does\n"
    "show    prints the values in force, and where each comes from: file and line, variable, flag or default. Of a\n"
    "        secret it shows only the name of the file that holds it\n"
    "\n"
    "Examples:\n"
    "  weir config check weir.toml\n"
    "  weir config show --config weir.toml --format json\n";

int check(const Arguments& arguments) {
  if (arguments.size() != 1 || arguments[0].starts_with("-"))
    throw usage_error("weir config check takes one file; see weir config --help");
  load_collect_file(arguments[0]);
  std::printf("%s: nothing is wrong\n", arguments[0].c_str());
  return 0;
}

// Removes `--format VALUE` or `--format=VALUE` from the arguments: weir collect has another option of that name.
std::string take_format(Arguments& arguments) {
  std::string format = "toml";
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    const bool whole = word.starts_with("--format=");
    if (!whole && word != "--format") continue;
    if (!whole && i + 1 == arguments.size()) throw usage_error("--format needs a value: toml or json");
    const std::string value = whole ? word.substr(9) : arguments[i + 1];
    if (value != "toml" && value != "json") continue;
    format = value;
    arguments.erase(arguments.begin() + static_cast<ptrdiff_t>(i),
                    arguments.begin() + static_cast<ptrdiff_t>(i + (whole ? 1 : 2)));
    break;
  }
  return format;
}

int show(Arguments arguments) {
  const std::string format = take_format(arguments);
  const LoadedConfig loaded = load_collect_settings(arguments);
  for (const std::string& warning : loaded.warnings) std::fprintf(stderr, "weir: warning: %s\n", warning.c_str());
  std::fputs((format == "json" ? effective_json(loaded) : effective_toml(loaded)).c_str(), stdout);
  return 0;
}

}  // namespace

int run_config(const Arguments& arguments) {
  const std::string word = arguments.empty() ? "" : arguments[0];
  const Arguments rest(arguments.begin() + (arguments.empty() ? 0 : 1), arguments.end());
  if (asks_for_help(arguments)) {
    std::fputs(kHelp, stdout);
    return 0;
  }
  if (word == "check") return check(rest);
  if (word == "show") return show(rest);
  throw usage_error((word.empty()
                         ? "weir config needs a word after it: check or show"
                         : "weir config has no \"" + word + "\"" + did_you_mean(nearest(word, {"check", "show"}))) +
                    "; see weir config --help");
}

}  // namespace weir
