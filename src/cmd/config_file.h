// SPDX-License-Identifier: Apache-2.0
// weir.toml as a flat list of (option, text, place). Reads the whole file at set-up; every error is a usage_error
// with file:line:column, the line itself and a caret.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "cmd/option_table.h"

namespace weir {

struct ConfigEntry {
  const Option* option = nullptr;
  std::string text;  // the value as a flag would spell it; lists joined by commas
  unsigned line = 0;
  unsigned column = 0;
};

class ConfigFile {
 public:
  // Throws for a file that cannot be read, is no TOML, has an unknown key or a value of the wrong type.
  static ConfigFile read(const std::string& path);
  // The same for text that is at hand; `path` is its name in messages.
  static ConfigFile parse(const std::string& path, std::string text);

  const std::vector<ConfigEntry>& entries() const { return entries_; }
  const std::string& path() const { return path_; }
  Error error(unsigned line, unsigned column, const std::string& message) const;

 private:
  friend class ConfigReader;
  std::string path_;
  std::string text_;
  std::vector<ConfigEntry> entries_;
};

}  // namespace weir
