// SPDX-License-Identifier: Apache-2.0
// Selects and sorts the rows of the ledger's JSON for `weir exporters`, and adds derived figures to them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace weir {

struct ExportersView {
  std::string only;  // lossy, silent, an address, a prefix ("192.0.2.0/24"); empty: all
  std::string sort;  // a heading of the table, without its spaces ("lost%"); empty: in the ledger's order
};

inline constexpr int64_t kSilentSeconds = 300;

// Throws usage_error for an invalid `only` or `sort`.
void check_view(const ExportersView& view);

// Adds to each exporter figures derived from its counters; throws runtime_failure if `rows` do not come from a ledger:
//   lost_percent        of what it sent, in sequence_unit; to a hundredth, null if it cannot be determined
//   records_per_second  mean between its first datagram and its last; null within one second
//   silent_seconds      since its last datagram; null if none was received
void add_figures(nlohmann::ordered_json& rows, int64_t now_ns);

void remove_figures(nlohmann::ordered_json& rows);

// Call after add_figures(). Exporters first, then the sockets: all, with `lossy` those with drops, else none.
nlohmann::ordered_json select_rows(const nlohmann::ordered_json& rows, const ExportersView& view);

}  // namespace weir
