// SPDX-License-Identifier: Apache-2.0
#include "show/exporters_view.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>

#include "base/error.h"
#include "base/network.h"
#include "base/output_error.h"
#include "base/protocol.h"
#include "show/exporters_table.h"

namespace weir {

using Json = nlohmann::ordered_json;

namespace {

int64_t number(const Json& row, const char* key) {
  auto value = row.find(key);
  return value != row.end() && value->is_number_integer() ? value->get<int64_t>() : 0;
}

std::string text(const Json& row, const char* key) {
  auto value = row.find(key);
  return value != row.end() && value->is_string() ? value->get<std::string>() : std::string();
}

// "2026-11-21T09:39:00.123Z", as the ledger writes it, in ms since 1970.
std::optional<int64_t> time_ms(const Json& row, const char* key) {
  int year = 0, ms = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (std::sscanf(text(row, key).c_str(), "%4d-%2u-%2uT%2u:%2u:%2u.%3dZ", &year, &month, &day, &hour, &minute, &second,
                  &ms) != 7)
    return {};
  using namespace std::chrono;
  const sys_days date{std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day)};
  return duration_cast<milliseconds>(date.time_since_epoch()).count() +
         (int64_t{hour} * 3600 + int64_t{minute} * 60 + second) * 1000 + ms;
}

// The amount received, in the unit of the sequence numbers (ledger/ledger.h).
int64_t received(const Json& row) {
  const std::string protocol = text(row, "protocol");
  if (protocol == protocol_name(Protocol::netflow9)) return number(row, "datagrams") - number(row, "duplicates");
  int64_t units = number(row, "records") - number(row, "duplicate_records");
  if (protocol == protocol_name(Protocol::ipfix))
    units += number(row, "options_records") + number(row, "expired_records");
  if (protocol == protocol_name(Protocol::sflow5)) units += number(row, "counter_samples");
  return units;
}

Json lost_percent(const Json& row) {
  const int64_t lost = number(row, "sequence_lost"), sent = received(row) + lost;
  if (text(row, "sequence_unit").empty() || sent <= 0) return nullptr;
  return std::round(1e4 * static_cast<double>(lost) / static_cast<double>(sent)) / 100;
}

Json records_per_second(const Json& row) {
  const auto first = time_ms(row, "first_seen"), last = time_ms(row, "last_seen");
  if (!first || !last || *last - *first < 1000) return nullptr;
  return number(row, "records") * 1000 / (*last - *first);
}

Json silent_seconds(const Json& row, int64_t now_ns) {
  const auto last = time_ms(row, "last_seen");
  if (!last) return nullptr;
  return std::max<int64_t>(now_ns / 1'000'000 - *last, 0) / 1000;
}

std::optional<Network> prefix_of(std::string_view word) {
  const size_t slash = word.find('/');
  const auto address = IpAddress::parse(word.substr(0, slash));
  if (!address) return {};
  const unsigned limit = address->is_v4() ? 32 : 128;
  if (slash == std::string_view::npos) return Network{*address, limit};
  const std::string_view digits = word.substr(slash + 1);
  unsigned length = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (error != std::errc{} || end != digits.data() + digits.size() || length > limit) return {};
  return Network{address->masked(length), length};
}

// Records received before an output was configured are not lost by it.
bool has_output_dropped(const Json& row) {
  auto outputs = row.find("outputs");
  if (outputs == row.end() || !outputs->is_object()) return false;
  for (const Json& output : *outputs)
    if (auto dropped = output.find("dropped"); dropped != output.end() && dropped->is_object())
      for (const auto& [reason, count] : dropped->items())
        if (reason != name_of(OutputError::not_configured)) return true;
  return false;
}

bool is_lossy(const Json& row) {
  static constexpr const char* kLosses[] = {"sequence_lost", "sink_dropped", "refused",      "expired",
                                            "quarantined",   "malformed",    "kernel_drops", "counters_dropped"};
  return std::ranges::any_of(kLosses, [&](const char* key) { return number(row, key) > 0; }) || has_output_dropped(row);
}

bool is_chosen(const Json& row, const ExportersView& view) {
  const bool is_exporter = row.contains("exporter");
  if (view.only.empty()) return true;
  if (view.only == "lossy") return is_lossy(row);
  if (!is_exporter) return false;
  if (view.only == "silent") return number(row, "silent_seconds") >= kSilentSeconds;
  const auto address = IpAddress::parse(text(row, "exporter"));
  return address && prefix_of(view.only)->contains(*address);
}

// Addresses in numeric order, other texts alphabetically, numbers in descending order; unknown values last.
bool comes_before(const Json& a, const Json& b, const std::string& key) {
  static const Json kNone = nullptr;
  auto value = [&](const Json& row) -> const Json& { return row.contains(key) ? row[key] : kNone; };
  const Json &x = value(a), &y = value(b);
  if (x.is_null() || y.is_null()) return !x.is_null() && y.is_null();
  if (key == "exporter") return IpAddress::parse(text(a, "exporter")) < IpAddress::parse(text(b, "exporter"));
  if (x.is_string()) return x < y;
  return key == "domain" || key == "silent_seconds" ? x < y : y < x;
}

}  // namespace

void check_view(const ExportersView& view) {
  if (!view.only.empty() && view.only != "lossy" && view.only != "silent" && !prefix_of(view.only))
    throw usage_error("--only " + view.only + ": say lossy, silent, an address, or a prefix such as 192.0.2.0/24");
  if (!view.sort.empty() && sort_key(view.sort).empty())
    throw usage_error("--sort " + view.sort + ": there is no such column; there are " + sort_names());
}

void add_figures(Json& rows, int64_t now_ns) {
  for (Json& row : rows) {
    if (!row.is_object()) throw runtime_failure("the answer is not a list of exporters");
    if (!row.contains("exporter")) continue;
    row["lost_percent"] = lost_percent(row);
    row["records_per_second"] = records_per_second(row);
    row["silent_seconds"] = silent_seconds(row, now_ns);
  }
}

void remove_figures(Json& rows) {
  for (Json& row : rows)
    for (const char* key : {"lost_percent", "records_per_second", "silent_seconds"}) row.erase(key);
}

Json select_rows(const Json& rows, const ExportersView& view) {
  std::vector<const Json*> exporters, others;
  for (const Json& row : rows)
    if (is_chosen(row, view)) (row.contains("exporter") ? exporters : others).push_back(&row);
  if (const std::string key = sort_key(view.sort); !key.empty())
    std::ranges::stable_sort(exporters, [&](const Json* a, const Json* b) { return comes_before(*a, *b, key); });
  Json chosen = Json::array();
  for (const auto* list : {&exporters, &others})
    for (const Json* row : *list) chosen.push_back(*row);
  return chosen;
}

}  // namespace weir
