// SPDX-License-Identifier: Apache-2.0
// The HTTP routes of a collector: probes, metrics, the ledger, and a page with links to them.
#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "http/server.h"
#include "web/metrics.h"

namespace weir {

// The functions are called in the server's thread, at any time between start() and stop().
struct CollectorView {
  BuildInfo build;
  const std::atomic<bool>* ready = nullptr;  // true once sockets are bound and outputs open; false again while draining
  std::function<LedgerSnapshot()> ledger;
  std::function<std::vector<SinkFigures>()> sinks;          // may be empty
  std::function<std::optional<StoreMetrics>()> store = {};  // may be empty
  bool previous_shutdown_unclean = false;
  std::function<bool()> clock_held = {};       // may be empty
  std::function<ReloadFigures()> reload = {};  // may be empty
};

// /  /-/healthy  /-/ready  /-/status  /health  /metrics  /api/v1/exporters
void add_routes(HttpServer& server, const CollectorView& view);

}  // namespace weir
