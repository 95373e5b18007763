// SPDX-License-Identifier: Apache-2.0
#include "config/arguments.h"

#include <algorithm>
#include <cstdio>

#include "base/error.h"

namespace weir {

// The flag with that name, of the command itself or of one of its subcommands; nullptr if there is none.
static CLI::Option* find_flag(CLI::App& app, const std::string& name) {
  if (CLI::Option* option = app.get_option_no_throw(name)) return option;
  for (CLI::App* below : app.get_subcommands([](CLI::App*) { return true; }))
    if (CLI::Option* option = find_flag(*below, name)) return option;
  return nullptr;
}

void parse_words(CLI::App& app, const Arguments& words) {
  std::vector<std::string> taken;
  bool flags_ended = false;  // after --
  for (const std::string& word : words) {
    flags_ended |= word == "--";
    std::string name = word.substr(0, word.find('='));
    bool empty = !flags_ended && word.starts_with("--") && name.size() + 1 == word.size();
    CLI::Option* option = empty ? find_flag(app, name) : nullptr;
    taken.push_back(option ? name : word);
    if (!option) continue;
    if (option->get_items_expected_max() == 0)
      throw CLI::ParseError(name + " takes no value, not even an empty one", CLI::ExitCodes::ArgumentMismatch);
    taken.emplace_back();
  }
  std::ranges::reverse(taken);  // CLI11 expects them in reverse order
  app.parse(taken);
}

bool parse_or_help(const CLI::App& app, const std::function<void()>& parse) {
  try {
    parse();
    return true;
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return false;
  } catch (const CLI::ParseError& error) {
    const std::string command = app.get_name().substr(app.get_name().find(' ') + 1);
    throw usage_error(command + ": " + error.what() + "; see " + app.get_name() + " --help");
  }
}

}  // namespace weir
