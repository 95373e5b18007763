// SPDX-License-Identifier: Apache-2.0
#include "config/environment.h"

#include <algorithm>

#include "base/text.h"
#include "config/option_table.h"

extern char** environ;

namespace weir {
namespace {

constexpr std::string_view kPrefix = "WEIR_";

bool take_end(std::string_view& text, std::string_view end) {
  if (!text.ends_with(end)) return false;
  text.remove_suffix(end.size());
  return true;
}

bool take_end(std::string_view& text, std::initializer_list<std::string_view> ends) {
  return std::ranges::any_of(ends, [&](std::string_view end) { return take_end(text, end); });
}

bool take_digits(std::string_view& text) {
  size_t last = text.find_last_not_of("0123456789");
  if (last == text.npos || last + 1 == text.size()) return false;
  text = text.substr(0, last + 1);
  return true;
}

// A name that ends with the same word in another table (WEIR_COLLECT_KEEP: WEIR_STORE_KEEP), else the most similar one.
std::string suggestion(const std::string& name) {
  std::vector<std::string> known = {"WEIR_CONFIG"};
  std::string found;
  size_t longest = 0;
  for (const RepeatedTable* table : collect_schema().tables()) known.push_back(environment_name(table->path));
  for (const OptionInfo* option : collect_schema().options()) {
    known.push_back(environment_name(option->key));
    std::string ending = known.back().substr(kPrefix.size() + table_of_key(option->key).size());
    if (ending.size() <= longest || !name.ends_with(ending)) continue;
    longest = ending.size();
    found = known.back();
  }
  return found.empty() ? nearest(name, known) : found;
}

}  // namespace

bool is_service_variable(std::string_view name) {
  if (!name.starts_with(kPrefix)) return false;
  if (name.ends_with("_SERVICE_HOST") || name.ends_with("_PORT")) return true;
  if (size_t at = name.find("_SERVICE_PORT_"); at != name.npos && at + 14 < name.size()) return true;
  take_end(name, {"_PROTO", "_ADDR"});  // _PORT is handled above
  return take_end(name, {"_TCP", "_UDP", "_SCTP"}) && take_digits(name) && name.ends_with("_PORT_");
}

std::vector<std::pair<std::string, std::string>> weir_variables() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** variable = environ; *variable; ++variable) {
    std::string_view whole = *variable, name = whole.substr(0, whole.find('='));
    if (!name.starts_with(kPrefix) || is_service_variable(name)) continue;
    variables.emplace_back(name, whole.substr(std::min(name.size() + 1, whole.size())));
  }
  std::ranges::sort(variables);
  return variables;
}

std::string unknown_variable(const std::string& name) {
  return "unknown environment variable " + name + did_you_mean(suggestion(name)) +
         "; unset it, or see weir collect --help for those there are";
}

}  // namespace weir
