// SPDX-License-Identifier: Apache-2.0
// CsvRecords: the flows of a CSV file as records, once or repeatedly; shared by all exporters of a run, each taking a
// part of them. The templates have exactly the file's columns. All times are shifted together, so that the newest flow
// of the file ended when (to the second) this pass over it began; relative to one another they are unchanged.
#pragma once

#include <string>
#include <vector>

#include "gen/csv.h"
#include "gen/records.h"

namespace weir {

class CsvRecords final : public RecordSource {
 public:
  // Reads the whole file once, so that errors in it are found before anything is sent.
  CsvRecords(const std::string& path, Protocol protocol, bool repeat);

  std::span<const TemplateLayout> templates() const override { return templates_; }
  void add(DatagramWriter& writer, size_t limit, const ExporterClock& clock, Content* content) override;
  bool next(const ExporterClock& clock, NetFlow5Record* record) override;
  bool finished() const override { return !has_flow_; }
  uint64_t skipped() const override { return skipped_; }
  int64_t span_ms() const { return newest_ms_ - oldest_ms_; }  // from the first start to the last end

 private:
  void survey(const std::string& path);
  void note_times(const CsvFlow& flow);
  void make_templates(bool v4, bool v6);
  bool fits(const CsvFlow& flow) const;
  void advance();
  void shift_times(const ExporterClock& clock);
  uint64_t time_on_wire(uint64_t time_ms, const ExporterClock& clock) const;
  uint8_t* put(uint8_t* at, CsvColumn column, size_t length, const ExporterClock& clock) const;

  CsvFile file_;
  Protocol protocol_;
  bool repeat_;
  std::vector<TemplateField> fields_v4_, fields_v6_;
  std::vector<TemplateLayout> templates_;
  size_t record_bytes_v4_ = 0, record_bytes_v6_ = 0;
  int64_t oldest_ms_ = INT64_MAX, newest_ms_ = INT64_MIN;
  int64_t shift_ms_ = 0;
  bool new_pass_ = true;
  CsvFlow flow_;  // the next one, if there is one
  bool has_flow_ = false;
  uint64_t skipped_ = 0;
};

}  // namespace weir
