// SPDX-License-Identifier: Apache-2.0
#include "query/top.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/error.h"
#include "base/text.h"
#include "query/flows_view.h"
#include "sql/engine.h"

namespace weir {

void check_top(const TopRequest& request, const StoreColumns& columns) {
  std::vector<std::string> known;
  for (const FlowsColumn& column : flows_columns(columns)) known.push_back(column.name);
  for (size_t i = 0; i < request.keys.size(); ++i) {
    const std::string& key = request.keys[i];
    if (std::ranges::find(known, key) == known.end()) {
      std::string suggestion = nearest(key, known);
      throw usage_error("unknown key \"" + key + "\"" + did_you_mean(suggestion) +
                        "; weir query 'DESCRIBE flows' lists the columns");
    }
    if (std::ranges::count(request.keys, key) > 1) throw usage_error("key \"" + key + "\" is named twice");
  }
  if (request.keys.empty()) throw usage_error("no key; name a column, as in weir top src_addr");
}

std::string top_sql(const TopRequest& request, bool with_total) {
  std::string grouped, selected, order = " ORDER BY n_" + request.measure + " DESC NULLS LAST";
  for (size_t i = 0; i < request.keys.size(); ++i) {
    std::string key = "k" + std::to_string(i);
    grouped += sql_name(request.keys[i]) + " AS " + key + ", ";
    selected += key + " AS " + sql_name(request.keys[i]) + ", ";
    order += ", " + key;
  }
  // Groups are computed once; the totals are sums of them, not another pass over the flows.
  std::string sql = "WITH groups AS MATERIALIZED (SELECT " + grouped +
                    "count(*) AS n_flows, sum(packets) AS n_packets, sum(bytes) AS n_bytes FROM flows GROUP BY ALL), "
                    "total AS (SELECT coalesce(sum(n_flows), 0) AS t_flows, coalesce(sum(n_packets), 0) AS t_packets, "
                    "coalesce(sum(n_bytes), 0) AS t_bytes FROM groups), best AS (SELECT * FROM groups" +
                    order + " LIMIT " + std::to_string(request.count) + ") SELECT " + selected +
                    "n_flows AS flows, n_packets AS packets, n_bytes AS bytes, round(100.0 * n_" + request.measure +
                    " / nullif(t_" + request.measure + ", 0), 2) AS percent";
  if (with_total) sql += ", t_flows AS total_flows, t_packets AS total_packets, t_bytes AS total_bytes";
  return sql + (with_total ? " FROM total LEFT JOIN best ON true" : " FROM best, total") + order;
}

std::string human_number(const std::string& digits, const char* unit) {
  double value = 0;
  auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failed != std::errc{} || end != digits.data() + digits.size()) return digits;
  static constexpr const char* kPrefixes[] = {"", "k", "M", "G", "T", "P", "E"};
  size_t prefix = 0;
  for (; value >= 999.5 && prefix + 1 < std::size(kPrefixes); ++prefix) value /= 1000;
  char text[64];
  int decimals = prefix == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  std::string tail = std::string(kPrefixes[prefix]) + unit;
  return text + (tail.empty() ? "" : " " + tail);
}

}  // namespace weir
