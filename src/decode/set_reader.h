// SPDX-License-Identifier: Apache-2.0
// SetReader: reads the sets of a NetFlow v9 or IPFIX message: passes templates to the TemplateStore, and data sets to
// the RecordReader.
//
//   in       a message whose place in its stream is known, and the octets after its header
//   out      templates installed or withdrawn; rows; data sets without a template held, or quarantined
//   threads  one per worker
//   memory   the template being read; the set ids of one message
//   counts   templates, withdrawals, held and quarantined sets, in the ledger entry of the message's sender
//   failure  a set that extends past the end of the message ends the reading; an error inside a set affects only that
//            set
#pragma once

#include <absl/container/flat_hash_set.h>

#include <memory>
#include <vector>

#include "decode/held_reader.h"
#include "decode/record_reader.h"
#include "decode/sender_cache.h"

namespace weir {

class SetReader {
 public:
  SetReader(TemplateStore& templates, SenderCache& senders, RecordReader& records, HeldReader& held)
      : templates_(templates), senders_(senders), records_(records), held_(held) {}

  void read(Message& message, Bytes sets);

 private:
  void read_templates(Message& message, Bytes body, TemplateKind kind);
  void install(Message& message, TemplateRecord& record, TemplateKind kind, const uint8_t* at);
  bool is_in_force(Message& message, const TemplateRecord& record, const uint8_t* at);
  void withdraw(Message& message, const TemplateRecord& record, TemplateKind kind);
  void settle(Message& message);
  bool has_data_before(Message& message, uint16_t set_id);
  void read_data(Message& message, uint16_t set_id, Bytes body);
  void take_options(Message& message, uint16_t set_id);
  void hold(Message& message, uint16_t set_id, Bytes body);
  void quarantine(Message& message, uint16_t set_id, Bytes body);

  // Data sets that waited for a template in the set being read.
  struct Released {
    std::shared_ptr<const Plan> plan;
    std::vector<HeldSet> sets;
  };

  TemplateStore& templates_;
  SenderCache& senders_;
  RecordReader& records_;
  HeldReader& held_;
  TemplateRecord record_;                   // the template being read
  std::vector<Released> released_;          // by the templates of the set being read
  absl::flat_hash_set<uint16_t> data_ids_;  // ids of the data sets before it; see Message::looked_at
  std::vector<HeldSet> dropped_;            // evicted to free space for a set that is now held
};

}  // namespace weir
