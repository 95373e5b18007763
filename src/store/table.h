// SPDX-License-Identifier: Apache-2.0
// The tables of the store. All use the same kind of files, list, merging and retention; only their columns differ
// (store/columns.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir {

enum class Table : uint8_t { flows, counters };
inline constexpr size_t kTableCount = 2;
inline constexpr std::array kTables{Table::flows, Table::counters};

// The folder in the data directory, the word in the catalog and the name of the view; and what the rows are called.
inline constexpr std::string_view kTableNames[kTableCount] = {"flows", "counters"};
inline constexpr std::string_view kRowNames[kTableCount] = {"flows", "counter samples"};
inline constexpr std::string_view table_name(Table table) { return kTableNames[static_cast<size_t>(table)]; }
inline constexpr std::string_view row_name(Table table) { return kRowNames[static_cast<size_t>(table)]; }

inline constexpr std::optional<Table> find_table(std::string_view name) {
  for (Table table : kTables)
    if (table_name(table) == name) return table;
  return {};
}

}  // namespace weir
