// SPDX-License-Identifier: Apache-2.0
// Renders `weir collect --help` from the option table.
#include <string>
#include <vector>

#include "config/options.h"

namespace weir {
namespace {

constexpr size_t kTextColumn = 34;
constexpr size_t kWidth = 100;

constexpr std::string_view kIntroduction =
    "weir collect: receive NetFlow v1, v5, v7, v9, IPFIX and sFlow v5, decode, count and store flows\n"
    "\n"
    "Usage: weir collect [flags]\n"
    "\n"
    "Examples:\n"
    "  weir collect                                   receive on UDP 2055, 4739 and 6343, into the store\n"
    "  weir collect --no-store --format json          a line per flow on standard output, nothing stored\n"
    "  weir collect --listen netflow://192.0.2.1:2055 --format csv --transport.file /var/log/flows.csv\n"
    "  weir collect --config weir.toml --check        check the configuration and show what is in force\n"
    "\n"
    "Every flag is also a key of weir.toml and an environment variable (WEIR_ + the key in capitals, with _ for\n"
    "each dot). A flag overrides the variable, the variable the file, the file the default.\n";

constexpr std::string_view kGeneral =
    "\n"
    "General\n"
    "  --config FILE                   Configuration file (also WEIR_CONFIG). Default: /etc/weir/weir.toml if it "
    "exists\n"
    "  --check                         Check configuration, ports, directory and outputs, print the values in force "
    "and\n"
    "                                  where each comes from, and exit with 0 if all is valid, else with 2\n"
    "  -h, --help                      This text\n";

// `text` in lines of at most kWidth; the first begins with `head`, the others are indented to the same column.
std::string wrapped(const std::string& head, std::string_view text) {
  std::string out, line = head;
  line += head.size() + 2 > kTextColumn ? "\n" + std::string(kTextColumn, ' ')
                                        : std::string(kTextColumn - head.size(), ' ');
  size_t used = kTextColumn;
  while (!text.empty()) {
    size_t end = std::min(text.find(' '), text.size());
    if (used + end > kWidth) {
      out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
      line = std::string(kTextColumn, ' ');
      used = kTextColumn;
    }
    line += std::string(text.substr(0, end)) + " ";
    used += end + 1;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

}  // namespace

std::string collect_help() {
  std::string out(kIntroduction);
  for (const Schema::Group& group : collect_schema().groups()) {
    out += "\n" + std::string(group.name) + "\n";
    for (const OptionInfo* option : group.options) {
      std::string head = "  " + std::string(option->flag);
      if (!option->value_name.empty()) head += " " + std::string(option->value_name);
      std::string text(option->meaning);
      const bool show_default = !option->fallback.empty() && option->kind != ValueKind::boolean;
      if (show_default) text += ". Default: " + std::string(option->fallback);
      out += wrapped(head, text + " [" + std::string(option->key) + "]");
    }
    for (const RepeatedTable* table : group.tables)
      out += wrapped("  " + std::string(table->flag) + " " + std::string(table->form),
                     std::string(table->meaning) + " [[" + std::string(table->path) + "]]");
  }
  return out + std::string(kGeneral);
}

}  // namespace weir
