// SPDX-License-Identifier: Apache-2.0
// Schema: defines what a configuration may contain: options in tables ([collect]), and tables that may appear several
// times ([[output]]), each with its own options.
//
// A new type of table is a list of Options and one RepeatedTable: reading, errors, `weir config show`, the reference
// and the JSON Schema follow from these.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/option.h"
#include "config/problems.h"

namespace weir {

// One of the tables [[name]], as written.
struct TableValues {
  Place place;
  std::vector<std::pair<std::string_view, Value>> values;  // by key
  const Value* find(std::string_view key) const;
};

// A table that may appear several times.
struct RepeatedTable {
  std::string_view path;     // "output", "relay.pool"
  std::string_view flag;     // "--output": a short form, several separated by commas
  std::string_view form;     // of the short form: "NAME=FORMAT:PATH,.."
  std::string_view group;    // heading in --help and the reference
  std::string_view meaning;  // in --help and the reference
  std::string_view example;  // lines of TOML, for the error about a missing key and for the example file
  std::vector<const OptionInfo*> options;
  // Parses the short form. Throws usage_error.
  TableValues (*parse_short)(const std::string& text) = nullptr;

  const OptionInfo* find(std::string_view key) const;
};

// Tables in their short form, separated by commas, as given in the flag or variable `source`.
std::vector<TableValues> short_tables(const RepeatedTable& type, const std::string& text, const std::string& source,
                                      Problems& problems);

class Schema {
 public:
  // `alias`: a second name of a key, and the key. TOML cannot contain both `transport = "file"` and `transport.file =
  // "…"`, so the key that the short form stands for has its own name.
  using Alias = std::pair<std::string_view, std::string_view>;
  Schema(std::vector<const OptionInfo*> options, std::vector<const RepeatedTable*> tables, Alias alias = {})
      : options_(std::move(options)), tables_(std::move(tables)), alias_(alias) {}

  std::span<const OptionInfo* const> options() const { return options_; }
  std::span<const RepeatedTable* const> tables() const { return tables_; }
  const Alias& alias() const { return alias_; }
  // By the full key: "collect.listen". Null: there is none.
  const OptionInfo* option(std::string_view key) const;
  const RepeatedTable* table(std::string_view path) const;
  // Whether there are options or tables below this path: "collect".
  bool has_table(std::string_view path) const;

  // Grouped under their headings, as --help and the reference show them.
  struct Group {
    std::string_view name;
    std::vector<const OptionInfo*> options;
    std::vector<const RepeatedTable*> tables;
  };
  std::vector<Group> groups() const;

  // A suggestion for a misspelt name: " (did you mean …?)", or nothing.
  std::string key_meant(std::string_view key) const;
  std::string table_meant(std::string_view path) const;

 private:
  std::vector<const OptionInfo*> options_;
  std::vector<const RepeatedTable*> tables_;
  Alias alias_;
};

// "collect" of "collect.listen", "" of "field".
inline std::string_view table_of_key(std::string_view key) {
  const size_t dot = key.rfind('.');
  return key.substr(0, dot == key.npos ? 0 : dot);
}
// "listen" of "collect.listen".
inline std::string_view name_of_key(std::string_view key) { return key.substr(key.rfind('.') + 1); }

// What TOML value an option of that kind takes: "a whole number".
std::string_view expected(ValueKind kind);

}  // namespace weir
