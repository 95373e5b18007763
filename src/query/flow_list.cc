// SPDX-License-Identifier: Apache-2.0
#include "query/flow_list.h"

#include <algorithm>

#include "base/error.h"
#include "base/sql_text.h"
#include "base/text.h"
#include "query/flows_view.h"

namespace weir {

std::string FlowListRequest::sort_column() const { return sort.empty() ? time_column_name(time) : sort; }

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

std::string flow_list_sql(const FlowListRequest& request, const std::optional<std::string>& bound) {
  const std::string column = sql_name(request.sort_column());
  std::string fields;
  for (const std::string& field : request.fields) fields += (fields.empty() ? "" : ", ") + sql_name(field);
  std::string sql = "SELECT " + fields + " FROM flows";
  if (bound) sql += " WHERE " + column + " >= " + sql_literal(*bound);
  return sql + " ORDER BY " + column + " DESC NULLS LAST LIMIT " + std::to_string(request.count);
}

}  // namespace weir
