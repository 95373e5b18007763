// SPDX-License-Identifier: Apache-2.0
#include "cmd/config_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

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

}  // namespace

// Walks the parsed tables and appends an entry per value.
class ConfigReader {
 public:
  explicit ConfigReader(ConfigFile& file) : file_(file) {}

  void read_table(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      std::string path = prefix.empty() ? std::string(key.str()) : prefix + "." + std::string(key.str());
      const Option* option = find_option(path);
      if (option && !(node.is_table() && path == kTransportShortKey))
        read_value(*option, path, node);
      else if (node.is_table() && !node.as_table()->empty())
        read_table(*node.as_table(), path);
      else if (!node.is_table())
        throw unknown(key, path);
    }
  }

 private:
  Error unknown(const toml::key& key, const std::string& path) const {
    const toml::source_position& at = key.source().begin;
    return file_.error(
        at.line, at.column,
        "unknown key " + path + did_you_mean(suggest_key(path)) + "; docs/reference/config.md lists them");
  }

  void read_value(const Option& option, const std::string& path, const toml::node& node) {
    const toml::source_position& at = node.source().begin;
    if (!fits(option, node))
      throw file_.error(at.line, at.column, path + " takes " + expected(option) + ", not " + type_name(node));
    file_.entries_.push_back({&option, text_of(path, node), at.line, at.column});
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
    const toml::source_position& at = e.source().begin;
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
