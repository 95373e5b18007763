// SPDX-License-Identifier: Apache-2.0
// HeldReader: reads the data sets that arrived before their template when the template is known, or gives them up.
//
//   in       sets that the TemplateStore held, with the plan that reads them
//   out      rows, through the RecordReader; corrections of the sequence gaps that those sets left unexplained
//   threads  one per worker; any worker reads the sets of any sender
//   memory   none of its own
//   counts   replayed, fallback, expired, quarantined: each set in one of them, in its own sender's ledger entry
//   failure  a set is given up if there is no space for its sender
#pragma once

#include <memory>
#include <vector>

#include "decode/record_reader.h"
#include "decode/sender_cache.h"

namespace weir {

class HeldReader {
 public:
  // `observer` may be null.
  HeldReader(DecodeObserver* observer, TemplateStore& templates, Streams& streams, Ledger& ledger, SenderCache& senders,
             RecordReader& records)
      : observer_(observer),
        templates_(templates),
        streams_(streams),
        ledger_(ledger),
        senders_(senders),
        records_(records) {}

  // `current`: the message whose template released the sets; null: none. Records of its own sets are added to its
  // record count; those of earlier messages explain the gap that they left in the sequence numbers. `fallback`: the
  // plan's template was not sent for these sets.
  void read(const std::vector<HeldSet>& sets, const Plan& plan, Message* current, bool fallback);
  void read(const std::vector<TemplateStore::Fallback>& fallbacks);
  // Data sets that waited in the sessions of single source ports, for an exporter whose ports are now ignored.
  void read(const TemplateStore::TakenOver& joined);

  // Why held sets are never decoded.
  enum class GivenUp : uint8_t { expired, quarantined };
  void give_up(const std::vector<HeldSet>& sets, GivenUp why = GivenUp::expired);
  // Subtracts templates that sessions have lost from the counters in their ledger entries.
  void count_forgotten(const std::vector<TemplateStore::Forgotten>& forgotten);

  // Reads the sets that have waited long enough to be read with another source port's template, and gives up those that
  // have waited too long. Called about once a second. `all`: no more datagrams will arrive.
  void tick(int64_t monotonic_ns, bool all);
  void give_up_all() { give_up(templates_.take_all_held()); }

 private:
  uint32_t read_set(const HeldSet& set, const Plan& plan, Sender& sender, Message* current, bool fallback);
  void explain(const HeldSet& set, Sender& sender, uint32_t records);
  void give_up_sequence(const HeldSet& set, LedgerEntry& entry);

  DecodeObserver* const observer_;
  TemplateStore& templates_;
  Streams& streams_;
  Ledger& ledger_;
  SenderCache& senders_;
  RecordReader& records_;
};

// Adds a change of a stream's sequence state to the counters of its ledger entry.
void count_sequence(LedgerEntry& entry, const SequenceChange& change);

}  // namespace weir
