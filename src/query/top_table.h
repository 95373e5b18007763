// SPDX-License-Identifier: Apache-2.0
// The result of `weir top` as a table with a total.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/text_table.h"
#include "query/top.h"
#include "sql/column.h"

namespace weir {

class TopTable {
 public:
  TopTable(const TopRequest& request, bool terminal);
  void restart() { rows_.clear(), total_.clear(); }
  // A row of top_sql() with totals.
  void add(const std::vector<SqlColumn>& columns, size_t row);
  std::string text();

 private:
  std::string shown(size_t measure, const std::string& number) const;
  std::string cell(const SqlColumn& column, size_t row) const;

  size_t keys_, numbers_;  // columns
  bool terminal_;
  TextTable table_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::string> total_;
};

}  // namespace weir
