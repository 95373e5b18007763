// SPDX-License-Identifier: Apache-2.0
#include "config/effective_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "base/text.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kOriginColumn = 50;

bool is_true(const std::string& text) { return text == "true" || text == "1"; }

std::string line(std::string_view name, const OptionInfo& option, const Value& value) {
  std::string line = std::string(name) + " = " + toml_value(option, value);
  if (line.size() < kOriginColumn) line.resize(kOriginColumn, ' ');
  return line + "  # " + value.place.to_string() + "\n";
}

// Shows the directory in force if the value leaves it to the default.
Value shown(const LoadedConfig& loaded, const Setting& setting) {
  Value value = setting.value;
  if (setting.option->key == "collect.data" && value.text.empty()) value.text = loaded.config.data;
  return value;
}

Json json_value(const OptionInfo& option, const Value& value) {
  Json shown;
  if (option.kind == ValueKind::list)
    shown["value"] = value.items;
  else if (option.kind == ValueKind::boolean)
    shown["value"] = is_true(value.text);
  else if (option.kind == ValueKind::number)
    shown["value"] = Json::parse(value.text, nullptr, false);
  else
    shown["value"] = value.text;
  if (shown["value"].is_discarded()) shown["value"] = value.text;
  shown["origin"] = value.place.to_string();
  return shown;
}

}  // namespace

std::string toml_value(const OptionInfo& option, const Value& value) {
  if (option.kind == ValueKind::number) return value.text;
  if (option.kind == ValueKind::boolean) return is_true(value.text) ? "true" : "false";
  if (option.kind != ValueKind::list) return json_string(value.text);
  std::string joined;
  for (const std::string& item : value.items) joined += (joined.empty() ? "" : ", ") + json_string(item);
  return "[" + joined + "]";
}

std::string effective_toml(const LoadedConfig& loaded) {
  std::string out =
      "# " + (loaded.files.empty() ? "no configuration file" : "read from: " + join_list(loaded.files)) + "\n";
  std::vector<Setting> settings = loaded.settings;
  const auto table_of = [](const Setting& setting) { return table_of_key(setting.option->key); };
  std::ranges::stable_sort(settings, {}, table_of);  // TOML allows each table only once
  std::string_view table;
  for (const Setting& setting : settings) {
    if (table_of(setting) != table) out += "\n[" + std::string(table_of(setting)) + "]\n";
    table = table_of(setting);
    out += line(name_of_key(setting.option->key), *setting.option, shown(loaded, setting));
  }
  for (const TableSetting& setting : loaded.tables)
    for (const TableValues& values : setting.tables) {
      out += "\n[[" + std::string(setting.type->path) + "]]\n";
      for (const auto& [key, value] : values.values) out += line(key, *setting.type->find(key), value);
    }
  return out;
}

std::string effective_json(const LoadedConfig& loaded) {
  Json all = Json::object();
  for (const Setting& setting : loaded.settings)
    all[std::string(setting.option->key)] = json_value(*setting.option, shown(loaded, setting));
  for (const TableSetting& setting : loaded.tables) {
    Json tables = Json::array();
    for (const TableValues& values : setting.tables) {
      Json table = Json::object();
      for (const auto& [key, value] : values.values)
        table[std::string(key)] = json_value(*setting.type->find(key), value);
      tables.push_back(std::move(table));
    }
    all[std::string(setting.type->path)] = std::move(tables);
  }
  return all.dump(2) + "\n";
}

}  // namespace weir
