// SPDX-License-Identifier: Apache-2.0
#include "query/top.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/error.h"
#include "base/text.h"
#include "base/time_units.h"
#include "query/flows_view.h"
#include "sql/engine.h"

namespace weir {

namespace {

// "src_addr/24/64": the column, and prefix lengths for IPv4 and IPv6.
struct Key {
  std::string column;
  std::string lengths;  // "24, 64"; "": the column as it is
  bool is_wrong = false;
};

Key parse_key(const std::string& text) {
  const std::vector<std::string> parts = split_list(text, '/');
  Key key{text.substr(0, text.find('/')), "", parts.size() > 3};
  constexpr unsigned kLongest[] = {32, 128};
  for (size_t i = 1; i < parts.size() && !key.is_wrong; ++i) {
    unsigned length = 0;
    auto [end, failed] = std::from_chars(parts[i].data(), parts[i].data() + parts[i].size(), length);
    key.is_wrong = failed != std::errc{} || end != parts[i].data() + parts[i].size() || length > kLongest[i - 1];
    key.lengths += (key.lengths.empty() ? "" : ", ") + std::to_string(length);
  }
  key.is_wrong |= text.ends_with('/') || text.contains("//");
  return key;
}

std::string key_sql(const std::string& text) {
  const Key key = parse_key(text);
  return key.lengths.empty() ? sql_name(key.column) : "net(" + sql_name(key.column) + ", " + key.lengths + ")";
}

void check_key(const std::string& text, const std::vector<std::string>& known, const FieldTable& fields) {
  const Key key = parse_key(text);
  if (std::ranges::find(known, key.column) == known.end())
    throw usage_error("unknown key " + in_quotes(key.column) + did_you_mean(nearest(key.column, known)) +
                      "; weir query 'DESCRIBE flows' lists the columns");
  if (key.is_wrong)
    throw usage_error("key " + in_quotes(text) +
                      ": write a prefix length for IPv4 (0 to 32), and after another / one for IPv6 (0 to 128), as in "
                      "src_addr/24/64");
  const FieldInfo* field = fields.find(key.column);
  const bool is_address = field && field->spelling == Spelling::address && field->column != Column::list_address;
  if (!key.lengths.empty() && !is_address)
    throw usage_error("key " + in_quotes(text) + ": " + key.column + " is no address, so it has no networks");
}

// "k0, k1".
std::string key_names(const TopRequest& request) {
  std::string names;
  for (size_t i = 0; i < request.keys.size(); ++i) names += (i ? ", k" : "k") + std::to_string(i);
  return names;
}

// When the interval of a flow begins. DuckDB's own function is faster, but not in a zone (docs/decisions/0019).
std::string interval_sql(const TopRequest& request) {
  const std::string time = time_column_name(request.time);
  if (!request.zone.is_utc()) return "time_slot(" + time + ", '" + std::to_string(request.every_ns / kSecond) + "s')";
  return "time_bucket(to_microseconds(" + std::to_string(request.every_ns / 1000) + "), " + time + ")";
}

// A row per key, with `every` per key and interval.
std::string groups_sql(const TopRequest& request) {
  std::string columns;
  if (request.every_ns > 0) columns = interval_sql(request) + " AS t, ";
  for (size_t i = 0; i < request.keys.size(); ++i)
    columns += key_sql(request.keys[i]) + " AS k" + std::to_string(i) + ", ";
  const char* sums = request.scale ? "sum(scaled_packets) AS n_packets, sum(scaled_bytes) AS n_bytes"
                                   : "sum(packets) AS n_packets, sum(bytes) AS n_bytes";
  return "groups AS MATERIALIZED (SELECT " + columns + "count(*) AS n_flows, " + sums + " FROM flows GROUP BY ALL)";
}

// The groups that are shown; `of_all`: what their percentage refers to.
std::string best_sql(const TopRequest& request) {
  const std::string measure = "n_" + request.measure, keys = key_names(request);
  if (request.every_ns == 0)
    return "best AS (SELECT *, (SELECT sum(" + measure + ") FROM groups) AS of_all FROM groups ORDER BY " + measure +
           " DESC NULLS LAST, " + keys + " LIMIT " + std::to_string(request.count) + ")";
  return "sums AS (SELECT *, sum(" + measure + ") OVER (PARTITION BY " + keys + ") AS of_key, sum(" + measure +
         ") OVER (PARTITION BY t) AS of_all FROM groups), best AS (SELECT * FROM sums QUALIFY dense_rank() OVER (ORDER "
         "BY "
         "of_key DESC NULLS LAST, " +
         keys + ") <= " + std::to_string(request.count) + ")";
}

// Seconds, for rates.
std::string span_sql(const TopRequest& request) {
  const int64_t ns = request.every_ns > 0 ? request.every_ns : request.span_ns;
  if (ns > 0) return "span AS (SELECT " + std::to_string(ns) + "::DOUBLE / 1e9::DOUBLE AS seconds)";
  const std::string time = time_column_name(request.time);
  return "span AS (SELECT greatest(1::DOUBLE, coalesce(epoch(max(" + time + ")) - epoch(min(" + time +
         ")), 0)) AS seconds FROM flows)";
}

std::string rates_sql(const std::string& prefix, const std::string& name_prefix) {
  return ", round(" + prefix + "packets::DOUBLE / seconds, 1) AS " + name_prefix + "pps, round(8 * " + prefix +
         "bytes::DOUBLE / seconds, 1) AS " + name_prefix + "bps";
}

}  // namespace

void check_top(const TopRequest& request, const StoreColumns& columns) {
  std::vector<std::string> known;
  for (const FlowsColumn& column : flows_columns(columns)) known.push_back(column.name);
  const FieldTable fields = filter_fields(columns);
  for (const std::string& key : request.keys) {
    check_key(key, known, fields);
    if (std::ranges::count(request.keys, key) > 1) throw usage_error("key " + in_quotes(key) + " is named twice");
  }
  if (request.keys.empty()) throw usage_error("no key; name a column, as in weir top src_addr");
}

// Groups are computed once; the totals are sums of them, not another pass over the flows.
std::string top_sql(const TopRequest& request, bool with_total) {
  std::string selected, order = " ORDER BY ";
  if (request.every_ns > 0) selected = "t AS time, ", order += "t, ";
  for (size_t i = 0; i < request.keys.size(); ++i)
    selected += "k" + std::to_string(i) + " AS " + sql_name(request.keys[i]) + ", ";
  order += "n_" + request.measure + " DESC NULLS LAST, " + key_names(request);
  std::string sql = "WITH " + groups_sql(request) +
                    ", total AS (SELECT coalesce(sum(n_flows), 0) AS t_flows, "
                    "coalesce(sum(n_packets), 0) AS t_packets, coalesce(sum(n_bytes), 0) AS t_bytes FROM groups), " +
                    best_sql(request) + (request.rate ? ", " + span_sql(request) : "") + " SELECT " + selected +
                    "n_flows AS flows, n_packets AS packets, n_bytes AS bytes";
  if (request.rate) sql += rates_sql("n_", "");
  sql += ", round(100.0 * n_" + request.measure + " / nullif(of_all, 0), 2) AS percent";
  if (with_total) sql += ", t_flows AS total_flows, t_packets AS total_packets, t_bytes AS total_bytes";
  if (with_total && request.rate)
    sql += request.every_ns > 0 ? ", NULL AS total_pps, NULL AS total_bps" : rates_sql("t_", "total_");
  sql += with_total ? " FROM total LEFT JOIN best ON true" : " FROM best, total";
  return sql + (request.rate ? ", span" : "") + order;
}

std::string human_number(const std::string& digits, const char* unit) {
  double value = 0;
  auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failed != std::errc{} || end != digits.data() + digits.size()) return digits;
  static constexpr const char* kPrefixes[] = {"", "k", "M", "G", "T", "P", "E", "Z", "Y", "R", "Q"};
  size_t prefix = 0;
  for (; value >= 999.5 && prefix + 1 < std::size(kPrefixes); ++prefix) value /= 1000;
  char text[64];
  int decimals = prefix == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  std::string tail = std::string(kPrefixes[prefix]) + unit;
  return text + (tail.empty() ? "" : " " + tail);
}

}  // namespace weir
