// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger_json.h"

#include <gtest/gtest.h>

#include "ledger/ledger_columns.h"

namespace weir {
namespace {

std::vector<std::string> keys(const nlohmann::ordered_json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

LedgerSnapshot sample() {
  LedgerSnapshot rows;
  rows.since_ns = 1'709'210'096'000'000'000;
  LedgerRow row;
  row.key = {IpAddress::v4(0xc0000201), Protocol::netflow9, 42};
  row.sequence_lost = 5;
  row.records = 1'000'000'000'000;
  row.malformed = 3;
  row.malformed_by_reason[static_cast<size_t>(Malformed::short_set)] = 3;
  row.first_seen_ns = 1'709'210'096'789'000'000;
  rows.entries = {row};
  rows.sockets = {{"netflow://:2055", 1, 425984, 10, 20, 30}};
  return rows;
}

TEST(LedgerJson, BeginsWithTheColumnsOfTheContract) {
  const std::vector<std::string> contract = {
      "exporter",      "protocol",   "domain",           "datagrams",  "records",  "stored",   "held",
      "replayed",      "expired",    "missing_template", "malformed",  "filtered", "fallback", "sequence_lost",
      "sequence_unit", "duplicates", "restarts",         "first_seen", "last_seen"};
  std::vector<std::string> names = keys(ledger_json(sample())[0]);
  ASSERT_GT(names.size(), contract.size());
  names.resize(contract.size());
  EXPECT_EQ(names, contract);
}

TEST(LedgerJson, ShowsEveryCounter) {
  auto object = ledger_json(sample())[0];
  for (const LedgerColumn& column : kEntryCounters) EXPECT_TRUE(object.contains(std::string(column.name)));
}

TEST(LedgerJson, Values) {
  auto array = ledger_json(sample());
  ASSERT_EQ(array.size(), 2u);
  EXPECT_EQ(array[0]["exporter"], "192.0.2.1");
  EXPECT_EQ(array[0]["protocol"], "v9");
  EXPECT_EQ(array[0]["domain"], 42);
  EXPECT_EQ(array[0]["records"], 1'000'000'000'000);
  EXPECT_EQ(array[0]["sequence_unit"], "datagrams");
  EXPECT_EQ(array[0]["first_seen"], "2024-02-29T12:34:56.789Z");
  EXPECT_TRUE(array[0]["last_seen"].is_null());
  EXPECT_EQ(array[0]["malformed_by_reason"].dump(), R"({"short_set":3})");
  EXPECT_EQ(array[1]["socket"], "netflow://:2055");
  EXPECT_FALSE(array[1].contains("exporter"));
  EXPECT_EQ(array[1]["kernel_drops"], 30);
  EXPECT_EQ(array[1]["rcvbuf"], 425984);
  EXPECT_EQ(array[1]["datagrams"], 10);
}

TEST(LedgerJson, EmptyLedgerIsAnEmptyArray) { EXPECT_EQ(ledger_json({}).dump(), "[]"); }

}  // namespace
}  // namespace weir
