// SPDX-License-Identifier: Apache-2.0
// Reads tables that may appear several times into values of a type: [[output]] into OutputConfig.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/schema.h"

namespace weir {

template <class T>
std::vector<const OptionInfo*> infos(std::span<const Option<T>> options) {
  std::vector<const OptionInfo*> all;
  for (const Option<T>& option : options) all.push_back(&option);
  return all;
}

// In a file the message also needs the key; the place of a flag or a variable already names it.
inline std::string key_at(const Place& place, std::string_view key) {
  return place.line > 0 ? std::string(key) + ": " : "";
}

// `check` throws usage_error if a table conflicts with the earlier ones. Everything that is wrong is added to
// `problems`; tables with an error are left out.
template <class T>
std::vector<T> read_repeated(std::string_view path, std::span<const Option<T>> options,
                             const std::vector<TableValues>& tables,
                             void (*check)(const std::vector<T>& before, const T& added), Problems& problems) {
  std::vector<T> all;
  for (const TableValues& table : tables) {
    T target;
    const size_t before = problems.count();
    for (const Option<T>& option : options) {
      const Value* value = table.find(option.key);
      if (!value) continue;
      problems.at(value->place, key_at(value->place, std::string(path) + "." + std::string(option.key)),
                  [&] { option.set(target, *value); });
    }
    if (problems.count() == before) problems.at(table.place, "", [&] { check(all, target); });
    if (problems.count() == before) all.push_back(std::move(target));
  }
  return all;
}

}  // namespace weir
