// SPDX-License-Identifier: Apache-2.0
#include "cmd/config_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

#include "base/text.h"
#include "cmd/exporter_option.h"
#include "cmd/field_option.h"
#include "cmd/output_option.h"
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
      if (option.key == kOutputKey) return "tables in double brackets, [[output]], with name, format and path";
      if (option.key == kExporterKey) return "tables in double brackets, [[exporter]], with address and counters_23_24";
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
    if (!is_table_array(option.key)) names.emplace_back(table_of_key(option.key));
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
      if (is_table_array(path) && node.is_array_of_tables()) {
        if (path == kFieldKey)
          read_tables<ExtraField>(*option, *node.as_array(), check_extra_field,
                                  [&](const toml::table& t, auto at) { return read_field(t, at); });
        else if (path == kOutputKey)
          read_tables<OutputConfig>(*option, *node.as_array(), check_output_config,
                                    [&](const toml::table& t, auto at) { return read_output(t, at); });
        else
          read_tables<ExporterRule>(*option, *node.as_array(), check_exporter_rule,
                                    [&](const toml::table& t, auto at) { return read_exporter(t, at); });
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

  // Each [[field]], [[exporter]] or [[output]], checked here, where its line is known; as text they are one value.
  template <class Value, class Check, class Read>
  void read_tables(const Option& option, const toml::array& tables, Check check, Read read) {
    std::vector<Value> values;
    ConfigEntry entry{&option, "", 0, 0};
    for (const toml::node& node : tables) {
      const toml::source_position& at = node.source().begin;
      if (values.empty()) entry.line = at.line, entry.column = at.column;
      Value value = read(*node.as_table(), at);
      saying_where(at, [&] { check(values, value); });
      entry.text += (values.empty() ? "" : ",") + weir::text_of(value);
      values.push_back(std::move(value));
    }
    if (!values.empty()) file_.entries_.push_back(entry);
  }

  ExtraField read_field(const toml::table& table, const toml::source_position& at) {
    static constexpr TableKey<ExtraField> kKeys[] = {
        {"name", set_name}, {"element", set_element}, {"type", set_type}, {"number", set_number, false}};
    return read_keys<ExtraField>(table, at, "field", kKeys,
                                 "it needs name, element and type, as in name = \"app_name\", element = \"9/12235\", "
                                 "type = \"string\"");
  }

  ExporterRule read_exporter(const toml::table& table, const toml::source_position& at) {
    static constexpr TableKey<ExporterRule> kKeys[] = {{"address", set_network}, {"counters_23_24", set_post_counters}};
    return read_keys<ExporterRule>(table, at, "exporter", kKeys,
                                   "it needs address and counters_23_24, as in address = \"192.0.2.0/24\", "
                                   "counters_23_24 = \"reverse\"");
  }

  OutputConfig read_output(const toml::table& table, const toml::source_position& at) {
    static constexpr TableKey<OutputConfig> kKeys[] = {{"name", set_output_name},
                                                       {"type", set_output_type, false},
                                                       {"format", set_output_format},
                                                       {"path", set_output_path},
                                                       {"fields", set_output_fields, false, true}};
    return read_keys<OutputConfig>(table, at, "output", kKeys,
                                   "it needs name, format and path, as in name = \"archive\", format = \"csv\", "
                                   "path = \"/var/log/flows.csv\"");
  }

  template <class Value>
  struct TableKey {
    std::string_view name;
    void (*set)(Value&, const std::string&);
    bool needed = true;
    bool is_list = false;  // may be
  };

  // `needs`: what to write where a key is missing.
  template <class Value, size_t N>
  Value read_keys(const toml::table& table, const toml::source_position& at, const std::string& what,
                  const TableKey<Value> (&keys)[N], const std::string& needs) {
    std::vector<std::string> names;
    for (const auto& key : keys) names.emplace_back(key.name);
    for (const auto& [key, node] : table)
      if (std::ranges::count(names, key.str()) == 0)
        throw unknown(key, "key " + what + "." + std::string(key.str()), nearest(std::string(key.str()), names));
    Value value;
    for (const auto& key : keys) {
      const toml::node* node = table.get(key.name);
      const std::string name = what + "." + std::string(key.name);
      if (!node && key.needed)
        throw file_.error(at.line, at.column, "this " + what + " has no " + std::string(key.name) + "; " + needs);
      if (!node) continue;
      const toml::source_position& place = node->source().begin;
      if (!node->is_string() && !node->is_integer() && !(key.is_list && node->is_array()))
        throw file_.error(
            place.line, place.column,
            name + " takes " + (key.is_list ? "a list of texts" : "a text in quotes") + ", not " + type_name(*node));
      saying_where(place, [&] { key.set(value, text_of(name, *node)); });
    }
    return value;
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
