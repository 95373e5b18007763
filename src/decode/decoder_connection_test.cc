// SPDX-License-Identifier: Apache-2.0
// Tests sessions over connections (RFC 7011 §10.3, §10.4): each has its own templates and options data, which end with
// it, and withdrawals are obeyed.
#include <stdlib.h>

#include <filesystem>

#include "base/time_units.h"
#include "decode/testing/decoder_fixture.h"
#include "os/clock.h"

namespace weir {
namespace {

Writer octets_template(uint16_t id) { return ipfix_template(id, {{1, 4}}); }
Writer octets(uint16_t id, uint32_t value) { return set(id, Writer().u32(value)); }

struct ConnectionFixture : Fixture {
  using Fixture::Fixture;
  void send_on(uint32_t connection, const Writer& message, Transport transport = Transport::tcp) {
    Datagram datagram{message.bytes, *IpAddress::parse("192.0.2.1"), 4000, kExportSeconds * kSecond};
    datagram.transport = transport;
    datagram.connection = connection;
    decoder.decode(datagram);
  }
  int64_t records() { return entry(Protocol::ipfix).records.value(); }
  int64_t held() { return entry(Protocol::ipfix).held.value(); }
};

TEST(Connection, AReconnectInheritsNoTemplates) {
  ConnectionFixture f(kSecond);
  f.send_on(1, ipfix(0, octets_template(256).add(octets(256, 7))));
  EXPECT_EQ(f.records(), 1);
  f.send_on(2, ipfix(0, octets(256, 8)));                  // the same address and port
  f.send_on(1, ipfix(0, octets(256, 8)), Transport::tls);  // and the same connection number
  f.send(ipfix(0, octets(256, 8)));                        // by UDP
  EXPECT_EQ(f.records(), 1);
  EXPECT_EQ(f.held(), 3);
  f.decoder.tick(os::monotonic_ns() + 60 * kSecond);
  EXPECT_EQ(f.records(), 1) << "none serves as a fallback";
  f.send_on(2, ipfix(1, octets_template(256)));
  EXPECT_EQ(f.records(), 2) << "what waited for its own";
}

TEST(Connection, OptionsDataApplyToTheirConnection) {
  ConnectionFixture f;
  const Writer rate = ipfix_options_template(512, 1, {{149, 4}, {34, 4}}).add(set(512, Writer().u32(0).u32(1000)));
  f.send_on(1, ipfix(0, rate));
  f.send_on(2, ipfix(0, octets_template(256).add(octets(256, 7))));
  EXPECT_EQ(rate_of(f.rows()), 0u);
  f.send_on(1, ipfix(1, octets_template(256).add(octets(256, 7))));
  EXPECT_EQ(rate_of(f.rows()), 1000u);
}

TEST(Connection, AWithdrawalIsObeyed) {
  ConnectionFixture f;
  f.send_on(1, ipfix(0, octets_template(256).add(octets_template(257))));
  f.send_on(1, ipfix(0, set(2, Writer().u16(256).u16(0)).add(octets(256, 7)).add(octets(257, 8))));
  EXPECT_EQ(f.entry(Protocol::ipfix).withdrawals.value(), 1);
  EXPECT_EQ(f.entry(Protocol::ipfix).templates.value(), 1);
  EXPECT_EQ(f.records(), 1);
  EXPECT_EQ(f.held(), 1);
}

// RFC 7011 §8.1: a withdrawal with the id of the set withdraws all templates of that kind.
TEST(Connection, WithdrawalOfAllRemovesTheTemplatesOfItsKind) {
  ConnectionFixture f;
  f.send_on(
      1,
      ipfix(0,
            octets_template(256).add(octets_template(257)).add(ipfix_options_template(512, 1, {{149, 4}, {34, 4}}))));
  EXPECT_EQ(f.entry(Protocol::ipfix).templates.value(), 3);
  f.send_on(1, ipfix(0, set(2, Writer().u16(2).u16(0))));
  EXPECT_EQ(f.entry(Protocol::ipfix).templates.value(), 1);
  f.send_on(1, ipfix(0, set(3, Writer().u16(3).u16(0))));
  EXPECT_EQ(f.entry(Protocol::ipfix).templates.value(), 0);
}

// RFC 7011 §8.4.
TEST(Connection, WithdrawalOverUdpHasNoEffect) {
  ConnectionFixture f;
  f.send(ipfix(0, octets_template(256)));
  f.send(ipfix(0, set(2, Writer().u16(256).u16(0)).add(octets(256, 7))));
  EXPECT_EQ(f.entry(Protocol::ipfix).withdrawals.value(), 1);
  EXPECT_EQ(f.records(), 1);
}

TEST(Connection, ItsTemplatesAreNotInTheJournal) {
  std::string folder = testing::TempDir() + "weir_connection_XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  TemplateStoreConfig config;
  config.journal_path = folder + "/templates.journal";
  auto install = [](TemplateStore& store, const SessionKey& key) {
    TemplateRecord record;
    const Writer wire = template_record(256, {{1, 4}});
    ByteReader reader(wire.bytes);
    ASSERT_EQ(read_template(reader, Protocol::ipfix, TemplateKind::data, record).read, TemplateRead::ok);
    store.install(*store.session(key), std::move(record), {}, 0);
  };
  const SessionKey udp{*IpAddress::parse("192.0.2.1"), 4000, Protocol::ipfix, 0};
  const SessionKey tcp{*IpAddress::parse("192.0.2.1"), 4000, Protocol::ipfix, 0, Transport::tcp, 1};
  {
    TemplateStore store(config);
    install(store, udp);
    install(store, tcp);
    EXPECT_EQ(store.template_count(), 2u);
  }
  TemplateStore store(config);
  EXPECT_EQ(store.template_count(), 1u);
  store.for_each([&](const SessionKey& key, const Plan&) { EXPECT_EQ(key, udp); });
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace weir
