// SPDX-License-Identifier: Apache-2.0
// Tests sampling rates and names from options data of another session of the same exporter (templates.borrow).
#include "decode/testing/decoder_fixture.h"

namespace weir {
namespace {

constexpr uint16_t kOptionsPort = 5000, kOtherPort = 5001, kDataPort = 4000;

// IE 34 for the domain, and the name of interface 7.
Writer rate_and_name(uint32_t rate, std::string_view name) {
  Writer sets = ipfix_options_template(512, 1, {{149, 4}, {34, 4}});
  sets.add(set(512, Writer().u32(0).u32(rate)));
  sets.add(ipfix_options_template(513, 1, {{10, 4}, {82, 8}}));
  return sets.add(set(513, Writer().u32(7).text(name, 8)));
}
Writer rate_and_name9(uint32_t rate, std::string_view name) {
  Writer sets = netflow9_options_template(512, {{1, 4}}, {{34, 4}});
  sets.add(set(512, Writer().u32(0).u32(rate)));
  sets.add(netflow9_options_template(513, {{2, 4}}, {{82, 8}}));
  return sets.add(set(513, Writer().u32(7).text(name, 8)));
}
// Flows that enter at interface 7, also for IPv6.
Writer flow() { return Writer(ipfix_template(256, {{10, 4}, {1, 4}})).add(set(256, Writer().u32(7).u32(1500))); }
Writer flow6() {
  return Writer(ipfix_template(256, {{27, 16}, {10, 2}, {1, 8}}))
      .add(set(256, Writer().u64(0x20010db8'00000000).u64(1).u16(7).u64(1500)));
}
Writer flow9() { return Writer(netflow9_template(256, {{10, 4}, {1, 4}})).add(set(256, Writer().u32(7).u32(1500))); }

// Rate and name of a record.
struct OptionsChange {
  uint64_t rate;
  std::string name;
  bool operator==(const OptionsChange&) const = default;
};
std::ostream& operator<<(std::ostream& out, const OptionsChange& announced) {
  return out << announced.rate << " " << announced.name;
}
OptionsChange last_announced(Fixture& f) {
  const FlowBatch& rows = f.rows();
  return {rate_of(rows, rows.rows() - 1), text_of(rows, Field::in_if_name, rows.rows() - 1)};
}
const OptionsChange kNothing{0, ""};

TEST(Borrow, FromAnotherPortOfTheSameDomain) {
  Fixture f;
  f.send(ipfix(0, rate_and_name(1000, "xe-0/0/7"), 9), kOptionsPort);
  f.send(ipfix(0, flow(), 9), kDataPort);
  EXPECT_EQ(last_announced(f), (OptionsChange{1000, "xe-0/0/7"}));
  f.send(ipfix(1, flow6(), 9), kOtherPort);  // a third port, as behind a NAT
  EXPECT_EQ(last_announced(f), (OptionsChange{1000, "xe-0/0/7"}));
  EXPECT_EQ(f.entry(Protocol::ipfix, 9).borrowed.value(), 2);
}

TEST(Borrow, OptionsDataAfterTheFlows) {
  Fixture f;
  f.send(ipfix(0, flow(), 9), kDataPort);
  EXPECT_EQ(last_announced(f), kNothing);
  f.send(ipfix(0, rate_and_name(1000, "xe-0/0/7"), 9), kOptionsPort);
  f.send(ipfix(1, set(256, Writer().u32(7).u32(1)), 9), kDataPort);
  EXPECT_EQ(last_announced(f), (OptionsChange{1000, "xe-0/0/7"}));
  f.send(ipfix(2, rate_and_name(2000, "et-0/0/7"), 9), kOptionsPort);  // announced again, with new values
  f.send(ipfix(2, set(256, Writer().u32(7).u32(1)), 9), kDataPort);
  EXPECT_EQ(last_announced(f), (OptionsChange{2000, "et-0/0/7"}));
  EXPECT_EQ(f.entry(Protocol::ipfix, 9).borrowed.value(), 2);
}

TEST(Borrow, OfNetflow9) {
  Fixture f;
  f.send(netflow9(1, 0, rate_and_name9(100, "Te1/1/1"), 6), kOptionsPort);
  f.send(netflow9(1, 0, flow9(), 6), kDataPort);
  EXPECT_EQ(last_announced(f), (OptionsChange{100, "Te1/1/1"}));
}

TEST(Borrow, OwnOptionsDataTakePrecedence) {
  Fixture f;
  f.send(ipfix(0, rate_and_name(1000, "xe-0/0/7"), 9), kOptionsPort);
  Writer sets = ipfix_options_template(512, 1, {{149, 4}, {34, 4}}).add(set(512, Writer().u32(9).u32(64)));
  f.send(ipfix(0, sets.add(flow()), 9), kDataPort);
  EXPECT_EQ(last_announced(f), (OptionsChange{64, "xe-0/0/7"}));  // no names of its own
}

TEST(Borrow, OnlyIfAllSessionsAgree) {
  Fixture f;
  f.send(ipfix(0, rate_and_name(1000, "xe-0/0/7"), 9), kOptionsPort);
  f.send(ipfix(0, rate_and_name(500, "xe-0/0/7"), 9), kOtherPort);
  f.send(ipfix(0, flow(), 9), kDataPort);
  EXPECT_EQ(last_announced(f), (OptionsChange{0, "xe-0/0/7"}));
  f.send(ipfix(2, rate_and_name(1000, "xe-0/0/7"), 9), kOtherPort);
  f.send(ipfix(1, set(256, Writer().u32(7).u32(1)), 9), kDataPort);
  EXPECT_EQ(last_announced(f), (OptionsChange{1000, "xe-0/0/7"}));
}

// Each of two ports announces a part.
TEST(Borrow, CombinesNamesFromSeveralPorts) {
  Fixture f;
  auto name = [](uint32_t interface, std::string_view text) {
    return ipfix_options_template(513, 1, {{10, 4}, {82, 8}}).add(set(513, Writer().u32(interface).text(text, 8)));
  };
  f.send(ipfix(0, name(7, "seven"), 9), kOptionsPort);
  f.send(ipfix(0, name(8, "eight"), 9), kOtherPort);
  Writer both = ipfix_template(256, {{10, 4}, {14, 4}}).add(set(256, Writer().u32(7).u32(8)));
  f.send(ipfix(0, both, 9), kDataPort);
  EXPECT_EQ(text_of(f.rows(), Field::in_if_name), "seven");
  EXPECT_EQ(text_of(f.rows(), Field::out_if_name), "eight");
}

TEST(Borrow, FromTheOnlyOtherDomainWithOptionsData) {
  Fixture f;
  f.send(netflow9(1, 0, rate_and_name9(100, "Te1/1/1"), 6));
  f.send(netflow9(1, 0, flow9(), 0));
  EXPECT_EQ(last_announced(f), (OptionsChange{100, "Te1/1/1"}));
  f.send(netflow9(1, 0, flow9(), 3), kOtherPort);
  EXPECT_EQ(last_announced(f), (OptionsChange{100, "Te1/1/1"}));
  f.send(netflow9(1, 0, rate_and_name9(200, "Te2/1/1"), 7));  // now there are two
  f.send(netflow9(2, 0, flow9(), 0));
  EXPECT_EQ(last_announced(f), kNothing);
  f.send(netflow9(2, 0, flow9(), 6));  // domain 6 has its own options data
  EXPECT_EQ(last_announced(f), (OptionsChange{100, "Te1/1/1"}));
}

TEST(Borrow, SameDomainTakesPrecedence) {
  Fixture f;
  f.send(ipfix(0, rate_and_name(100, "far"), 6), kOptionsPort);
  f.send(ipfix(0, rate_and_name(200, "near"), 0), kOptionsPort);
  f.send(ipfix(0, flow(), 0), kDataPort);
  EXPECT_EQ(last_announced(f), (OptionsChange{200, "near"}));
}

TEST(Borrow, NotFromAnotherExporterOrProtocol) {
  Fixture f;
  f.send(netflow9(1, 0, rate_and_name9(100, "Te1/1/1"), 9), kOptionsPort);
  f.send(ipfix(0, flow(), 9), kDataPort);
  EXPECT_EQ(last_announced(f), kNothing);
  Writer other = ipfix(0, flow(), 9);
  f.send(ipfix(0, rate_and_name(100, "Te1/1/1"), 9), kOptionsPort);
  f.decoder.decode({other.bytes, *IpAddress::parse("192.0.2.2"), kDataPort, kExportSeconds * 1'000'000'000ll, 0});
  EXPECT_EQ(last_announced(f), kNothing);
}

// Template ids and observation points are only valid within a domain.
TEST(Borrow, NoRatesForTemplatesAndPointsOfAnotherDomain) {
  Writer sets = ipfix_options_template(512, 1, {{145, 2}, {34, 4}}).add(set(512, Writer().u16(256).u32(1000)));
  sets.add(ipfix_options_template(514, 1, {{138, 4}, {34, 4}})).add(set(514, Writer().u32(5).u32(2000)));
  Writer data = ipfix_template(256, {{1, 4}}).add(set(256, Writer().u32(1)));
  data.add(ipfix_template(257, {{138, 4}})).add(set(257, Writer().u32(5)));
  Fixture f;
  f.send(ipfix(0, sets, 6), kOptionsPort);
  f.send(ipfix(0, data, 6), kDataPort);  // another port of that domain
  EXPECT_EQ(rate_of(f.rows(), 0), 1000u);
  EXPECT_EQ(rate_of(f.rows(), 1), 2000u);
  f.send(ipfix(0, data, 7), kDataPort);
  EXPECT_EQ(rate_of(f.rows(), 0), 0u);
  EXPECT_EQ(rate_of(f.rows(), 1), 0u);
}

// A scope may name a domain other than the message's (RFC 7011 §3.4.2.1).
TEST(Borrow, RateWhoseScopeNamesAnotherDomain) {
  Fixture f;
  Writer sets = ipfix_options_template(512, 1, {{149, 4}, {34, 4}});
  f.send(ipfix(0, sets.add(set(512, Writer().u32(5).u32(1000).u32(6).u32(2000))), 0), kOptionsPort);
  f.send(ipfix(0, flow(), 5), kDataPort);
  EXPECT_EQ(rate_of(f.rows()), 1000u);
  f.send(ipfix(0, flow(), 6), kDataPort);
  EXPECT_EQ(rate_of(f.rows()), 2000u);
  f.send(ipfix(0, flow(), 7), kDataPort);
  EXPECT_EQ(rate_of(f.rows()), 0u);
  f.send(ipfix(2, flow(), 0), kOptionsPort);
  EXPECT_EQ(rate_of(f.rows()), 0u) << "not its own either";
}

// A session without new options data for an hour may no longer exist.
TEST(Borrow, NotFromASessionSilentForAnHour) {
  Fixture f;
  f.send(ipfix(0, rate_and_name(1000, "xe-0/0/7"), 9), kOptionsPort);
  Writer late = ipfix(0, flow(), 9);
  const int64_t now = kExportSeconds * 1'000'000'000ll + limits::kLenderNs + 1;
  f.decoder.decode({late.bytes, *IpAddress::parse("192.0.2.1"), kDataPort, now, 0});
  EXPECT_EQ(last_announced(f), kNothing);
}

struct Configured : Fixture {
  explicit Configured(Borrow borrow) : store(config(borrow)) {}
  static TemplateStoreConfig config(Borrow borrow) {
    TemplateStoreConfig config = store_config(0);
    config.borrow = borrow;
    return config;
  }
  TemplateStore store;
  Streams own_streams{ledger, store};
  Decoder own{{}, store, own_streams, ledger, pool, [this](auto batch) { batches.push_back(std::move(batch)); }};
  void send_to_own(const Writer& datagram, uint16_t port) {
    own.decode({datagram.bytes, *IpAddress::parse("192.0.2.1"), port, kExportSeconds * 1'000'000'000ll, 0});
    own.flush();
  }
};

TEST(Borrow, AsConfigured) {
  for (auto [borrow, port, domain] : {std::tuple(Borrow::off, 0u, 0u), std::tuple(Borrow::port, 1000u, 0u),
                                      std::tuple(Borrow::domain, 1000u, 1000u)}) {
    Configured f(borrow);
    f.send_to_own(ipfix(0, rate_and_name(1000, "x"), 9), kOptionsPort);
    f.send_to_own(ipfix(0, flow(), 9), kDataPort);
    EXPECT_EQ(rate_of(*f.batches.back()), port);
    f.send_to_own(ipfix(0, flow(), 8), kDataPort);
    EXPECT_EQ(rate_of(*f.batches.back()), domain);
  }
}

// What is borrowed also counts as the borrower's memory, and is released when the lender is removed.
TEST(Borrow, EndsWithTheLender) {
  Fixture f;
  f.send(ipfix(0, rate_and_name(1000, "xe-0/0/7"), 9), kOptionsPort);
  f.send(ipfix(0, flow(), 9), kDataPort);
  EXPECT_EQ(last_announced(f).rate, 1000u);
  f.templates.forget({*IpAddress::parse("192.0.2.1"), kOptionsPort, Protocol::ipfix, 9});
  f.send(ipfix(1, set(256, Writer().u32(7).u32(1)), 9), kDataPort);
  EXPECT_EQ(last_announced(f), kNothing);
}

}  // namespace
}  // namespace weir
