// SPDX-License-Identifier: Apache-2.0
// Tests records of exporters behind a mediator (RFC 6183), which names them in IE 130 and 131.
#include "decode/testing/decoder_fixture.h"

namespace weir {
namespace {

struct Row {
  std::string exporter, sender;
  uint64_t bytes;
  bool operator==(const Row&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Row& r) {
  return out << r.exporter << " by " << r.sender << " " << r.bytes;
}

std::vector<Row> rows_of(const FlowBatch& batch) {
  std::vector<Row> rows;
  for (const Run& run : batch.runs())
    for (uint32_t row = run.first_row; row < run.first_row + run.rows; ++row) {
      const bool sent = run.mask.has(Field::sender_address);
      const std::string sender = sent ? batch.column<IpAddress>(Field::sender_address)[row].to_string() : "";
      rows.push_back({run.exporter.to_string(), sender, batch.number(Field::bytes, row)});
    }
  return rows;
}

constexpr uint32_t kFirst = 0xcb007101, kSecond = 0xcb007102;  // 203.0.113.1, .2

TEST(Mediator, NamesTheExporterOfEachRecord) {
  for (bool ten : {false, true}) {
    Fixture f;
    const std::vector<FieldSpec> fields{{1, 4}, {130, 4}};
    const Writer records = Writer().u32(1).u32(kFirst).u32(2).u32(kFirst).u32(3).u32(kSecond).u32(4).u32(0);
    if (ten)
      f.send(ipfix(0, ipfix_template(300, fields).add(set(300, records))));
    else
      f.send(netflow9(1, 0, netflow9_template(300, fields).add(set(300, records))));
    const std::vector<Row> expected{{"203.0.113.1", "192.0.2.1", 1},
                                    {"203.0.113.1", "192.0.2.1", 2},
                                    {"203.0.113.2", "192.0.2.1", 3},
                                    {"192.0.2.1", "", 4}};
    EXPECT_EQ(rows_of(f.rows()), expected);
    const LedgerEntry& entry = f.entry(ten ? Protocol::ipfix : Protocol::netflow9);
    EXPECT_EQ(entry.records.value(), 4) << "they are the sender's";
  }
}

TEST(Mediator, RecordsOfVariableLengthAndIpv6) {
  Fixture f;
  Writer sets = ipfix_template(300, {{131, 16}, {1, 4}, {82, 0xffff}});
  auto record = [](uint64_t host, uint32_t bytes) {
    return Writer().u64(0x20010db8'00000000).u64(host).u32(bytes).u8(1).u8('x');
  };
  f.send(ipfix(0, sets.add(set(300, record(1, 1).add(record(1, 2)).add(record(2, 3))))));
  const std::vector<Row> expected{
      {"2001:db8::1", "192.0.2.1", 1}, {"2001:db8::1", "192.0.2.1", 2}, {"2001:db8::2", "192.0.2.1", 3}};
  EXPECT_EQ(rows_of(f.rows()), expected);
  EXPECT_EQ(f.rows().runs().size(), 2u);
}

// Both address families in one template, one of them zero; and a mediator that is the exporter itself.
TEST(Mediator, FirstAddressThatIsNotZeroIsUsed) {
  Fixture f;
  Writer sets = ipfix_template(300, {{131, 16}, {130, 4}, {1, 4}});
  Writer records = Writer().u64(0).u64(0).u32(kFirst).u32(1).u64(0x20010db8'00000000).u64(9).u32(0).u32(2);
  records.u64(0).u64(0).u32(0xc0000201).u32(3);
  f.send(ipfix(0, sets.add(set(300, records))));
  const std::vector<Row> expected{
      {"203.0.113.1", "192.0.2.1", 1}, {"2001:db8::9", "192.0.2.1", 2}, {"192.0.2.1", "", 3}};
  EXPECT_EQ(rows_of(f.rows()), expected);
}

}  // namespace
}  // namespace weir
