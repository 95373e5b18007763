// SPDX-License-Identifier: Apache-2.0
// Which rows of the ledger's JSON `weir exporters` shows, in which order, and the figures that it adds to them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace weir {

struct ExportersView {
  std::string only;  // lossy, silent, an address, a prefix ("192.0.2.0/24"); empty: all
  std::string sort;  // a heading of the table, without its blanks ("lost%"); empty: as the ledger has them
};

inline constexpr int64_t kSilentSeconds = 300;

// Throws usage_error for an `only` or a `sort` that is neither.
void check_view(const ExportersView& view);

// Adds to each exporter what follows from its counters; throws runtime_failure where `rows` are none of the ledger:
//   lost_percent        of what it sent, in sequence_unit; to a hundredth, null where nothing tells
//   records_per_second  mean between its first datagram and its last; null within one second
//   silent_seconds      since its last datagram; null where none came
void add_figures(nlohmann::ordered_json& rows, int64_t now_ns);

void remove_figures(nlohmann::ordered_json& rows);

// After add_figures(). Exporters first, then the sockets: all, with `lossy` those with drops, else none.
nlohmann::ordered_json select_rows(const nlohmann::ordered_json& rows, const ExportersView& view);

}  // namespace weir
