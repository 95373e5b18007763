// SPDX-License-Identifier: Apache-2.0
// RecordWriter: writes flow records as JSON lines, CSV lines or length-delimited Protobuf messages.
//
//   in       batches; the fields to write
//   out      appended to a string that the caller reuses: once it has grown, nothing is allocated per record
//   threads  one at a time
//   memory   a render plan for each set of fields that runs have had, at most kPlans (then all are discarded)
//
// JSON    one object per line, with GoFlow2 2.2.6's keys, order and spelling, zero values included; after them Weir's
//         own fields that are not zero (drop_reason if it was sent), and fields added by the configuration that the
//         exporter sent. With chosen fields: exactly those, in that order, always.
// CSV     RFC 4180 with LF; every GoFlow2 field, then every one of Weir's own (empty if the exporter did not send
//         it), or the chosen ones; spelled as in JSON, lists as JSON text. A text that contains a quote, a comma or a
//         line break is quoted.
// Protobuf  a varint length, then the message of docs/formats/flow.proto; zero values are left out.
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
  // What a file of this format begins with (CSV's header line; nothing for the others).
  virtual void header(std::string& /*out*/) const {}
  // Appends every row of every run.
  virtual void write(const FlowBatch& batch, std::string& out) = 0;
};

// `fields` empty: all fields of the table, which must outlive the writer.
std::unique_ptr<RecordWriter> make_record_writer(RecordFormat format, const std::vector<Field>& fields,
                                                 const FieldTable& table = FieldTable::plain());

// The size of the record at the beginning of `bytes`; 0 if `bytes` does not contain all of it.
size_t first_record_size(RecordFormat format, std::string_view bytes);

// How many complete records `bytes` begins with, and the number of bytes they take.
struct WholeRecords {
  size_t records = 0;
  size_t bytes = 0;
};
WholeRecords count_whole_records(RecordFormat format, std::string_view bytes);

}  // namespace weir
