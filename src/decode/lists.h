// SPDX-License-Identifier: Apache-2.0
// Structured data (RFC 6313): basicList, subTemplateList and subTemplateMultiList inside a data record. What they hold
// fills the fields that the record itself has not; values of list fields are appended.
//
//   in       the record's plan and fields, the plans of its session
//   out      the one row of a run
//   threads  none; one ListReader per decoder
//   memory   made once; lists inside lists to limits::kListDepth, limits::kListValues values of a field
//   failure  counted: short_list, list_template, deep_list; what comes before is kept
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
  const SetContext& set;  // which of a template's layouts reads what it holds
  bool fallback;          // it is itself read with a layout that may be of before a restart: so is what it holds
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

  struct Values {  // of one list field, until the record is through
    std::vector<uint32_t> numbers;
    std::vector<IpAddress> addresses;
    uint32_t count = 0;
  };
  std::array<Values, std::size(kListFields)> values_;
  std::vector<FieldBytes> fields_;  // of the record being walked at each depth
};

}  // namespace weir
