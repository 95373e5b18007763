// SPDX-License-Identifier: Apache-2.0
#include "query/result_print.h"

#include "os/file.h"
#include "os/pager.h"
#include "query/flows_view.h"
#include "query/result_writer.h"

namespace weir {

static ResultFormat result_format(const PrintSettings& settings, bool to_terminal) {
  if (settings.format == "csv") return to_terminal ? ResultFormat::csv_terminal : ResultFormat::csv;
  if (settings.format == "json") return ResultFormat::json;
  if (settings.expanded) return to_terminal ? ResultFormat::expanded_terminal : ResultFormat::expanded;
  return to_terminal ? ResultFormat::terminal : ResultFormat::plain;
}

static std::vector<std::string> names_in_flows(const FlowQuery& query) {
  std::vector<std::string> names;
  for (FlowsColumn& column : flows_columns(query.columns())) names.push_back(std::move(column.name));
  return names;
}

void print_rows(FlowQuery& query, const FlowQuery::NextPart& parts, const PrintSettings& settings,
                const std::string& path) {
  const bool paged = path.empty() && settings.format == "table" && !settings.no_pager && os::Pager::is_wanted();
  const bool to_terminal = path.empty() && os::is_terminal(1);
  ResultOutput output(path, paged);
  auto writer = make_result_writer(result_format(settings, to_terminal), output, names_in_flows(query));
  query.run_parts(parts, consumer_of(*writer, output, to_terminal), settings.format == "json");
  writer->end();
  output.finish();
}

}  // namespace weir
