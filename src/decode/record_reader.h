// SPDX-License-Identifier: Apache-2.0
// RecordReader: turns the records of a data set into rows.
//
//   in       a set's body and the plan (the compiled template) that reads it; v1, v5 and v7: all records of a datagram
//   out      runs in the BatchWriter's batch; options data to the OptionsReader
//   threads  one per worker
//   memory   allocated once: the fields of one record, the lists inside it
//   counts   records, impossible times, cut texts and borrowed names, in the ledger entry of the message's sender
//   failure  a record that extends past its set, and octets left over, are counted; the records before them are kept
#pragma once

#include <vector>

#include "decode/batch_writer.h"
#include "decode/lists.h"
#include "decode/message.h"
#include "decode/options_reader.h"

namespace weir {

class RecordReader {
 public:
  // `default_sampling_rate`: for records if neither they, options data nor the header gives a rate; 0: none.
  RecordReader(uint64_t default_sampling_rate, BatchWriter& out, OptionsReader& options);

  // Returns the number of data records, options data included.
  uint32_t read(Message& message, const Plan& plan, Bytes body);

 private:
  uint32_t read_fixed(const Message& message, const Plan& plan, Bytes body);
  uint32_t read_variable(const Message& message, const Plan& plan, Bytes body);
  void put_record(const Message& message, const Plan& plan, Run& run);
  void finish_run(const Message& message, const Plan& plan, Run& run);

  const uint64_t default_sampling_rate_;
  BatchWriter& out_;
  OptionsReader& options_;
  std::vector<FieldBytes> fields_;  // of the record being walked
  ListReader lists_;
};

}  // namespace weir
