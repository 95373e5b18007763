// SPDX-License-Identifier: Apache-2.0
// Tests the names that options data announce for the numbers in flow records.
#include "decode/testing/decoder_fixture.h"

namespace weir {
namespace {

// Cisco IOS XR: both interface elements are the scope; one of them is 0, or both are the same.
TEST(Names, Interfaces) {
  Fixture f;
  Writer sets = ipfix_options_template(257, 2, {{10, 4}, {14, 4}, {83, 16}, {82, 16}});
  Writer records = Writer().u32(3).u32(0).text("uplink", 16).text("Hu0/0/0/3", 16);
  records.u32(4).u32(4).text("customer", 16).text("", 16);
  sets.add(set(257, records)).add(ipfix_template(300, {{10, 4}, {14, 4}}));
  sets.add(set(300, Writer().u32(3).u32(4).u32(4).u32(5).u32(0).u32(3)));
  f.send(ipfix(0, sets));
  const FlowBatch& rows = f.rows();
  ASSERT_EQ(rows.rows(), 3u);
  EXPECT_EQ(text_of(rows, Field::in_if_name, 0), "Hu0/0/0/3");
  EXPECT_EQ(text_of(rows, Field::out_if_name, 0), "customer");  // no name: its description
  EXPECT_EQ(text_of(rows, Field::in_if_name, 1), "customer");
  EXPECT_EQ(text_of(rows, Field::out_if_name, 1), "");
  EXPECT_EQ(text_of(rows, Field::in_if_name, 2), "");  // 0 is not an interface
  EXPECT_EQ(text_of(rows, Field::out_if_name, 2), "Hu0/0/0/3");
}

TEST(Names, InterfacesOfNetFlow9Scopes) {
  Fixture f;
  Writer sets = netflow9_options_template(257, {{2, 4}}, {{82, 8}}).add(set(257, Writer().u32(9).text("eth9", 8)));
  sets.add(netflow9_options_template(258, {{1, 4}}, {{10, 4}, {82, 8}}))
      .add(set(258, Writer().u32(1).u32(8).text("eth8", 8)));
  sets.add(netflow9_template(300, {{10, 2}, {14, 2}})).add(set(300, Writer().u16(9).u16(8)));
  f.send(netflow9(0, 0, sets));
  EXPECT_EQ(text_of(f.rows(), Field::in_if_name), "eth9");
  EXPECT_EQ(text_of(f.rows(), Field::out_if_name), "eth8");
}

TEST(Names, DescriptionIsUsedIfTheNameIsEmpty) {
  for (const char* empty : {"", "   "}) {
    Fixture f;
    Writer sets = netflow9_options_template(257, {{2, 4}}, {{82, 8}, {83, 12}});
    sets.add(set(257, Writer().u32(9).text(empty, 8).text("to Geneva", 12)));
    sets.add(netflow9_template(300, {{10, 2}, {14, 2}})).add(set(300, Writer().u16(9).u16(9)));
    f.send(netflow9(0, 0, sets));
    EXPECT_EQ(text_of(f.rows(), Field::in_if_name), "to Geneva");
    EXPECT_EQ(text_of(f.rows(), Field::out_if_name), "to Geneva");
  }
  Fixture f;
  Writer sets = ipfix_options_template(258, 1, {{10, 4}, {83, 0xffff}, {82, 0xffff}});
  sets.add(set(258, Writer().u32(9).u8(3).text("lan", 3).u8(0))).add(ipfix_template(300, {{10, 4}}));
  f.send(ipfix(0, sets.add(set(300, Writer().u32(9)))));
  EXPECT_EQ(text_of(f.rows(), Field::in_if_name), "lan");
}

TEST(Names, VrfsAndApplications) {
  Fixture f;
  Writer sets = ipfix_options_template(257, 1, {{234, 4}, {236, 8}, {235, 4}});
  sets.add(set(257, Writer().u32(0x60000000).text("default", 8).u32(0x60000000).u32(0x60000001).text("red", 8).u32(0)));
  sets.add(ipfix_options_template(258, 1, {{95, 4}, {96, 0xffff}, {94, 8}}));
  sets.add(set(258, Writer().u32(0x0d000035).u8(3).text("dns", 3).text("DNS", 8)));
  sets.add(ipfix_template(300, {{234, 4}, {235, 4}, {95, 4}}));
  sets.add(set(300, Writer().u32(0x60000000).u32(0x60000001).u32(0x0d000035)));
  f.send(ipfix(0, sets));
  EXPECT_EQ(text_of(f.rows(), Field::ingress_vrf_name), "default");
  EXPECT_EQ(text_of(f.rows(), Field::egress_vrf_name), "red");
  EXPECT_EQ(text_of(f.rows(), Field::application_name), "dns");
}

// RFC 6759 §4: engine and selector, of any length. FortiOS sends nine octets: engine 20, its enterprise number, a
// selector.
TEST(Names, ApplicationsOfNineOctets) {
  auto id = [](uint32_t selector) { return Writer().u8(20).u32(12356).u32(selector); };
  for (bool before : {true, false}) {
    Fixture f;
    Writer options = netflow9_options_template(257, {{1, 2}}, {{95, 9}, {96, 16}, {94, 16}});
    options.add(set(
        257,
        Writer().u16(1).add(id(16)).text("DNS", 16).text("names", 16).u16(1).add(id(17)).text("", 16).text("web", 16)));
    auto data = [&] { return set(300, id(16).u32(1).add(id(17)).u32(2).add(id(18)).u32(3)); };
    Writer flows = netflow9_template(300, {{95, 9}, {1, 4}});
    f.send(netflow9(1, 0, before ? Writer(options).add(flows) : Writer(flows).add(options)));
    f.send(netflow9(2, 0, data()));
    EXPECT_EQ(text_of(f.rows(), Field::application, 0), "20:12356:16");
    EXPECT_EQ(text_of(f.rows(), Field::application_name, 0), "DNS");
    EXPECT_EQ(text_of(f.rows(), Field::application_name, 1), "web");  // the description
    EXPECT_EQ(text_of(f.rows(), Field::application, 2), "20:12356:18");
    EXPECT_EQ(text_of(f.rows(), Field::application_name, 2), "");
    EXPECT_FALSE(has_field(f.rows(), Field::application_id));  // does not fit into 64 bits
  }
}

TEST(Names, ApplicationsOfVariableLength) {
  Fixture f;
  Writer sets = ipfix_options_template(257, 1, {{95, 0xffff}, {96, 0xffff}});
  sets.add(set(
      257, Writer().u8(4).u32(0x0d000035).u8(3).text("dns", 3).u8(9).u8(20).u32(12356).u32(16).u8(3).text("DNS", 3)));
  sets.add(ipfix_template(300, {{95, 0xffff}, {1, 4}}));
  Writer records = Writer().u8(4).u32(0x0d000035).u32(1).u8(9).u8(20).u32(12356).u32(16).u32(2).u8(0).u32(3);
  f.send(ipfix(0, sets.add(set(300, records))));
  EXPECT_EQ(number_of(f.rows(), Field::application_id, 0), 0x0d000035u);
  EXPECT_EQ(text_of(f.rows(), Field::application, 0), "13:53");
  EXPECT_EQ(text_of(f.rows(), Field::application_name, 0), "dns");
  EXPECT_EQ(number_of(f.rows(), Field::application_id, 1), 0u);
  EXPECT_EQ(text_of(f.rows(), Field::application, 1), "20:12356:16");
  EXPECT_EQ(text_of(f.rows(), Field::application_name, 1), "DNS");
  EXPECT_EQ(text_of(f.rows(), Field::application, 2), "");
}

TEST(Names, RecordsOwnNameIsNotReplaced) {
  Fixture f;
  Writer sets = ipfix_options_template(258, 1, {{95, 4}, {96, 4}}).add(set(258, Writer().u32(7).text("seven", 4)));
  sets.add(ipfix_template(300, {{95, 4}, {96, 4}}));
  sets.add(set(300, Writer().u32(7).text("own", 4).u32(7).text("", 4)));
  f.send(ipfix(0, sets));
  EXPECT_EQ(text_of(f.rows(), Field::application_name, 0), "own");
  EXPECT_EQ(text_of(f.rows(), Field::application_name, 1), "seve");
}

TEST(Names, NoFieldIfNoNameIsKnown) {
  Fixture f;
  Writer sets = ipfix_options_template(257, 1, {{10, 4}, {82, 8}}).add(set(257, Writer().u32(3).text("eth3", 8)));
  f.send(ipfix(0, sets.add(ipfix_template(300, {{10, 4}})).add(set(300, Writer().u32(4)))));
  EXPECT_FALSE(has_field(f.rows(), Field::in_if_name));
}

// Names of the maximum length in every row: batches end early, nothing is cut.
TEST(Names, LongNamesBeginAnotherBatch) {
  Fixture f;
  Writer records;
  for (uint32_t i = 1; i <= 200; ++i)
    records.u32(i)
        .u8(255)
        .u16(limits::kNameOctets)
        .text(std::to_string(i) + std::string(300, 'n'), limits::kNameOctets);
  f.send(ipfix(0, Writer(ipfix_options_template(257, 1, {{10, 4}, {82, 0xffff}})).add(set(257, records))));
  f.send(ipfix(200, ipfix_template(300, {{10, 4}, {14, 4}})));
  for (int datagram = 0; datagram < 40; ++datagram) {
    Writer flows;
    for (uint32_t i = 0; i < 100; ++i) flows.u32(1 + i * 7 % 200).u32(1 + i * 11 % 200);
    f.send(ipfix(200, set(300, flows)));
  }
  f.rows();
  EXPECT_GT(f.batches.size(), 1u);
  uint64_t rows = 0;
  for (const auto& batch : f.batches)
    for (uint32_t row = 0; row < batch->rows(); ++row, ++rows) {
      std::string number = std::to_string(batch->number(Field::in_if, row));
      ASSERT_EQ(batch->text(Field::in_if_name, row).substr(0, number.size() + 1), number + "n");
      ASSERT_EQ(batch->text(Field::out_if_name, row).size(), limits::kNameOctets);
    }
  EXPECT_EQ(rows, 4'000u);
  EXPECT_EQ(f.entry(Protocol::ipfix).refused.value(), 0);
}

}  // namespace
}  // namespace weir
