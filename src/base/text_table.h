// SPDX-License-Identifier: Apache-2.0
// TextTable: columns of text as wide as their widest cell, for everything that Weir prints as a table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir {

// `lines`: with a frame and a bold heading, for terminals; without: columns two spaces apart.
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
