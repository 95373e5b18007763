// SPDX-License-Identifier: Apache-2.0
#include "gen/csv.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/text.h"

namespace weir {
namespace {

struct ColumnInfo {
  std::string_view name;
  uint64_t limit;
};
constexpr ColumnInfo kColumns[kCsvColumnCount] = {
    {"start_ms", INT64_MAX / 1'000'000},
    {"end_ms", INT64_MAX / 1'000'000},
    {"src_addr", 0},
    {"dst_addr", 0},
    {"src_port", 0xffff},
    {"dst_port", 0xffff},
    {"proto", 0xff},
    {"tcp_flags", 0xff},
    {"packets", UINT64_MAX},
    {"bytes", UINT64_MAX},
    {"src_as", 0xffff'ffff},
    {"dst_as", 0xffff'ffff},
    {"in_if", 0xffff'ffff},
    {"out_if", 0xffff'ffff},
    {"tos", 0xff},
};

const ColumnInfo& info(CsvColumn column) { return kColumns[static_cast<size_t>(column)]; }

std::string all_columns() {
  std::string all;
  for (const ColumnInfo& column : kColumns) all += (all.empty() ? "" : ",") + std::string(column.name);
  return all;
}

// Cuts the part before the first comma off `rest`.
std::string_view take_value(std::string_view& rest) {
  size_t comma = std::min(rest.find(','), rest.size());
  std::string_view value = rest.substr(0, comma);
  rest.remove_prefix(std::min(comma + 1, rest.size()));
  return value;
}

}  // namespace

CsvFile::CsvFile(const std::string& path) : path_(path), lines_(path) { read_header(); }

bool CsvFile::has(CsvColumn column) const { return std::ranges::find(columns_, column) != columns_.end(); }

void CsvFile::fail(std::string_view what) const {
  throw usage_error(path_ + ":" + std::to_string(lines_.number()) + ": " + std::string(what));
}

void CsvFile::read_header() {
  std::string_view line;
  if (!lines_.next(&line)) throw usage_error(path_ + " is empty: its first line must name the columns");
  for (const std::string& name : split_list(line)) {
    auto found = std::ranges::find(kColumns, std::string_view(name), &ColumnInfo::name);
    if (found == std::end(kColumns)) fail("unknown column " + name + "; the columns are " + all_columns());
    CsvColumn column = static_cast<CsvColumn>(found - std::begin(kColumns));
    if (has(column)) fail("column " + name + " is there twice");
    columns_.push_back(column);
  }
  if (columns_.empty()) fail("the first line names no columns; they are " + all_columns());
}

void CsvFile::read_value(CsvColumn column, std::string_view text, CsvFlow* flow) const {
  if (column == CsvColumn::src_addr || column == CsvColumn::dst_addr) {
    std::optional<IpAddress> address = IpAddress::parse(text);
    if (!address) fail(std::string(info(column).name) + ": '" + std::string(text) + "' is not an address");
    (column == CsvColumn::src_addr ? flow->src : flow->dst) = *address;
    return;
  }
  uint64_t& number = flow->numbers[static_cast<size_t>(column)];
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number <= info(column).limit) return;
  fail(std::string(info(column).name) + ": '" + std::string(text) + "' is not a number from 0 to " +
       std::to_string(info(column).limit));
}

bool CsvFile::next(CsvFlow* flow) {
  std::string_view line;
  do {
    if (!lines_.next(&line)) return false;
  } while (line.empty());
  if (static_cast<size_t>(std::ranges::count(line, ',')) + 1 != columns_.size())
    fail("the first line names " + std::to_string(columns_.size()) + " columns, this one has " +
         std::to_string(std::ranges::count(line, ',') + 1) + " values");
  flow->src = flow->dst = IpAddress::v4(0);
  for (CsvColumn column : columns_) read_value(column, take_value(line), flow);
  flow->v6 = !flow->src.is_v4() || !flow->dst.is_v4();
  bool one_only = !has(CsvColumn::src_addr) || !has(CsvColumn::dst_addr);
  if (flow->v6 && !one_only && (flow->src.is_v4() || flow->dst.is_v4()))
    fail("src_addr and dst_addr are not both IPv4 or both IPv6");
  return true;
}

void CsvFile::rewind() {
  lines_.rewind();
  std::string_view header;
  lines_.next(&header);
}

}  // namespace weir
