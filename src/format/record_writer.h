// SPDX-License-Identifier: Apache-2.0
// RecordWriter: flow records as JSON lines, CSV lines or length-delimited Protobuf messages.
//
//   in       batches; the fields to write
//   out      appended to a string that the caller reuses: once it has grown, nothing is allocated per record
//   threads  one at a time
//   memory   a render plan per set of fields seen in runs, at most kPlans (then begun anew)
//
// JSON    one object a line, GoFlow2 2.2.6's keys, order and spelling, zero values included; Weir's own fields
//         after them where they are not zero (drop_reason where it was sent), those that the configuration adds where
//         the exporter sent them. With
//         chosen fields: exactly those, in that order, always.
// CSV     RFC 4180 with LF; every GoFlow2 field, then every one of Weir's own (empty where the exporter did not
//         say), or the chosen ones; spelled as in JSON, lists as JSON text. A text that holds a quote, a comma or a
//         line break stands in quotes.
// Protobuf  a varint length, then the message of docs/formats/flow.proto; zero values left out.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "flow/batch.h"
#include "flow/field_table.h"

namespace weir {

enum class RecordFormat : uint8_t { json, csv, protobuf };

class RecordWriter {
 public:
  virtual ~RecordWriter() = default;
  // What a file of this format begins with (CSV's line of names; nothing for the others).
  virtual void header(std::string& /*out*/) const {}
  // Appends every row of every run.
  virtual void write(const FlowBatch& batch, std::string& out) = 0;
};

// `fields` empty: all of the table, which outlives the writer.
std::unique_ptr<RecordWriter> make_record_writer(RecordFormat format, const std::vector<Field>& fields,
                                                 const FieldTable& table = FieldTable::plain());

// The size of the record that `bytes` begins with; 0 where `bytes` does not hold all of it.
size_t first_record_size(RecordFormat format, std::string_view bytes);

// How many whole records `bytes` begins with, and the number of bytes they take.
struct WholeRecords {
  size_t records = 0;
  size_t bytes = 0;
};
WholeRecords count_whole_records(RecordFormat format, std::string_view bytes);

}  // namespace weir
