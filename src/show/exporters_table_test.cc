// SPDX-License-Identifier: Apache-2.0
#include "show/exporters_table.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

const char* const kRows = R"([
  {"exporter": "192.0.2.1", "protocol": "ipfix", "domain": 65536, "records": 1234567, "stored": 1234567,
   "sequence_lost": 0, "held": 0, "missing_template": 0, "malformed": 0, "datagrams": 999,
   "last_seen": "2026-11-21T09:39:00.123Z"},
  {"exporter": "2001:db8::1", "protocol": "v9", "domain": 1, "records": 5, "stored": 5, "sequence_lost": 12,
   "held": 3, "missing_template": 4, "malformed": 2, "malformed_by_reason": {"short_set": 2}, "datagrams": 6,
   "last_seen": null},
  {"socket": "netflow://:2055", "worker": 0, "kernel_drops": 77, "rcvbuf": 425984, "datagrams": 1005}])";

TEST(ExportersTable, Terminal) {
  EXPECT_EQ(
      exporters_table(Json::parse(kRows), TableStyle::terminal),
      "exporter     proto  domain    records     stored  lost  lost %  of  held  missing  malformed  datagrams  rec/s "
      "                last seen\n"
      "192.0.2.1    ipfix   65536  1,234,567  1,234,567     0       -  -      0        0          0        999      - "
      " 2026-11-21T09:39:00.123Z\n"
      "2001:db8::1  v9          1          5          5    12       -  -      3        4          2          6      - "
      "                        -\n"
      "\n"
      "socket           worker  datagrams  kernel drops   rcvbuf\n"
      "netflow://:2055       0      1,005            77  425,984\n");
}

TEST(ExportersTable, PlainHasAllColumns) {
  const std::string text = exporters_table(Json::parse(kRows), TableStyle::plain);
  EXPECT_NE(text.find("  dropped  refused  lost  "), std::string::npos) << text;
  EXPECT_NE(text.find("  sampling  "), std::string::npos);
}

TEST(ExportersTable, RefusalsAreListedWithTheirRemedy) {
  std::vector<std::string> hints = exporters_hints(Json::parse(R"([
    {"exporter": "192.0.2.1", "refused": 5, "refused_by_reason": {"templates_full": 4, "out_of_sequence": 1}},
    {"exporter": "192.0.2.2", "refused": 7, "refused_by_reason": {"templates_full": 7}, "counters_dropped": 3}])"));
  ASSERT_EQ(hints.size(), 3u);
  EXPECT_NE(hints[0].find("3 counter samples"), std::string::npos) << hints[0];
  EXPECT_EQ(hints[1],
            "Refused (templates_full), most from 192.0.2.2: 11 templates that there was no memory for; raise "
            "limits.senders_bytes.");
  EXPECT_NE(hints[2].find("(out_of_sequence), most from 192.0.2.1: 1 "), std::string::npos) << hints[2];
}

TEST(ExportersTable, PlainHasNumbersAndTimesInFull) {
  std::string text = exporters_table(Json::parse(kRows), TableStyle::plain);
  EXPECT_NE(text.find(" 1234567 "), std::string::npos);
  EXPECT_NE(text.find("2026-11-21T09:39:00.123Z"), std::string::npos);
}

TEST(ExportersTable, HintsNameTheRemedy) {
  std::vector<std::string> hints = exporters_hints(Json::parse(kRows));
  ASSERT_EQ(hints.size(), 4u);
  EXPECT_NE(hints[0].find("net.core.rmem_max"), std::string::npos);
  EXPECT_NE(hints[1].find("2001:db8::1 (12;"), std::string::npos) << hints[1];
  EXPECT_NE(hints[2].find("3 data sets of 1 exporters wait"), std::string::npos) << hints[2];
  EXPECT_NE(hints[3].find("short_set 2"), std::string::npos);
}

TEST(ExportersTable, NoHintsIfAllIsWell) {
  EXPECT_TRUE(exporters_hints(Json::array()).empty());
  EXPECT_EQ(exporters_table(Json::array(), TableStyle::plain), "No exporter has sent anything yet.\n");
}

TEST(ExportersTable, NoMatchIsNotAnEmptyLedger) {
  EXPECT_EQ(exporters_table(Json::array(), TableStyle::plain, true), "No exporter matches.\n");
}

TEST(ExportersTable, TextFromOutsideCannotControlTheTerminal) {
  Json rows = Json::parse("[{\"exporter\": \"\\u001b[2J\"}]");
  EXPECT_EQ(exporters_table(rows, TableStyle::terminal).find('\x1b'), std::string::npos);
}

TEST(ExportersTable, RejectsAnythingThatIsNotAList) {
  EXPECT_THROW(exporters_table(Json::parse("{\"a\":1}"), TableStyle::plain), Error);
  EXPECT_THROW(exporters_table(Json::parse("[1]"), TableStyle::plain), Error);
}

}  // namespace
}  // namespace weir
