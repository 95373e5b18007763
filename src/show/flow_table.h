// SPDX-License-Identifier: Apache-2.0
// Flow records as a table for reading, a line each: by default when, how long, protocol, who to whom, TCP flags, how
// much, interfaces, exporter; else the chosen fields, spelt as in CSV.
//
// Streaming: the first kRowsForWidths rows tell how wide columns are; a value that is wider later on stands out, but
// loses nothing.
#pragma once

#include "format/record_writer.h"
#include "query/result_table.h"

namespace weir {

class FlowTable final : public RecordWriter {
 public:
  // `fields` empty: the default columns, of which those at the right that a line of `width` characters has no room for
  // are left out (0: all are shown).
  FlowTable(const std::vector<Field>& fields, size_t width, const FieldTable& table = FieldTable::plain());

  void write(const FlowBatch& batch, std::string& out) override;
  // The rows still held back.
  void finish(std::string& out);
  // Names of columns left out, "" where all were shown. Known after the first rows came out.
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

// The cells of the CSV line that `csv` begins with (RFC 4180), which is removed.
std::vector<std::string> take_csv_line(std::string_view& csv);

}  // namespace weir
