// SPDX-License-Identifier: Apache-2.0
// Results with all columns of `flows`, as people see them.
#include <algorithm>

#include "query/flows_view.h"
#include "query/result_print.h"
#include "query/testing/store_fixture.h"

namespace weir {
namespace {

class WideResultTest : public StoreFixture {
 protected:
  WideResultTest() {
    add_segment("SELECT * FROM (VALUES ('192.0.2.1', 60, NULL), (NULL, 70, 0)) t(src_addr, bytes, dst_vlan)",
                "SELECT src_addr, bytes::UBIGINT AS bytes, dst_vlan::UINTEGER AS dst_vlan FROM ");
  }
  void add_segment(const std::string& values, const std::string& select) {
    StoreFixture::add_segment(select + "(" + values + ")");
  }
  std::string text(const std::string& sql, ResultFormat format) {
    FlowQuery opened = query();
    return answer(opened, sql, format);
  }
  static std::string hidden(size_t shown) {
    return std::to_string(flows_columns(StoreColumns()).size() - shown) + " columns without a value are not shown\n";
  }
};

// The columns that DuckDB finds to have a value, in their order.
constexpr const char* kFilled =
    "SELECT list(name) FROM (UNPIVOT (SELECT count(COLUMNS(*)) FROM flows) ON COLUMNS(*)) t(name, n) WHERE n > 0";

TEST_F(WideResultTest, ATableOnATerminalHasOnlyColumnsWithAValue) {
  ASSERT_EQ(text(kFilled, ResultFormat::plain),
            "list(\"name\")\n[\"bytes\",\"src_addr\",\"dst_vlan\",\"scaled_bytes\"]\n");
  EXPECT_EQ(text("FROM flows ORDER BY bytes", ResultFormat::terminal),
            "┌───────┬───────────┬──────────┬──────────────┐\n"
            "│ \x1b[1mbytes\x1b[0m │ \x1b[1msrc_addr\x1b[0m  │ \x1b[1mdst_vlan\x1b[0m │ \x1b[1mscaled_bytes\x1b[0m │\n"
            "├───────┼───────────┼──────────┼──────────────┤\n"
            "│    60 │ 192.0.2.1 │        - │           60 │\n"
            "│    70 │ -         │        0 │           70 │\n"
            "└───────┴───────────┴──────────┴──────────────┘\n"
            "2 rows; " +
                hidden(4));
}

TEST_F(WideResultTest, OtherResultsHaveAllTheirColumns) {
  EXPECT_EQ(text("SELECT src_addr, dst_addr FROM flows WHERE bytes = 70", ResultFormat::terminal),
            "┌──────────┬──────────┐\n"
            "│ \x1b[1msrc_addr\x1b[0m │ \x1b[1mdst_addr\x1b[0m │\n"
            "├──────────┼──────────┤\n"
            "│ -        │ -        │\n"
            "└──────────┴──────────┘\n"
            "1 row\n");
  EXPECT_TRUE(text("SELECT * EXCLUDE (bytes) FROM flows", ResultFormat::terminal).contains("dst_mac"));
  EXPECT_TRUE(text("FROM flows", ResultFormat::plain).contains("dst_mac"));
  EXPECT_TRUE(text("FROM flows", ResultFormat::csv_terminal).contains("dst_mac"));
}

TEST_F(WideResultTest, WithoutRowsThereIsNoTable) {
  EXPECT_EQ(text("FROM flows WHERE bytes = 1", ResultFormat::terminal), "0 rows\n");
  EXPECT_EQ(text("SELECT bytes FROM flows WHERE bytes = 1", ResultFormat::terminal),
            "┌───────┐\n│ \x1b[1mbytes\x1b[0m │\n├───────┤\n└───────┘\n0 rows\n");
}

TEST_F(WideResultTest, AColumnWithAValueOnlyInLaterRowsIsNamed) {
  StoreFixture::add_segment(
      "SELECT (100 + range)::UBIGINT AS bytes, CASE WHEN range = 10000 THEN 7::UINTEGER END AS src_vlan, CASE WHEN "
      "range = 9999 THEN 8::UINTEGER END AS dst_vlan FROM range(10001)");
  std::string table = text("FROM flows WHERE bytes >= 100 ORDER BY bytes", ResultFormat::terminal);
  EXPECT_EQ(std::ranges::count(table, '\n'), 3 + 10'001 + 3);
  EXPECT_TRUE(table.ends_with("10001 rows; " + hidden(4).substr(0, hidden(4).size() - 1) +
                              "\nnot shown, because the first 10000 rows have no value in them: src_vlan; to see "
                              "these, name them, or use --format csv\n"))
      << table.substr(table.size() - 300);
  EXPECT_TRUE(table.contains("dst_vlan"));
}

TEST_F(WideResultTest, ExpandedHasALinePerColumn) {
  const std::string sql = "SELECT src_addr, bytes, 'x' || chr(27) || chr(10) AS note FROM flows ORDER BY bytes";
  EXPECT_EQ(text(sql, ResultFormat::expanded),
            "row 1\n"
            "  src_addr  192.0.2.1\n"
            "  bytes     60\n"
            "  note      x??\n"
            "\n"
            "row 2\n"
            "  src_addr  -\n"
            "  bytes     70\n"
            "  note      x??\n");
  EXPECT_EQ(text("SELECT TIMESTAMP '2026-11-21 12:00:00' AS \"t\x1b\"", ResultFormat::expanded_terminal),
            "\x1b[1mrow 1\x1b[0m\n  t?  2026-11-21 12:00:00.000\n\n1 row\n");
  EXPECT_EQ(text("SELECT 1 AS a WHERE false", ResultFormat::expanded), "");
  EXPECT_EQ(text("SELECT 1 AS a WHERE false", ResultFormat::expanded_terminal), "0 rows\n");
}

TEST_F(WideResultTest, ExpandedLeavesOutWhatARowOfAllColumnsDoesNotHave) {
  auto without_padding = [](std::string lines) {
    std::string out;
    for (char c : lines)
      if (c != ' ' || !out.ends_with(' ')) out += c;
    return out;
  };
  EXPECT_EQ(without_padding(text("FROM flows ORDER BY bytes", ResultFormat::expanded)),
            "row 1\n bytes 60\n src_addr 192.0.2.1\n scaled_bytes 60\n\n"
            "row 2\n bytes 70\n dst_vlan 0\n scaled_bytes 70\n");
  EXPECT_TRUE(text("FROM flows", ResultFormat::expanded_terminal)
                  .ends_with("\n\n2 rows; columns without a value are not shown\n"));
}

TEST_F(WideResultTest, APlanKeepsItsLines) {
  EXPECT_EQ(text("EXPLAIN FROM flows", ResultFormat::expanded), text("EXPLAIN FROM flows", ResultFormat::plain));
}

TEST_F(WideResultTest, AFileGetsAPlainTable) {
  const std::string path = data_ + "/result";
  FlowQuery opened = query();
  print_rows(opened, FlowQuery::only("SELECT bytes FROM flows ORDER BY bytes"), {}, path);
  EXPECT_EQ(os::first_bytes(path, 100), "bytes\n   60\n   70\n");
  print_rows(opened, FlowQuery::only("SELECT bytes FROM flows WHERE bytes = 60"), {.expanded = true}, path);
  EXPECT_EQ(os::first_bytes(path, 100), "row 1\n  bytes  60\n");
}

}  // namespace
}  // namespace weir
