// SPDX-License-Identifier: Apache-2.0
#include "config/schema.h"

#include <algorithm>

#include "base/text.h"

namespace weir {

const Value* TableValues::find(std::string_view key) const {
  const auto found = std::ranges::find(values, key, [](const auto& value) { return value.first; });
  return found == values.end() ? nullptr : &found->second;
}

const OptionInfo* RepeatedTable::find(std::string_view key) const {
  const auto found = std::ranges::find(options, key, [](const OptionInfo* option) { return option->key; });
  return found == options.end() ? nullptr : *found;
}

std::vector<TableValues> short_tables(const RepeatedTable& type, const std::string& text, const std::string& source,
                                      Problems& problems) {
  std::vector<TableValues> tables;
  for (const std::string& part : split_list(text))
    problems.at({source}, "", [&] {
      TableValues values = type.parse_short(part);
      values.place = {source};
      for (auto& [key, value] : values.values) value.place = {source};
      tables.push_back(std::move(values));
    });
  return tables;
}

const OptionInfo* Schema::option(std::string_view key) const {
  if (key == alias_.first) key = alias_.second;
  const auto found = std::ranges::find(options_, key, [](const OptionInfo* option) { return option->key; });
  return found == options_.end() ? nullptr : *found;
}

const RepeatedTable* Schema::table(std::string_view path) const {
  const auto found = std::ranges::find(tables_, path, [](const RepeatedTable* table) { return table->path; });
  return found == tables_.end() ? nullptr : *found;
}

bool Schema::has_table(std::string_view path) const {
  const std::string below = std::string(path) + ".";
  return std::ranges::any_of(options_, [&](const OptionInfo* option) { return option->key.starts_with(below); }) ||
         std::ranges::any_of(tables_, [&](const RepeatedTable* table) { return table->path.starts_with(below); });
}

std::vector<Schema::Group> Schema::groups() const {
  std::vector<Group> groups;
  const auto of = [&](std::string_view name) -> Group& {
    const auto found = std::ranges::find(groups, name, &Group::name);
    return found == groups.end() ? groups.emplace_back(Group{name, {}, {}}) : *found;
  };
  for (const OptionInfo* option : options_) of(option->group).options.push_back(option);
  for (const RepeatedTable* table : tables_) of(table->group).tables.push_back(table);
  return groups;
}

std::string Schema::key_meant(std::string_view key) const {
  std::vector<std::string> keys;
  for (const OptionInfo* option : options_) {
    if (!table_of_key(option->key).empty() && name_of_key(option->key) == name_of_key(key))
      return did_you_mean(std::string(option->key));  // the table is missing or wrong
    keys.emplace_back(option->key);
  }
  for (const RepeatedTable* table : tables_) keys.emplace_back(table->path);
  return did_you_mean(nearest(key, keys));
}

std::string Schema::table_meant(std::string_view path) const {
  std::vector<std::string> names;
  for (const OptionInfo* option : options_) names.emplace_back(table_of_key(option->key));
  for (const RepeatedTable* table : tables_) names.emplace_back("[" + std::string(table->path) + "]");
  const std::string last(name_of_key(path));  // [collect.store]
  const bool known = std::ranges::find(names, last) != names.end();
  const std::string name = known ? last : nearest(path, names);
  return did_you_mean(name.empty() ? "" : "[" + name + "]");
}

std::string_view expected(ValueKind kind) {
  switch (kind) {
    case ValueKind::text:
      return "a text in quotes";
    case ValueKind::list:
      return "a list of texts, as in [\"a\", \"b\"]";
    case ValueKind::size:
      return "a size, as in \"16MiB\", or a number of bytes";
    case ValueKind::duration:
      return "a duration in quotes with its unit, as in \"10s\"";
    case ValueKind::number:
      return "a whole number";
    case ValueKind::boolean:
      return "true or false";
    case ValueKind::text_or_number:
      return "a text in quotes or a whole number";
    case ValueKind::secret_file:
      return "the name, in quotes, of the file that holds the secret";
  }
  return "";
}

}  // namespace weir
