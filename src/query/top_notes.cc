// SPDX-License-Identifier: Apache-2.0
#include "query/top_notes.h"

#include <cstdlib>

#include "base/amounts.h"
#include "base/rfc3339.h"
#include "base/time_slots.h"
#include "base/time_units.h"

namespace weir {
namespace {

// A collector stores what it received after some seconds; a filter or a quiet exporter leaves gaps as well.
constexpr int64_t kFreshSeconds = 60;

// "2026-11-21 09:30:00", as the clock shows.
std::string shown_text(int64_t ms, const TimeZone& zone) {
  const int64_t seconds = floor_to(ms, 1000) / 1000;
  std::string text = rfc3339_ms((seconds + zone.offset(seconds)) * kSecond).substr(0, 19);
  text[10] = ' ';
  return text;
}

std::string span_text(TimeColumn time, int64_t first_ms, int64_t last_ms, const TimeZone& zone) {
  const std::string flows = time == TimeColumn::start ? "flows that began"
                            : time == TimeColumn::end ? "flows that ended"
                                                      : "flows received";
  const std::string first = shown_text(first_ms, zone), last = shown_text(last_ms, zone);
  const bool same_day = first.substr(0, 10) == last.substr(0, 10);
  return flows + (first == last ? " at " + first : " from " + first + " to " + last.substr(same_day ? 11 : 0)) + " " +
         zone.name();
}

std::string age_note(int64_t seconds) {
  if (seconds <= 0) return "";
  if (seconds > kFreshSeconds) return "; the newest is " + age_text(seconds) + " old";
  return "; those of the last " + age_text(seconds) + " may not be stored yet";
}

uint64_t count_of(const std::optional<std::string>& digits) {
  return digits ? std::strtoull(digits->c_str(), nullptr, 10) : 0;
}
std::optional<int64_t> time_of(const std::optional<std::string>& digits) {
  if (!digits) return {};
  return std::strtoll(digits->c_str(), nullptr, 10);
}

}  // namespace

std::string counted_flows_sql(TimeColumn time) {
  const std::string column = time_column_name(time);
  return "SELECT count(*), epoch_ms(min(" + column + ")), epoch_ms(max(" + column +
         ")), epoch_ms(max(time_received)), min(rate), max(rate), count(*) - count(rate) FROM (SELECT *, "
         "nullif(sampling_rate, 0) AS rate FROM flows)";
}

CountedFlows counted_flows(const std::vector<std::optional<std::string>>& row) {
  return {.flows = count_of(row.at(0)),
          .first_ms = time_of(row.at(1)),
          .last_ms = time_of(row.at(2)),
          .newest_ms = time_of(row.at(3)),
          .smallest_rate = row.at(4).value_or(""),
          .largest_rate = row.at(5).value_or(""),
          .unknown_rates = count_of(row.at(6))};
}

std::string times_note(const CountedFlows& counted, const TimeRange& range, const TimeContext& times) {
  if (counted.flows == 0) return "no flows match; weir store stats says what is stored";
  std::string text = counted.first_ms && counted.last_ms
                         ? span_text(range.column, *counted.first_ms, *counted.last_ms, times.zone)
                     : range.column == TimeColumn::end ? "none of these flows has an end time"
                                                       : "none of these flows has a start time";
  if (counted.newest_ms && range.until_ns >= times.now_ns)
    text += age_note(times.now_ns / kSecond - *counted.newest_ms / 1000);
  return text;
}

// Sums of flows with different sampling rates mean little.
std::string rates_note(const CountedFlows& counted, bool scaled) {
  if (!scaled && counted.smallest_rate != counted.largest_rate)
    return "these flows have sampling rates from " + counted.smallest_rate + " to " + counted.largest_rate +
           "; --scale makes them comparable";
  if (scaled && counted.unknown_rates > 0)
    return "the sampling rate of " + in_thousands(std::to_string(counted.unknown_rates)) +
           " of these flows is unknown, and counts as 1";
  return "";
}

}  // namespace weir
