// SPDX-License-Identifier: Apache-2.0
#include "query/flow_list.h"

#include <algorithm>
#include <utility>

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

namespace {

constexpr size_t kMaxTimes = 200;

class NewestFlows {
 public:
  NewestFlows(const FlowListRequest& request, std::vector<int64_t> starts)
      : request_(request), starts_(std::move(starts)) {}

  std::optional<FlowQuery::Part> operator()(size_t index, uint64_t rows, const FlowQuery::Ask& ask) {
    range_of_part_.resize(index);
    size_t range = index > 0 ? range_of_part_.back() + 1 : 0;
    for (; rows < request_.count && first(range) < std::max<size_t>(1, starts_.size()); ++range) {
      const Range asked = range_at(range);
      const std::string times = times_with_flows(asked, request_.count - rows, ask);
      if (times.empty()) continue;
      range_of_part_.push_back(range);
      return FlowQuery::Part{list_sql(request_, request_.count - rows, asked.condition + " AND " + times), asked.middle,
                             asked.end};
    }
    if (index > 0) return {};
    range_of_part_.push_back(range);
    return FlowQuery::Part{.sql = list_sql(request_, 0, "")};  // no rows, but columns
  }

 private:
  struct Range {
    std::string condition;
    double begin, middle, end;  // of the work
  };

  // Range n begins where segment 2^(n+1) - 2 begins: 1, 2, 4, ... segments more, and rows of others in the same time.
  static size_t first(size_t range) { return (size_t{1} << range) - 1; }

  Range range_at(size_t n) const {
    auto start_of = [&](size_t segment) { return microseconds(std::to_string(starts_[segment] / 1000)); };
    auto share = [&](size_t segments) {
      return static_cast<double>(segments) / static_cast<double>(std::max<size_t>(1, starts_.size()));
    };
    const size_t last = 2 * first(n);
    const bool is_last = last + 1 >= starts_.size();
    Range range{"true", share(first(n)), 0, is_last ? 1 : share(last + 1)};
    range.middle = (range.begin + range.end) / 2;
    if (n > 0) range.condition += " AND time_received < " + start_of(first(n) - 1);
    if (!is_last) range.condition += " AND time_received >= " + start_of(last);
    return range;
  }

  // The times of the `count` newest flows of the range, as a condition; "": it has none. With few different times,
  // DuckDB reads the other columns only where these occur.
  std::string times_with_flows(const Range& range, uint64_t count, const FlowQuery::Ask& ask) const {
    const FlowQuery::Row row = ask(
        {"SELECT count(*), epoch_us(min(t)), CASE WHEN count(DISTINCT t) <= " + std::to_string(kMaxTimes) +
             " THEN string_agg(DISTINCT 'make_timestamp(' || epoch_us(t) || ')', ', ') END FROM (SELECT time_received "
             "AS t FROM flows WHERE " +
             range.condition + " ORDER BY t DESC LIMIT " + std::to_string(count) + ")",
         range.begin, range.middle});
    if (row.at(0) == "0") return "";
    if (!row.at(1)) return "true";  // none of the flows has a time
    if (!row.at(2)) return "time_received >= " + microseconds(row.at(1).value());
    return "time_received IN (" + *row[2] + ")";
  }

  static std::string microseconds(const std::string& number) { return "make_timestamp(" + number + ")"; }

  FlowListRequest request_;
  std::vector<int64_t> starts_;
  std::vector<size_t> range_of_part_;
};

}  // namespace

FlowQuery::NextPart newest_flows(const FlowListRequest& request, std::vector<int64_t> starts) {
  return NewestFlows(request, std::move(starts));
}

}  // namespace weir
