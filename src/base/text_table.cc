// SPDX-License-Identifier: Apache-2.0
#include "base/text_table.h"

#include <algorithm>

namespace weir {

size_t shown_width(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

void TextTable::fit(const std::vector<std::string>& cells) {
  widths.resize(heading.size());
  for (size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], shown_width(cells[i]));
}

static void append_line(std::string& out, const std::vector<size_t>& widths, const char* left, const char* between,
                        const char* right) {
  for (size_t i = 0; i < widths.size(); ++i) {
    out += i == 0 ? left : between;
    for (size_t n = 0; n < widths[i] + 2; ++n) out += "─";
  }
  out += right;
  out += '\n';
}

void TextTable::append_row(std::string& out, const std::vector<std::string>& cells, bool lines) const {
  for (size_t i = 0; i < cells.size(); ++i) {
    size_t width = shown_width(cells[i]);
    std::string padding(widths[i] > width ? widths[i] - width : 0, ' ');
    bool last = i + 1 == cells.size();
    if (lines) out += i == 0 ? "│ " : " │ ";
    if (!lines && i > 0) out += "  ";
    out += right[i] ? padding + cells[i] : cells[i] + (last && !lines ? "" : padding);
  }
  out += lines ? " │\n" : "\n";
}

void TextTable::append_top(std::string& out, bool lines) const {
  if (!lines) return append_row(out, heading, false);
  append_line(out, widths, "┌", "┬", "┐");
  std::vector<std::string> bold = heading;
  for (size_t i = 0; i < bold.size(); ++i) {
    std::string padding(widths[i] - shown_width(heading[i]), ' ');
    out += i == 0 ? "│ " : " │ ";
    out += (right[i] ? padding : "") + "\x1b[1m" + heading[i] + "\x1b[0m" + (right[i] ? "" : padding);
  }
  out += " │\n";
  append_rule(out, true);
}

void TextTable::append_rule(std::string& out, bool lines) const {
  if (lines) append_line(out, widths, "├", "┼", "┤");
}

void TextTable::append_bottom(std::string& out, bool lines) const {
  if (lines) append_line(out, widths, "└", "┴", "┘");
}

}  // namespace weir
