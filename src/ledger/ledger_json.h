// SPDX-License-Identifier: Apache-2.0
// The ledger as JSON: the same array for `weir exporters --format json` and /api/v1/exporters.
//
// One object per exporter, protocol and domain, then one per socket. Exporter objects begin with the columns
//   exporter protocol domain datagrams records stored held replayed expired missing_template malformed filtered
//   fallback sequence_lost sequence_unit duplicates restarts first_seen last_seen
// and continue with what was added later (`sampling_rate`: of its newest records, null if none was announced), then
// `outputs`: an object that shows for each output of the configuration, by its name, what became of this exporter's
// records there,
//   acknowledged filtered dropped pending
// where `dropped` is an object of reasons, and records - filtered = the sum of the four. `waiting` comes last: an array
// of
//   template port sets bytes since seconds
// for each template that data of this exporter, protocol and domain waits for, the most sets first; at most
// limits::kWaitingRows in total. `seconds` is how long it has waited so far; templates are listed per source port.
// Socket objects have `socket` instead of `exporter`. Times are RFC 3339 UTC with milliseconds, or null if nothing was
// seen.
#pragma once

#include <nlohmann/json.hpp>

#include "ledger/ledger.h"

namespace weir {

// Makes the array's objects one at a time, so that many threads or readers can share the rows.
class LedgerJson {
 public:
  explicit LedgerJson(LedgerSnapshot rows);
  size_t size() const { return rows_.entries.size() + rows_.sockets.size(); }
  nlohmann::ordered_json object(size_t i) const;

 private:
  LedgerSnapshot rows_;
  absl::flat_hash_map<LedgerKey, nlohmann::ordered_json> waiting_;
};

nlohmann::ordered_json ledger_json(LedgerSnapshot rows);

}  // namespace weir
