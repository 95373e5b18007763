// SPDX-License-Identifier: Apache-2.0
#include "config/toml_reader.h"

namespace weir {
// toml++ asserts that a key follows "[[", where the file decides: that is an error of the file.
// What it asserts in functions that throw nothing still ends the process.
namespace {
struct MissingKey {};
[[noreturn, gnu::noinline]] void throw_missing_key() { throw MissingKey(); }
}  // namespace
}  // namespace weir
#define TOML_ASSERT(expr) (static_cast<bool>(expr) ? void() : ::weir::throw_missing_key())
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <sstream>

#include "base/text.h"

namespace weir {
namespace {

std::string_view type_name(const toml::node& node) {
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

bool fits(ValueKind kind, const toml::node& node) {
  switch (kind) {
    case ValueKind::text:
    case ValueKind::duration:
    case ValueKind::secret_file:
      return node.is_string();
    case ValueKind::list:
      return node.is_string() || node.is_array();
    case ValueKind::size:
    case ValueKind::text_or_number:
      return node.is_string() || node.is_integer();
    case ValueKind::number:
      return node.is_integer();
    case ValueKind::boolean:
      return node.is_boolean();
  }
  return false;
}

// An error at the end of the text is shown at its last line that holds something.
toml::source_position within(const std::string& text, toml::source_position at) {
  const size_t last = text.find_last_not_of(" \t\r\n");
  if (last == std::string::npos) return {1, 1};
  const auto end = text.begin() + static_cast<ptrdiff_t>(last);
  const auto lines = static_cast<toml::source_index>(std::count(text.begin(), end, '\n') + 1);
  if (at.line <= lines) return at;
  const size_t begin = text.rfind('\n', last) == text.npos ? 0 : text.rfind('\n', last) + 1;
  return {lines, static_cast<toml::source_index>(last - begin + 2)};
}

// The first "[[" that no key follows.
Place missing_key(const std::string& path, const std::string& text) {
  unsigned number = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const size_t bracket = line.find_first_not_of(" \t"), key = line.find_first_not_of(" \t", bracket + 2);
    const bool begins = bracket != line.npos && line.compare(bracket, 2, "[[") == 0;
    if (!begins || key == line.npos) continue;
    const auto c = static_cast<unsigned char>(line[key]);
    if (std::isalnum(c) == 0 && c < 0x80 && c != '_' && c != '-' && c != '"' && c != '\'')
      return {path, number, static_cast<unsigned>(key + 1)};
  }
  return {path, 1, 1};
}

// Walks the parsed tables.
class TomlReader {
 public:
  TomlReader(const Schema& schema, const std::string& path, Problems& problems)
      : schema_(schema), file_(path), problems_(problems) {}

  void read_table(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      const std::string path = prefix.empty() ? std::string(key.str()) : prefix + "." + std::string(key.str());
      const OptionInfo* option = schema_.option(path);
      const RepeatedTable* repeated = schema_.table(path);
      if (option && !(node.is_table() && schema_.has_table(path)))
        read_value(*option, path, node, [&](Value value) { document_.values.emplace_back(option, std::move(value)); });
      else if (repeated)
        read_repeated(*repeated, node);
      else if (node.is_table() && schema_.has_table(path))
        read_table(*node.as_table(), path);
      else if (node.is_array_of_tables() && schema_.has_table(path))
        problems_.add(place(node), "[[" + path + "]] stands once only: write it in single brackets, [" + path + "]");
      else
        unknown(key, node, path);
    }
  }
  // toml++ sorts by key; people read from top to bottom.
  ConfigDocument finish() {
    const auto position = [](const Place& place) { return std::pair(place.line, place.column); };
    std::ranges::stable_sort(document_.values, {}, [&](const auto& v) { return position(v.second.place); });
    std::ranges::stable_sort(document_.tables, {}, [&](const auto& t) { return position(t.second.place); });
    return std::move(document_);
  }

 private:
  Place place(const toml::source_position& at) const { return {file_, at.line, at.column}; }
  Place place(const toml::node& node) const { return place(node.source().begin); }

  void unknown(const toml::key& key, const toml::node& node, const std::string& path) {
    const bool is_table = node.is_table() || node.is_array_of_tables();
    const std::string what = is_table ? "table [" + path + "]" : "key " + path;
    const std::string meant = is_table ? schema_.table_meant(path) : schema_.key_meant(path);
    const std::string secret =
        is_table ? "" : secret_advice([&](const std::string& k) { return schema_.option(k); }, path);
    problems_.add(
        place(key.source().begin),
        secret.empty() ? "unknown " + what + meant + "; docs/reference/config.md lists those there are" : secret);
  }

  // Of `password`, where there is `password_file`: what to do instead. Empty: it is no secret.
  template <class Find>
  static std::string secret_advice(Find find, const std::string& key) {
    const std::string with_file = key + "_file";
    const OptionInfo* option = find(with_file);
    if (!option || option->kind != ValueKind::secret_file) return "";
    return key +
           " is a secret, and secrets do not stand in a configuration; write it into a file that only Weir can "
           "read, and name that file: " +
           std::string(name_of_key(with_file)) + " = \"…\"";
  }

  void read_repeated(const RepeatedTable& type, const toml::node& node) {
    const std::string name(type.path);
    if (!node.is_array_of_tables())
      return problems_.add(place(node), name + " takes tables in double brackets, [[" + name + "]], not " +
                                            std::string(type_name(node)) + "; as in\n" + indented(type.example));
    for (const toml::node& element : *node.as_array()) read_element(type, *element.as_table());
  }

  void read_element(const RepeatedTable& type, const toml::table& table) {
    TableValues values{place(table), {}};
    const std::string name(type.path);
    for (const auto& [key, node] : table) {
      const std::string path = name + "." + std::string(key.str());
      const OptionInfo* option = type.find(key.str());
      if (!option)
        unknown_in(type, key, path);
      else
        read_value(*option, path, node,
                   [&](Value value) { values.values.emplace_back(option->key, std::move(value)); });
    }
    for (const OptionInfo* option : type.options)
      if (option->is_needed() && !table.contains(option->key))
        problems_.add(values.place,
                      "this " + name + " has no " + std::string(option->key) + "; as in\n" + indented(type.example));
    std::ranges::stable_sort(values.values, {}, [](const auto& value) {
      return std::pair(value.second.place.line, value.second.place.column);
    });
    document_.tables.emplace_back(&type, std::move(values));
  }

  void unknown_in(const RepeatedTable& type, const toml::key& key, const std::string& path) {
    std::vector<std::string> names;
    for (const OptionInfo* option : type.options) names.emplace_back(option->key);
    const std::string written(key.str());
    const std::string secret = secret_advice([&](const std::string& k) { return type.find(k); }, written);
    problems_.add(place(key.source().begin),
                  secret.empty()
                      ? "unknown key " + path + did_you_mean(nearest(written, names)) + "; it takes " + listed(names)
                      : secret);
  }

  static std::string listed(const std::vector<std::string>& names) {
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
    return all;
  }
  static std::string indented(std::string_view lines) {
    std::string out;
    for (const std::string& line : split_list(lines, '\n')) out += (out.empty() ? "    " : "\n    ") + line;
    return out;
  }

  template <class Take>
  void read_value(const OptionInfo& option, const std::string& path, const toml::node& node, Take take) {
    if (!fits(option.kind, node))
      return problems_.add(
          place(node), path + " takes " + std::string(expected(option.kind)) + ", not " + std::string(type_name(node)));
    Value value;
    value.place = place(node);
    if (const auto* text = node.as_string())
      value.text = text->get();
    else if (const auto* number = node.as_integer())
      value.text = std::to_string(number->get());
    else if (const auto* boolean = node.as_boolean())
      value.text = boolean->get() ? "true" : "false";
    if (option.kind == ValueKind::list && !read_items(path, node, value)) return;
    take(std::move(value));
  }

  bool read_items(const std::string& path, const toml::node& node, Value& value) {
    if (const auto* text = node.as_string()) {
      value.items = split_list(text->get());
      return true;
    }
    bool right = true;
    for (const toml::node& element : *node.as_array()) {
      if (const auto* text = element.as_string()) {
        value.items.push_back(text->get());
        continue;
      }
      problems_.add(place(element), path + " takes texts in quotes, not " + std::string(type_name(element)));
      right = false;
    }
    value.text = join_list(value.items);
    return right;
  }

  const Schema& schema_;
  const std::string file_;
  Problems& problems_;
  ConfigDocument document_;
};

}  // namespace

ConfigDocument read_toml(const Schema& schema, const std::string& path, const std::string& text, Problems& problems) {
  if (text.size() > kMostConfigOctets) {
    problems.add({path, 0, 0}, "this has " + std::to_string(text.size()) +
                                   " octets, more than any configuration; at most " +
                                   std::to_string(kMostConfigOctets));
    return {};
  }
  problems.add_file(path, text);
  TomlReader reader(schema, path, problems);
  try {
    reader.read_table(toml::parse(std::string_view(text), path), "");
  } catch (const toml::parse_error& error) {
    const toml::source_position at = within(text, error.source().begin);
    std::string why(error.description());
    if (why.contains("utf-8")) why += "; save the file as UTF-8";
    problems.add({path, at.line, at.column}, "this is not TOML: " + why);
  } catch (const MissingKey&) {
    problems.add(missing_key(path, text), "this is not TOML: a name must follow the brackets, as in [[output]]");
  }
  return reader.finish();
}

}  // namespace weir
