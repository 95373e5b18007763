// SPDX-License-Identifier: Apache-2.0
#include "cmd/config_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

#include "base/text.h"
#include "cmd/field_option.h"
#include "os/file.h"

namespace weir {
namespace {

std::string line_of(const std::string& text, unsigned number) {
  std::istringstream lines(text);
  std::string line;
  for (unsigned i = 0; i < number; ++i)
    if (!std::getline(lines, line)) return "";
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.pop_back();
  return line;
}

std::string type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return "a date or time";
    case toml::node_type::none:
      break;
  }
  return "nothing";
}

std::string expected(const Option& option) {
  switch (option.kind) {
    case ValueKind::text:
      return "a text in quotes";
    case ValueKind::list:
      if (option.key == kFieldKey) return "tables in double brackets, [[field]], with name, element and type";
      return "a list of texts, as in [\"a\", \"b\"]";
    case ValueKind::size:
      return "a size, as in \"16MiB\", or a number of bytes";
    case ValueKind::duration:
      return "a duration in quotes with its unit, as in \"10s\"";
    case ValueKind::number:
      return "a whole number";
    case ValueKind::boolean:
      return "true or false";
  }
  return "";
}

bool fits(const Option& option, const toml::node& node) {
  switch (option.kind) {
    case ValueKind::text:
    case ValueKind::duration:
      return node.is_string();
    case ValueKind::list:
      return node.is_string() || node.is_array();
    case ValueKind::size:
      return node.is_string() || node.is_integer();
    case ValueKind::number:
      return node.is_integer();
    case ValueKind::boolean:
      return node.is_boolean();
  }
  return false;
}

std::vector<std::string> table_names() {
  std::vector<std::string> names;
  for (const Option& option : collect_options())
    if (option.key != kFieldKey) names.emplace_back(table_of_key(option.key));
  return names;
}

bool is_table_name(const std::string& path) { return std::ranges::count(table_names(), path) > 0; }

std::string suggest_table(const std::string& path) {
  std::vector<std::string> names = table_names();
  std::string last = path.substr(path.rfind('.') + 1);  // [collect.store]
  std::string name = is_table_name(last) ? last : nearest(path, names);
  return name.empty() ? "" : "[" + name + "]";
}

// An error at the end of the text is shown at its last line that holds something.
toml::source_position within(const std::string& text, toml::source_position at) {
  size_t last = text.find_last_not_of(" \t\r\n");
  if (last == std::string::npos) return {1, 1};
  auto lines =
      static_cast<toml::source_index>(std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(last), '\n') + 1);
  if (at.line <= lines) return at;
  return {lines, static_cast<toml::source_index>(line_of(text, lines).size() + 1)};
}

}  // namespace

// Walks the parsed tables and appends an entry per value.
class ConfigReader {
 public:
  explicit ConfigReader(ConfigFile& file) : file_(file) {}

  void read_table(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      std::string path = prefix.empty() ? std::string(key.str()) : prefix + "." + std::string(key.str());
      const Option* option = find_option(path);
      if (path == kFieldKey && node.is_array_of_tables()) {
        read_fields(*option, *node.as_array());
        continue;
      }
      if (option && !(node.is_table() && path == kTransportShortKey))
        read_value(*option, path, node);
      else if (!node.is_table())
        throw unknown(key, "key " + path, suggest_key(path));
      else if (!is_table_name(path))
        throw unknown(key, "table [" + path + "]", suggest_table(path));
      else
        read_table(*node.as_table(), path);
    }
  }

 private:
  Error unknown(const toml::key& key, const std::string& what, const std::string& suggestion) const {
    const toml::source_position& at = key.source().begin;
    return file_.error(
        at.line, at.column,
        "unknown " + what + did_you_mean(suggestion) + "; docs/reference/config.md lists those there are");
  }

  void read_value(const Option& option, const std::string& path, const toml::node& node) {
    const toml::source_position& at = node.source().begin;
    if (!fits(option, node))
      throw file_.error(at.line, at.column, path + " takes " + expected(option) + ", not " + type_name(node));
    file_.entries_.push_back({&option, text_of(path, node), at.line, at.column});
  }

  // Each [[field]], checked here, where its line is known; as text they are one value.
  void read_fields(const Option& option, const toml::array& tables) {
    std::vector<ExtraField> fields;
    ConfigEntry entry{&option, "", 0, 0};
    for (const toml::node& node : tables) {
      const toml::source_position& at = node.source().begin;
      if (fields.empty()) entry.line = at.line, entry.column = at.column;
      ExtraField field = read_field(*node.as_table(), at);
      saying_where(at, [&] { check_extra_field(fields, field); });
      entry.text += (fields.empty() ? "" : ",") + weir::text_of(field);
      fields.push_back(std::move(field));
    }
    if (!fields.empty()) file_.entries_.push_back(entry);
  }

  ExtraField read_field(const toml::table& table, const toml::source_position& at) {
    using Set = void (*)(ExtraField&, const std::string&);
    static constexpr std::pair<std::string_view, Set> kKeys[] = {
        {"name", set_name}, {"element", set_element}, {"type", set_type}, {"number", set_number}};
    for (const auto& [key, node] : table)
      if (std::ranges::find(kKeys, key.str(), &std::pair<std::string_view, Set>::first) == std::end(kKeys))
        throw unknown(key, "key field." + std::string(key.str()),
                      nearest(key.str(), {"name", "element", "type", "number"}));
    ExtraField field;
    for (const auto& [key, set] : kKeys) {
      const toml::node* node = table.get(key);
      if (!node && key != "number")
        throw file_.error(at.line, at.column,
                          "this field has no " + std::string(key) +
                              "; it needs name, element and type, as in name = \"app_name\", element = \"9/12235\", "
                              "type = \"string\"");
      if (!node) continue;
      const toml::source_position& place = node->source().begin;
      if (!node->is_string() && !node->is_integer())
        throw file_.error(place.line, place.column,
                          "field." + std::string(key) + " takes a text in quotes, not " + type_name(*node));
      saying_where(place, [&] { set(field, text_of("field." + std::string(key), *node)); });
    }
    return field;
  }

  // What is wrong with a field, at its place.
  template <class Check>
  void saying_where(const toml::source_position& at, Check check) const {
    try {
      check();
    } catch (const Error& error) {
      throw file_.error(at.line, at.column, error.what());
    }
  }

  std::string text_of(const std::string& path, const toml::node& node) const {
    if (auto text = node.as_string()) return text->get();
    if (auto number = node.as_integer()) return std::to_string(number->get());
    if (auto boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
    std::string joined;
    for (const toml::node& element : *node.as_array()) {
      const toml::source_position& at = element.source().begin;
      if (!element.is_string())
        throw file_.error(at.line, at.column, path + " takes texts in quotes, not " + type_name(element));
      joined += (joined.empty() ? "" : ",") + element.as_string()->get();
    }
    return joined;
  }

  ConfigFile& file_;
};

Error ConfigFile::error(unsigned line, unsigned column, const std::string& message) const {
  std::string number = std::to_string(line);
  std::string source = line_of(text_, line);
  std::string caret;  // tabs stay tabs, so that the caret stands under its column
  for (unsigned i = 0; i + 1 < column; ++i) caret += i < source.size() && source[i] == '\t' ? '\t' : ' ';
  return usage_error(path_ + ":" + number + ":" + std::to_string(column) + ": " + message + "\n  " + number + " | " +
                     source + "\n  " + std::string(number.size(), ' ') + " | " + caret + "^");
}

ConfigFile ConfigFile::parse(const std::string& path, std::string text) {
  ConfigFile file;
  file.path_ = path;
  file.text_ = std::move(text);
  try {
    toml::table root = toml::parse(std::string_view(file.text_), path);
    ConfigReader(file).read_table(root, "");
  } catch (const toml::parse_error& e) {
    toml::source_position at = within(file.text_, e.source().begin);
    throw file.error(at.line, at.column, "this is not TOML: " + std::string(e.description()));
  }
  // toml++ sorts by key; people read from top to bottom, and the first error shown should be the first made.
  std::ranges::sort(file.entries_, {}, [](const ConfigEntry& e) { return std::pair(e.line, e.column); });
  return file;
}

ConfigFile ConfigFile::read(const std::string& path) {
  if (os::is_directory(path)) throw usage_error(path + " is a directory; name the configuration file itself");
  std::vector<uint8_t> bytes = os::read_file(path);
  return parse(path, std::string(bytes.begin(), bytes.end()));
}

}  // namespace weir
