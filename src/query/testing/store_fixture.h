// SPDX-License-Identifier: Apache-2.0
// A test fixture with a data directory whose segments DuckDB writes from SQL, independently of our own writer.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "os/file.h"
#include "query/flow_query.h"
#include "query/flows_view.h"
#include "query/result_writer.h"
#include "sql/engine.h"
#include "store/columns.h"
#include "store/segments.h"

namespace weir {

class StoreFixture : public testing::Test {
 protected:
  StoreFixture() : data_(os::temporary_path("query_test")) { std::filesystem::create_directories(data_); }
  ~StoreFixture() override { std::filesystem::remove_all(data_); }

  // Adds a segment with the rows of `select`, whose columns are physical ones (store/columns.h), e.g. "SELECT
  // 7::UBIGINT AS bytes". Returns its path.
  std::string add_segment(const std::string& select, const SegmentFigures& figures = {}) {
    Segments segments = Segments::open(data_);
    int error = 0;
    Segment segment{.path = segments.new_path(490'000, error), .hour = 490'000, .figures = figures};
    std::string file = data_ + "/" + segment.path;
    write_parquet(select, file + ".tmp");
    segment.figures.bytes = std::filesystem::file_size(file + ".tmp");
    std::string why;
    EXPECT_EQ(segments.change({segment}, {}, {}, why), Change::done) << why;
    EXPECT_TRUE(std::filesystem::exists(file));
    return file;
  }

  static void write_parquet(const std::string& select, const std::string& file) {
    SqlEngine engine({.external_access = true});
    SqlStatement statement = engine.prepare(select);
    std::string ids;
    for (const SqlColumn& column : statement.columns())
      for (const StoreColumn& known : store_columns())
        if (known.name == column.name())
          ids += (ids.empty() ? "" : ", ") + sql_name(column.name()) + ": " + std::to_string(known.id);
    engine.execute("COPY (" + select + ") TO " + sql_literal(file) + " (FORMAT parquet, COMPRESSION zstd, FIELD_IDS {" +
                   ids + "})");
  }

  // The result as CSV, including the header line.
  static std::string answer(FlowQuery& query, const std::string& sql, ResultFormat format = ResultFormat::csv) {
    std::string file = os::temporary_path("query_test_answer");
    {
      ResultOutput output(file);
      std::vector<std::string> names;
      for (const FlowsColumn& column : flows_columns(query.columns())) names.push_back(column.name);
      auto writer = make_result_writer(format, output, names);
      query.run(sql, consumer_of(*writer, output), format == ResultFormat::json);
      writer->end();
      output.finish();
    }
    std::vector<uint8_t> bytes = os::read_file(file);
    std::filesystem::remove(file);
    return {bytes.begin(), bytes.end()};
  }
  FlowQuery query(const TimeRange& range = {}) const { return FlowQuery({.data = data_, .range = range}); }

  std::string data_;
};

}  // namespace weir
