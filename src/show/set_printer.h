// SPDX-License-Identifier: Apache-2.0
// SetPrinter: prints what was received, for `weir decode --templates`, `--sets` and `--elements`: template records,
// data sets, and data records with all their elements. Text for people or one JSON object per line; docs/operate.md
// shows both.
#pragma once

#include <string>
#include <vector>

#include "decode/observer.h"
#include "show/malformed_report.h"
#include "show/shown_value.h"

namespace weir {

struct SetPrinterConfig {
  bool templates = false;  // template records, and options data
  bool sets = false;
  bool elements = false;  // data records, including options data
  bool json = false;
  bool name_files = false;  // name the file in the text, too
};

class SetPrinter {
 public:
  SetPrinter(const SetPrinterConfig& config, const DecodedFiles& files, std::string& out)
      : config_(config), files_(files), out_(out) {}

  void template_record(const DecodePlace& place, const TemplateRecord& record, TemplateNews news);
  // `replayed`: it waited for its template.
  void data_set(const DecodePlace& place, const Plan& plan, const SessionPlans* known, Bytes body, bool replayed);

 private:
  void text_of_template(const DecodePlace& place, const TemplateRecord& record, TemplateNews news);
  void json_of_template(const DecodePlace& place, const TemplateRecord& record, TemplateNews news);
  void print_set(const DecodePlace& place, const Plan& plan, Bytes body, bool replayed);
  void print_record(const DecodePlace& place, const Plan& plan, const SessionPlans* known);
  void text_of_record(const DecodePlace& place, const Plan& plan, const ShownValue& scope, const ShownValue& elements);
  void append_text_members(const ShownValue& record, const std::string& prefix, size_t indent);
  // Begins every object or heading: the place and the exporter.
  void begin_json(const DecodePlace& place);
  void begin_text(const DecodePlace& place, const std::string& what);

  const SetPrinterConfig config_;
  const DecodedFiles& files_;
  std::string& out_;
  std::vector<FieldBytes> fields_;
};

}  // namespace weir
