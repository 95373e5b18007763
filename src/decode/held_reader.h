// SPDX-License-Identifier: Apache-2.0
// HeldReader: data sets that came before their template: read once it is there, or given up.
//
//   in       sets that the TemplateStore held, with the plan that reads them
//   out      rows, through the RecordReader; corrections of the sequence numbers that those sets left open
//   threads  one per worker; any worker reads the sets of any sender
//   memory   none of its own
//   counts   replayed, fallback, expired, quarantined: each set in one of them, in its own sender's entry
//   failure  a set whose sender finds no room is given up
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

  // `current`: the message whose template released the sets; null: none. Its own sets are part of its record count;
  // those of earlier messages explain the gap that they left in the sequence numbers. `fallback`: the plan was not sent
  // for them.
  void read(const std::vector<HeldSet>& sets, const Plan& plan, Message* current, bool fallback);
  void read(const std::vector<TemplateStore::Fallback>& fallbacks);
  // What waited with ports of an exporter that do not count any more.
  void read(const TemplateStore::TakenOver& joined);

  // Why held sets will never be decoded.
  enum class GivenUp : uint8_t { expired, quarantined };
  void give_up(const std::vector<HeldSet>& sets, GivenUp why = GivenUp::expired);
  // Templates that sessions have lost, to be taken out of their entries.
  void count_forgotten(const std::vector<TemplateStore::Forgotten>& forgotten);

  // Reads what has waited long enough for another port's template, gives up what waited too long. About once a second.
  // `all`: nothing more will come.
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

// What a change of a stream's sequence state changes in its entry.
void count_sequence(LedgerEntry& entry, const SequenceChange& change);

}  // namespace weir
