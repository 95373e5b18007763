// SPDX-License-Identifier: Apache-2.0
#include "query/flow_list.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/sql_text.h"
#include "base/text.h"
#include "query/flows_view.h"

namespace weir {

std::string FlowListRequest::sort_column() const {
  if (!sort.empty()) return sort;
  return time == TimeColumn::start ? "time_start" : time == TimeColumn::end ? "time_end" : "time_received";
}

void check_flow_list(const FlowListRequest& request, const StoreColumns& columns) {
  std::vector<std::string> known;
  for (const FlowsColumn& column : flows_columns(columns)) known.push_back(column.name);
  auto check = [&](const std::string& name, const char* flag) {
    if (std::ranges::find(known, name) == known.end())
      throw usage_error(std::string(flag) + ": " + in_quotes(name) + " is no field" +
                        did_you_mean(nearest(name, known)) + "; weir query 'DESCRIBE flows' lists them");
  };
  for (const std::string& field : request.fields) check(field, "--fields");
  check(request.sort_column(), "--sort");
  if (request.fields.empty()) throw usage_error("--fields: no field; name some, as in src_addr,dst_addr,bytes");
}

std::string flow_list_bound_sql(const FlowListRequest& request) {
  const std::string column = sql_name(request.sort_column());
  return "SELECT count(*) AS n, CASE WHEN count(*) = count(v) THEN min(v)::VARCHAR END AS bound FROM (SELECT " +
         column + " AS v FROM flows ORDER BY v DESC NULLS LAST LIMIT " + std::to_string(request.count) + ")";
}

static std::string list_sql(const FlowListRequest& request, uint64_t count, const std::string& condition) {
  std::string fields;
  for (const std::string& field : request.fields) fields += (fields.empty() ? "" : ", ") + sql_name(field);
  return "SELECT " + fields + " FROM flows" + (condition.empty() ? "" : " WHERE " + condition) + " ORDER BY " +
         sql_name(request.sort_column()) + " DESC NULLS LAST LIMIT " + std::to_string(count);
}

std::string flow_list_sql(const FlowListRequest& request, const std::optional<std::string>& bound) {
  return list_sql(request, request.count,
                  bound ? sql_name(request.sort_column()) + " >= " + sql_literal(*bound) : std::string());
}

// Part n begins where segment 2^(n+1) - 2 begins: 1, 2, 4, ... segments more, and rows of others in the same time.
FlowQuery::NextPart newest_flows(const FlowListRequest& request, std::vector<int64_t> starts) {
  return [request, starts = std::move(starts)](size_t index, uint64_t rows) -> std::optional<FlowQuery::Part> {
    const size_t first = (size_t{1} << index) - 1, last = 2 * first;  // segments
    if (rows >= request.count || (index > 0 && first >= starts.size())) return {};
    auto at = [&](size_t segment) { return "make_timestamp(" + std::to_string(starts[segment] / 1000) + ")"; };
    std::string condition = index > 0 ? "time_received < " + at(first - 1) : "";
    const bool is_last = last + 1 >= starts.size();
    if (!is_last) condition += (index > 0 ? " AND " : "") + ("time_received >= " + at(last));
    auto share = [&](size_t segments) {
      return static_cast<double>(segments) / static_cast<double>(std::max<size_t>(1, starts.size()));
    };
    return FlowQuery::Part{.sql = list_sql(request, request.count - rows, condition),
                           .begin = share(first),
                           .end = is_last ? 1 : share(last + 1)};
  };
}

}  // namespace weir
