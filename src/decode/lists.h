// SPDX-License-Identifier: Apache-2.0
// ListReader: reads structured data (RFC 6313): basicList, subTemplateList and subTemplateMultiList inside a data
// record. Their values fill the fields that the record itself does not have; values of list fields are appended.
//
//   in       the record's plan and fields, the plans of its session
//   out      the only row of a run
//   threads  none; one ListReader per decoder
//   memory   allocated once; at most limits::kListDepth nested lists, limits::kListValues values per field
//   failure  counted: short_list, list_template, deep_list; the values before the error are kept
#pragma once

#include <array>
#include <vector>

#include "decode/list_values.h"
#include "decode/run_plan.h"
#include "ledger/ledger.h"
#include "templates/store.h"

namespace weir {

struct ListContext {
  const SessionPlans& plans;
  const SetContext& set;  // selects which of a template's layouts reads the list's records
  bool fallback;          // the set's layout may be from before a restart; then the layouts of its lists may be too
  const TimeBase& base;
  FlowBatch& batch;
  Run& run;  // of one row
  LedgerEntry& entry;
};

class ListReader {
 public:
  ListReader();
  void read(const Plan& plan, const FieldBytes* fields, const ListContext& context);

 private:
  void read_fields(const Plan& plan, const FieldBytes* fields, const ListContext& context, size_t depth);
  void read_basic(ListKind kind, Bytes list, const ListContext& context);
  void read_value(ListKind kind, uint32_t pen, uint16_t id, uint16_t width, const FieldBytes& value,
                  const ListContext& context);
  void read_sub_template(Bytes list, const ListContext& context, size_t depth);
  void read_multi(Bytes list, const ListContext& context, size_t depth);
  void read_records(uint16_t template_id, Bytes records, const ListContext& context, size_t depth);
  void append(Field field, Convert convert, const FieldBytes& value);
  void flush(const ListContext& context);

  struct Values {  // of one list field, until the whole record has been read
    std::vector<uint32_t> numbers;
    std::vector<IpAddress> addresses;
    uint32_t count = 0;
  };
  std::array<Values, std::size(kListFields)> values_;
  std::vector<FieldBytes> fields_;  // of the record being walked at each depth
};

}  // namespace weir
