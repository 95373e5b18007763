// SPDX-License-Identifier: Apache-2.0
#include "show/exporters_view.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "show/exporters_table.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kNow = 1'795'000'000'000'000'000;  // 2026-11-18T11:06:40Z

Json rows() {
  Json all = Json::parse(R"([
    {"exporter": "192.0.2.10", "protocol": "v9", "domain": 1, "datagrams": 110, "duplicates": 10, "records": 1000,
     "sequence_lost": 25, "sequence_unit": "datagrams", "first_seen": "2026-11-18T11:05:00.000Z",
     "last_seen": "2026-11-18T11:06:40.000Z", "refused_by_reason": {"templates_full": 3}, "refused": 3},
    {"exporter": "192.0.2.9", "protocol": "ipfix", "domain": 2, "datagrams": 10, "records": 900,
     "duplicate_records": 100, "options_records": 50, "expired_records": 50, "sequence_lost": 100,
     "sequence_unit": "records", "first_seen": "2026-11-18T10:00:00.000Z", "last_seen": "2026-11-18T11:00:00.000Z"},
    {"exporter": "2001:db8::1", "protocol": "v1", "domain": 0, "datagrams": 10, "records": 30, "sequence_lost": 0,
     "sequence_unit": "", "first_seen": null, "last_seen": null},
    {"exporter": "2001:db8::2", "protocol": "sflow", "domain": 0, "datagrams": 10, "records": 60, "counter_samples": 30,
     "sequence_lost": 10, "sequence_unit": "samples", "first_seen": null, "last_seen": null},
    {"socket": "netflow://:2055", "worker": 0, "kernel_drops": 0}])");
  add_figures(all, kNow);
  return all;
}

std::vector<std::string> chosen(const ExportersView& view) {
  std::vector<std::string> names;
  for (const Json& row : select_rows(rows(), view))
    names.push_back(row.contains("exporter") ? row["exporter"] : row["socket"]);
  return names;
}

TEST(ExportersView, LossIsAShareOfWhatWasSentInSequenceUnits) {
  Json all = rows();
  EXPECT_EQ(all[0]["lost_percent"], 20);  // 25 of 100 received datagrams and 25 lost
  EXPECT_EQ(all[1]["lost_percent"], 10);  // 100 of 900 records and 100
  EXPECT_TRUE(all[2]["lost_percent"].is_null());
  EXPECT_EQ(all[3]["lost_percent"], 10);  // 10 of 60 flow samples, 30 counter samples and 10
}

TEST(ExportersView, RateAndAge) {
  Json all = rows();
  EXPECT_EQ(all[0]["records_per_second"], 10);
  EXPECT_EQ(all[0]["silent_seconds"], 0);
  EXPECT_EQ(all[1]["silent_seconds"], 400);
  EXPECT_TRUE(all[2]["records_per_second"].is_null());
  EXPECT_TRUE(all[2]["silent_seconds"].is_null());
  EXPECT_NE(exporters_table(all, TableStyle::terminal).find("6 min ago"), std::string::npos);
  EXPECT_NE(exporters_table(all, TableStyle::plain).find("2026-11-18T11:00:00.000Z"), std::string::npos);
}

TEST(ExportersView, Only) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(chosen({"lossy", ""}), (Names{"192.0.2.10", "192.0.2.9", "2001:db8::2"}));
  EXPECT_EQ(chosen({"silent", ""}), (Names{"192.0.2.9"}));
  EXPECT_EQ(chosen({"192.0.2.9", ""}), (Names{"192.0.2.9"}));
  EXPECT_EQ(chosen({"192.0.2.8/30", ""}), (Names{"192.0.2.10", "192.0.2.9"}));
  EXPECT_EQ(chosen({"2001:db8::/32", ""}), (Names{"2001:db8::1", "2001:db8::2"}));
  EXPECT_EQ(chosen({"0.0.0.0/0", ""}), (Names{"192.0.2.10", "192.0.2.9"}));
  EXPECT_EQ(chosen({"", ""}).size(), 5u);
}

TEST(ExportersView, Sort) {
  auto by = [](const char* column) {
    std::string all;
    for (const std::string& name : chosen({"", column})) all += name + " ";
    return all;
  };
  EXPECT_EQ(by("exporter"), "192.0.2.9 192.0.2.10 2001:db8::1 2001:db8::2 netflow://:2055 ");
  EXPECT_EQ(by("lost"), "192.0.2.9 192.0.2.10 2001:db8::2 2001:db8::1 netflow://:2055 ");
  EXPECT_EQ(by("lost%"), "192.0.2.10 192.0.2.9 2001:db8::2 2001:db8::1 netflow://:2055 ");
  EXPECT_EQ(by("lastseen"), "192.0.2.10 192.0.2.9 2001:db8::1 2001:db8::2 netflow://:2055 ");
  EXPECT_EQ(by("proto"), "192.0.2.9 2001:db8::2 2001:db8::1 192.0.2.10 netflow://:2055 ");
}

TEST(ExportersView, RejectsRowsThatAreNotALedger) {
  Json foreign = Json::parse("[1]");
  EXPECT_THROW(add_figures(foreign, kNow), Error);
  Json odd =
      Json::parse(R"([{"exporter": 7, "records": 18446744073709551615, "last_seen": "2026-99-99T99:99:99.999Z"}])");
  add_figures(odd, kNow);
  EXPECT_NE(exporters_table(odd, TableStyle::terminal).find("18,446,744,073,709,551,615"), std::string::npos);
}

TEST(ExportersView, RejectsUnknownColumnsAndFilters) {
  for (const char* only : {"lossless", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/x", "2001:db8::/129", "/24"})
    EXPECT_THROW(check_view({only, ""}), Error) << only;
  EXPECT_THROW(check_view({"", "loss"}), Error);
  EXPECT_NO_THROW(check_view({"192.0.2.0/24", "lost%"}));
}

}  // namespace
}  // namespace weir
