// SPDX-License-Identifier: Apache-2.0
// OptionsReader: reads options data records (RFC 7011 §3.4.2.2) and extracts what they announce about flow records:
// sampling rates, boot times, names of interfaces, VRFs and applications.
//
//   in       a set's body and the plan of its options template
//   out      facts, passed to the TemplateStore for the message's session; Message::options_changed
//   threads  one per worker
//   memory   the facts of one data set, at most about a thousand before they are passed on
//   failure  facts for which there is no space, and those of a datagram that is not in its stream's sequence, are
//            counted (Refused)
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "decode/message.h"

namespace weir {

class OptionsReader {
 public:
  explicit OptionsReader(TemplateStore& templates) : templates_(templates), fields_(limits::kFieldsPerTemplate) {}

  // Returns the number of records.
  uint32_t read(Message& message, const Plan& plan, Bytes body);

 private:
  void apply(Message& message);
  void drop_facts();

  TemplateStore& templates_;
  std::vector<FieldBytes> fields_;  // of the record being walked
  std::vector<OptionsFact> facts_;  // of the data set being read
  std::deque<std::string> texts_;   // texts that facts_ refer to
};

}  // namespace weir
