// SPDX-License-Identifier: Apache-2.0
// Writes results as tables for people: columns are as wide as their first rows need; longer values in later rows stick
// out but are not cut off. Data from the network cannot control the terminal: control characters are shown as "?".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "query/result_writer.h"

namespace weir {

// `lines`: with a frame and a bold heading, for terminals.
std::unique_ptr<ResultWriter> make_table_writer(bool lines, ResultOutput& output);

// The table layout alone, for cells that are text already.
struct TextTable {
  std::vector<std::string> heading;
  std::vector<bool> right;  // per column: right-aligned
  std::vector<size_t> widths;

  void fit(const std::vector<std::string>& cells);
  void append_top(std::string& out, bool lines) const;
  void append_row(std::string& out, const std::vector<std::string>& cells, bool lines) const;
  void append_rule(std::string& out, bool lines) const;  // between rows and a total
  void append_bottom(std::string& out, bool lines) const;
};

size_t shown_width(std::string_view text);  // of UTF-8, in characters

}  // namespace weir
