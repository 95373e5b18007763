// SPDX-License-Identifier: Apache-2.0
#include "collect/collect_log.h"
#include "base/amounts.h"

#include <algorithm>

#include "base/log.h"
#include "http/address.h"
#include "os/file.h"
#include "os/process.h"
#include "store/table.h"
#include "web/build_info.h"

namespace weir {

LedgerTotals totals_of(const LedgerSnapshot& rows) {
  LedgerTotals totals;
  for (const LedgerRow& row : rows.entries) {
    totals.datagrams += row.datagrams;
    totals.records += row.records;
    totals.stored += row.stored;
    totals.dropped += row.sink_dropped;
    totals.lost += row.sequence_lost;
    totals.given_up_sets += row.expired;
  }
  return totals;
}

int64_t given_up_at_stop(const OutputStats& stats) {
  auto dropped = [&](OutputError reason) {
    return static_cast<int64_t>(stats.dropped_records[static_cast<size_t>(reason)]);
  };
  return dropped(OutputError::stop_timeout) + dropped(OutputError::stuck_pipe);
}

void say_starting(const std::string& data) {
  const BuildInfo build = build_info();
  log_info("collect", "starting weir " + build.version + " (" + build.revision + "): pid " + std::to_string(os::pid()) +
                          ", data directory " + data);
}

void say_lost(int64_t records) {
  if (records > 0)
    log_warning("collect", std::to_string(records) + " flows were decoded but not yet stored when the run before " +
                               "ended; they are lost, and counted as sink_dropped");
}

void say_started(const LoadedConfig& loaded, const LedgerSnapshot& ledger, unsigned workers, const HttpServer* http) {
  const CollectConfig& config = loaded.config;
  for (const Listener& listener : config.listen) {
    auto socket = std::ranges::find(ledger.sockets, listener.uri, &SocketRow::listener);
    std::string line = "listening on " + listener.uri + ", " + std::to_string(workers) + " workers";
    if (socket != ledger.sockets.end()) {
      line += ", receive buffer " + std::to_string(socket->receive_buffer_bytes >> 10) + " KiB each";
      if (socket->receive_buffer_bytes < config.receive_buffer_bytes)
        line += " (asked for " + std::to_string(config.receive_buffer_bytes >> 10) + "; raise net.core.rmem_max)";
    }
    log_info("collect", line);
  }
  if (!config.no_store)
    log_info("collect", "flows are stored in " + config.data + "/" + std::string(table_name(Table::flows)));
  if (http)
    log_info("collect",
             "metrics and ledger at " + http_url(config.http, http->port(), !config.http_certificate.empty()));
  if (os::is_terminal(2) && !config.listen.empty())
    log_info("collect", "test traffic: weir gen --to 127.0.0.1:" + std::to_string(config.listen[0].endpoint.port));
}

void say_stopped(std::string_view why, const LedgerTotals& start, const LedgerTotals& end,
                 const GivenUpAtStop& given_up, int64_t took_ns) {
  if (given_up.records + given_up.datagrams + given_up.sets > 0)
    log_warning("collect", "given up at the stop: " + number_text(given_up.records) +
                               " records that were still queued, " + number_text(given_up.datagrams) +
                               " datagrams left in the sockets, " + number_text(given_up.sets) +
                               " data sets whose template did not arrive");
  log_info("collect", "stopped (" + std::string(why) +
                          "); in this run: " + number_text(end.datagrams - start.datagrams) + " datagrams, " +
                          number_text(end.records - start.records) + " records, " +
                          number_text(end.stored - start.stored) + " stored, " +
                          number_text(end.dropped - start.dropped) + " dropped, " + number_text(end.lost - start.lost) +
                          " lost by sequence; the stop took " + number_text(took_ns / 1'000'000) + " ms");
}

}  // namespace weir
