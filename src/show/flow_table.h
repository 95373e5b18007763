// SPDX-License-Identifier: Apache-2.0
// FlowTable: renders flow records as a table for people, one line each: by default start time, duration, protocol,
// source and destination, TCP flags, amounts, interfaces, exporter; otherwise the chosen fields, written as in CSV.
//
// Streaming: the first kRowsForWidths rows determine the column widths; a later value that is wider breaks the
// alignment, but is not truncated.
#pragma once

#include "base/text_table.h"
#include "format/record_writer.h"

namespace weir {

class FlowTable final : public RecordWriter {
 public:
  // `fields` empty: the default columns, without those at the right that do not fit into a line of `width` characters
  // (0: all are shown).
  FlowTable(const std::vector<Field>& fields, size_t width, const FieldTable& table = FieldTable::plain());

  void write(const FlowBatch& batch, std::string& out) override;
  // Writes the rows that are still held back.
  void finish(std::string& out);
  // Names of the omitted columns, "" if all were shown. Known once the first rows have been written.
  const std::string& left_out() const { return left_out_; }

  static constexpr size_t kRowsForWidths = 1'000;

 private:
  using Cells = std::vector<std::string>;
  void take(Cells cells, std::string& out);
  void begin(std::string& out);
  void fit_width();

  bool default_columns_;
  size_t width_;
  std::unique_ptr<RecordWriter> csv_;
  std::string lines_;
  TextTable table_;
  std::vector<Cells> held_;
  bool begun_ = false;
  std::string left_out_;
};

// Removes the first line from `csv` (RFC 4180) and returns its cells.
std::vector<std::string> take_csv_line(std::string_view& csv);

}  // namespace weir
