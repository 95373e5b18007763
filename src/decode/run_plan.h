// SPDX-License-Identifier: Apache-2.0
// The hot loop: the records of a data set into the columns of a batch, element by element.
//
//   in       whole records of one plan; in memory one after the other (fixed length), or one at a time (variable)
//   out      columns of the rows of `run`
//   threads  none; allocates nothing once the batch has its columns
#pragma once

#include "flow/batch.h"
#include "templates/fits.h"
#include "templates/plan.h"

namespace weir {

// What the times of a record are relative to.
struct TimeBase {
  int64_t export_ns = 0;   // header's clock
  uint32_t uptime_ms = 0;  // header's uptime (v5, v9)
  bool has_uptime = false;
  int64_t system_init_ns = 0;  // IPFIX: from options data (IE 160); 0: not told
};

// With the boot time that the record itself tells (IE 160), where it does.
TimeBase base_of_record(const Plan& plan, const FieldBytes* fields, TimeBase base);

// `records` points at run.rows records of plan.record_length octets each.
void run_plan_fixed(const Plan& plan, const uint8_t* records, const TimeBase& base, FlowBatch& batch, Run& run);

// One record of variable length, whose fields walk_record() has found, into row `row` of `run`.
void run_plan_record(const Plan& plan, const FieldBytes* fields, const TimeBase& base, FlowBatch& batch, Run& run,
                     uint32_t row);

// The only record of a run of one row: fills the fields that the run has not got, lists apart, from a record inside it
// (structured data), or from one element.
void fill_missing(const Plan& plan, const FieldBytes* fields, const TimeBase& base, FlowBatch& batch, Run& run);
void fill_missing(const Element& element, const FieldBytes& bytes, const TimeBase& base, FlowBatch& batch, Run& run);

// Fields that some plans fill but this record could not (IPFIX uptimes without a boot time): not in the mask.
FieldMask mask_of(const Plan& plan, const TimeBase& base);

}  // namespace weir
