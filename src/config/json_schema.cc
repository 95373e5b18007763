// SPDX-License-Identifier: Apache-2.0
#include "config/json_schema.h"

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

Json text_list() { return {{"type", "array"}, {"items", {{"type", "string"}}}}; }

Json type_of(ValueKind kind) {
  switch (kind) {
    case ValueKind::text:
    case ValueKind::secret_file:
      return {{"type", "string"}};
    case ValueKind::duration:
      return {{"type", "string"}, {"pattern", "^(off|[0-9]+(ns|us|ms|s|m|min|h|d)?)$"}};
    case ValueKind::list:
      return {{"anyOf", Json::array({{{"type", "string"}}, text_list()})}};
    case ValueKind::size:
    case ValueKind::text_or_number:
      return {{"type", Json::array({"string", "integer"})}};
    case ValueKind::number:
      return {{"type", "integer"}, {"minimum", 0}};
    case ValueKind::boolean:
      return {{"type", "boolean"}};
  }
  return Json::object();
}

Json described(const OptionInfo& option) {
  Json shown = type_of(option.kind);
  shown["description"] = std::string(option.meaning);
  return shown;
}

Json empty_table() { return {{"type", "object"}, {"properties", Json::object()}, {"additionalProperties", false}}; }

// The table at that path, created if it does not exist yet.
Json& table_at(Json& root, std::string_view path) {
  Json* table = &root;
  for (const std::string& name : split_list(path, '.')) {
    Json& properties = (*table)["properties"];
    if (!properties.contains(name)) properties[name] = empty_table();
    table = &properties[name];
  }
  return *table;
}

Json table_schema(const RepeatedTable& table) {
  Json element = empty_table(), needed = Json::array();
  for (const OptionInfo* option : table.options) {
    element["properties"][std::string(option->key)] = described(*option);
    if (option->is_needed()) needed.push_back(std::string(option->key));
  }
  element["required"] = std::move(needed);
  return {{"type", "array"}, {"description", std::string(table.meaning)}, {"items", std::move(element)}};
}

}  // namespace

std::string json_schema(const Schema& schema) {
  Json root = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "Configuration of weir collect"}};
  root.update(empty_table());
  for (const OptionInfo* option : schema.options())
    table_at(root, table_of_key(option->key))["properties"][std::string(name_of_key(option->key))] = described(*option);
  if (!schema.alias().first.empty())  // text instead of the table
    table_at(root, schema.alias().first)["type"] = Json::array({"object", "string"});
  for (const RepeatedTable* table : schema.tables())
    table_at(root, table_of_key(table->path))["properties"][std::string(name_of_key(table->path))] =
        table_schema(*table);
  return root.dump(2) + "\n";
}

}  // namespace weir
