// SPDX-License-Identifier: Apache-2.0
#include "senders/ignored_ports.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/time_units.h"

namespace weir {
namespace {

const IpAddress kBalancer = IpAddress::v4(0xc0000201);

SessionKey key(uint16_t port, Protocol protocol = Protocol::netflow9, uint32_t domain = 7) {
  return {kBalancer, port, protocol, domain};
}

// Sends each datagram from another port, `apart_ns` after the one before it. until_shown() returns the number of the
// datagram that showed it, or 0.
struct Stream {
  IgnoredPorts& ports;
  Protocol protocol = Protocol::netflow9;
  int64_t apart_ns = kMillisecond;
  uint32_t sequence = 0xffffff00, step = 1;  // across the wrap of the numbers
  int64_t now_ns = 1'700'000'000 * kSecond;
  uint32_t boot_seconds = 1'699'999'000;
  uint16_t port = 20'000;
  IpAddress agent = kBalancer;

  bool next() {
    const auto seconds = static_cast<uint32_t>(now_ns / kSecond);
    const auto uptime_ms = static_cast<uint32_t>(now_ns / kMillisecond - int64_t{boot_seconds} * 1'000);
    const bool shown = ports.shows(key(++port, protocol), agent, {sequence, true, uptime_ms, seconds}, now_ns);
    sequence += step;
    now_ns += apart_ns;
    return shown;
  }
  uint32_t until_shown(uint32_t limit) {
    for (uint32_t n = 1; n <= limit; ++n)
      if (next()) return n;
    return 0;
  }
};

bool is_ignored(const IgnoredPorts& ports, const SessionKey& k) { return ports.table()->ignores(k); }

TEST(IgnoredPorts, NetworksAreIgnoredFromTheStart) {
  IgnoredPorts ports({{parse_network("192.0.2.0/24"), parse_network("2001:db8::1")}, true});
  EXPECT_TRUE(is_ignored(ports, key(5)));
  EXPECT_TRUE(is_ignored(ports, {*IpAddress::parse("2001:db8::1"), 5, Protocol::netflow5, 0}));
  EXPECT_FALSE(is_ignored(ports, {*IpAddress::parse("2001:db8::2"), 5, Protocol::netflow5, 0}));
  EXPECT_FALSE(is_ignored(ports, {*IpAddress::parse("192.0.3.1"), 5, Protocol::netflow5, 0}));
  SessionKey connection = key(5);
  connection.transport = Transport::tcp, connection.connection = 1;
  EXPECT_FALSE(is_ignored(ports, connection)) << "a connection has one port, and is a session of its own";
}

TEST(IgnoredPorts, MoreThanSixtyFourPortsWithContinuingNumbersShowIt) {
  for (Protocol protocol : {Protocol::netflow5, Protocol::netflow9, Protocol::ipfix, Protocol::sflow5}) {
    IgnoredPorts ports({});
    Stream stream{ports, protocol};
    stream.step = 30;
    EXPECT_EQ(stream.until_shown(1'000), 65u) << protocol_name(protocol);
    EXPECT_TRUE(is_ignored(ports, key(1, protocol)));
    EXPECT_FALSE(is_ignored(ports, key(1, protocol, 8))) << "another domain may be another exporter";
  }
}

TEST(IgnoredPorts, NotIfItTakesLonger) {
  IgnoredPorts ports({});
  Stream slow{ports};
  slow.apart_ns = kSecond / 6;  // 60 in ten seconds
  EXPECT_EQ(slow.until_shown(1'000), 0u);
}

TEST(IgnoredPorts, NotIfExportersOfOneAddressHaveNumbersOfTheirOwn) {
  IgnoredPorts ports({});
  for (uint32_t n = 0; n < 1'000; ++n) {
    Stream one{ports};
    one.sequence = n % 10;  // they have all just started
    one.port = static_cast<uint16_t>(n);
    ASSERT_FALSE(one.next());
    Stream running{ports};
    running.sequence = n * 2'654'435'761u;  // or have run for long
    running.port = static_cast<uint16_t>(30'000 + n);
    ASSERT_FALSE(running.next());
  }
}

TEST(IgnoredPorts, NotIfTheyHaveBootTimesOfTheirOwn) {
  IgnoredPorts ports({});
  Stream one{ports}, other{ports};
  other.boot_seconds += 60;
  for (uint32_t n = 0; n < 500; ++n) {
    ASSERT_FALSE(one.next());
    other.sequence = one.sequence;
    ASSERT_FALSE(other.next());
  }
}

// Two workers see the datagrams in a different order from the one they were sent in.
TEST(IgnoredPorts, AlsoIfTheyArriveALittleOutOfOrder) {
  IgnoredPorts ports({});
  Stream stream{ports};
  bool shown = false;
  for (uint32_t n = 0; n < 200 && !shown; ++n) {
    stream.sequence = 1'000 + (n ^ 1);
    shown = stream.next();
  }
  EXPECT_TRUE(shown);
}

TEST(IgnoredPorts, SflowAgentsBehindOneAddressAreDistinguished) {
  IgnoredPorts ports({});
  Stream one{ports, Protocol::sflow5}, other{ports, Protocol::sflow5};
  one.agent = IpAddress::v4(1), other.agent = IpAddress::v4(2);
  other.sequence = 5;
  uint32_t n = 0;
  while (n < 200 && !one.next() && !other.next()) ++n;
  EXPECT_LE(n, 65u);
}

TEST(IgnoredPorts, NeverWhenTurnedOff) {
  IgnoredPorts ports({{}, false});
  Stream stream{ports};
  EXPECT_EQ(stream.until_shown(1'000), 0u);
  ports.learn(key(0));
  EXPECT_FALSE(is_ignored(ports, key(5)));
}

TEST(IgnoredPorts, TheVersionChangesWithTheTable) {
  IgnoredPorts ports({});
  const uint32_t before = ports.version();
  ports.learn(key(0));
  EXPECT_NE(ports.version(), before);
  EXPECT_TRUE(is_ignored(ports, key(5)));
}

TEST(IgnoredPorts, AFloodOfAddressesIsBounded) {
  IgnoredPorts ports({});
  for (uint32_t n = 0; n < 2 * IgnoredPorts::kMaxLearned; ++n) ports.learn({IpAddress::v4(n), 0, Protocol::ipfix, 0});
  EXPECT_EQ(ports.table()->learned.size(), IgnoredPorts::kMaxLearned);
}

}  // namespace
}  // namespace weir
