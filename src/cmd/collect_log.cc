// SPDX-License-Identifier: Apache-2.0
#include "cmd/collect_log.h"

#include "base/log.h"
#include "os/file.h"
#include "os/process.h"
#include "web/build_info.h"

namespace weir {

LedgerTotals totals_of(const LedgerRows& rows) {
  LedgerTotals totals;
  for (const AccountRow& row : rows.accounts) {
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

void say_stopped(std::string_view why, const LedgerTotals& start, const LedgerTotals& end,
                 const GivenUpAtStop& given_up, int64_t took_ns) {
  if (given_up.records + given_up.datagrams + given_up.sets > 0)
    log_warning("collect", "given up at the stop: " + number_text(given_up.records) +
                               " records that were still queued, " + number_text(given_up.datagrams) +
                               " datagrams left in the sockets, " + number_text(given_up.sets) +
                               " data sets whose template did not come");
  log_info("collect", "stopped (" + std::string(why) +
                          "); in this run: " + number_text(end.datagrams - start.datagrams) + " datagrams, " +
                          number_text(end.records - start.records) + " records, " +
                          number_text(end.stored - start.stored) + " stored, " +
                          number_text(end.dropped - start.dropped) + " dropped, " + number_text(end.lost - start.lost) +
                          " lost by sequence; the stop took " + number_text(took_ns / 1'000'000) + " ms");
}

std::string number_text(int64_t number) { return in_thousands(std::to_string(number)); }

std::string in_thousands(std::string digits) {
  const size_t first = digits.starts_with('-') ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string age_text(int64_t seconds) {
  constexpr int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour;
  if (seconds < 2 * kMinute) return number_text(seconds) + " s";
  if (seconds < 2 * kHour) return number_text(seconds / kMinute) + " min";
  if (seconds < 2 * kDay) return number_text(seconds / kHour) + " h";
  return number_text(seconds / kDay) + " d";
}

}  // namespace weir
