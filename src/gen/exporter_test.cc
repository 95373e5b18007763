// SPDX-License-Identifier: Apache-2.0
// What a run sends is checked against tshark and nfcapd in test/test_gen.py; this tests what they do not check: times,
// reproducibility, the shape of the traffic, sequence numbers.
#include "gen/exporter.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>
#include <vector>

#include "base/bytes.h"
#include "gen/flows.h"

namespace weir {
namespace {

constexpr int64_t kNowNs = 1'800'000'000'123'000'000;
constexpr uint64_t kNowMs = kNowNs / 1'000'000;

const Network& network() {
  static const Network instance(1);
  return instance;
}

Exporter made_up(const ExporterSettings& settings, double ipv6_share = 0) {
  auto records =
      std::make_shared<GeneratedRecords>(settings.protocol, network(), 1, ipv6_share, settings.sampling_rate != 0);
  return Exporter(settings, records, 1, kNowNs);
}

using Buffer = std::array<uint8_t, 1464>;

TEST(FlowSource, SameSeedSameFlows) {
  Network again(1), other(2);
  FlowSource a(network(), 7), b(again, 7), c(other, 7);
  int differ = 0;
  for (int i = 0; i < 1'000; ++i) {
    Flow x = a.next(false), y = b.next(false), z = c.next(false);
    ASSERT_EQ(x.src->v4, y.src->v4);
    ASSERT_EQ(x.dst->v4, y.dst->v4);
    ASSERT_EQ(x.bytes, y.bytes);
    ASSERT_EQ(x.src_port, y.src_port);
    differ += x.src->v4 != z.src->v4;
  }
  EXPECT_GT(differ, 900);
}

TEST(FlowSource, EveryFlowIsPossible) {
  FlowSource source(network(), 3);
  for (int i = 0; i < 100'000; ++i) {
    Flow flow = source.next(i % 2 == 1);
    ASSERT_GE(flow.packets, 1u);
    ASSERT_GE(flow.bytes, 40ull * flow.packets);
    ASSERT_LE(flow.bytes, 1'500ull * flow.packets);
    if (flow.packets == 1) {
      ASSERT_EQ(flow.duration_ms, 0u);
    }
    bool tcp = flow.proto == 6, udp = flow.proto == 17, icmp = flow.proto == (i % 2 == 1 ? 58 : 1);
    ASSERT_TRUE(tcp || udp || icmp) << int{flow.proto};
    if (!tcp) {
      ASSERT_EQ(flow.tcp_flags, 0);
    }
    if (!icmp) {
      ASSERT_GE(std::max(flow.src_port, flow.dst_port), 32'768) << "no ephemeral port";
      ASSERT_LT(std::min(flow.src_port, flow.dst_port), 32'768) << "no service port";
    }
  }
}

TEST(FlowSource, FewHostsHaveMostFlows) {
  FlowSource source(network(), 3);
  std::map<uint32_t, int> flows_of;
  for (int i = 0; i < 100'000; ++i) {
    Flow flow = source.next(false);
    ++flows_of[flow.egress ? flow.src->v4 : flow.dst->v4];
  }
  int limit = 0;
  for (auto& [address, flows] : flows_of) limit = std::max(limit, flows);
  EXPECT_GT(flows_of.size(), 2'000u);
  EXPECT_GT(limit, 5'000);  // Zipf over 4,096 hosts: the first has a ninth of the flows
}

TEST(Exporter, NetFlow5TimesAndSequence) {
  ExporterSettings settings;
  settings.protocol = Protocol::netflow5;
  Exporter exporter = made_up(settings);
  uint32_t sent = 0, boot_ms_low = 0;
  for (int datagram = 0; datagram < 50; ++datagram) {
    int64_t now = kNowNs + datagram * 777'000'000ll;
    Buffer out;
    Content content;
    size_t size = exporter.write(out, 100, now, &content);
    ASSERT_EQ(size, 24u + 30 * 48);
    uint32_t uptime = load_be32(out.data() + 4);
    ASSERT_EQ(load_be32(out.data() + 8), now / 1'000'000'000);
    ASSERT_EQ(load_be32(out.data() + 16), sent);
    uint32_t boot = static_cast<uint32_t>(now / 1'000'000) - uptime;
    if (datagram > 0) {
      ASSERT_EQ(boot, boot_ms_low) << "the exporter's boot time moved";
    }
    boot_ms_low = boot;
    for (size_t i = 0; i < 30; ++i) {
      uint32_t first = load_be32(out.data() + 24 + i * 48 + 24), last = load_be32(out.data() + 24 + i * 48 + 28);
      ASSERT_LE(first, last);
      ASSERT_LE(last, uptime);
      ASSERT_GT(first, uptime - 180'000) << "a flow of the last minutes";
    }
    sent += 30;
  }
  EXPECT_FALSE(exporter.owes_templates());
}

TEST(Exporter, NetFlow9CountsDatagramsAndIpfixDataRecords) {
  for (Protocol protocol : {Protocol::netflow9, Protocol::ipfix}) {
    ExporterSettings settings;
    settings.protocol = protocol;
    settings.sampling_rate = 10;
    settings.template_every_ns = 0;
    settings.template_every_datagrams = 4;
    Exporter exporter = made_up(settings);
    uint32_t expected = 0, options_seen = 0;
    for (int datagram = 0; datagram < 20; ++datagram) {
      Buffer out;
      Content content;
      exporter.write(out, 10, kNowNs, &content);
      bool v9 = protocol == Protocol::netflow9;
      ASSERT_EQ(load_be32(out.data() + (v9 ? 12 : 8)), expected);
      ASSERT_EQ(content.records, 10u);
      expected += v9 ? 1 : static_cast<uint32_t>(content.records + content.options_records);
      options_seen += static_cast<uint32_t>(content.options_records);
    }
    EXPECT_EQ(options_seen, 5u);  // datagrams 0, 4, 8, 12, 16
  }
}

TEST(Exporter, IpfixTimesAreAbsoluteAndPast) {
  ExporterSettings settings;
  settings.protocol = Protocol::ipfix;
  settings.templates = false;
  Exporter exporter = made_up(settings);
  Buffer out;
  Content content;
  size_t size = exporter.write(out, 100, kNowNs, &content);
  constexpr size_t kRecord = 78, kStartOffset = 54;  // after counters, path and addresses of the IPv4 layout
  ASSERT_EQ(size, 20 + content.records * kRecord);
  for (size_t i = 0; i < content.records; ++i) {
    uint64_t start = load_be64(out.data() + 20 + i * kRecord + kStartOffset);
    uint64_t end = load_be64(out.data() + 20 + i * kRecord + kStartOffset + 8);
    ASSERT_LE(start, end);
    ASSERT_LE(end, kNowMs);
    ASSERT_GT(start, kNowMs - 180'000);
  }
}

TEST(Exporter, KeepsTheShareOfIpv6) {
  ExporterSettings settings;
  settings.template_every_ns = 0;
  Exporter exporter = made_up(settings, 0.25);
  uint64_t all = 0, v6 = 0;
  for (int datagram = 0; datagram < 1'000; ++datagram) {
    Buffer out;
    Content content;
    exporter.write(std::span(out).first(1'400), 100, kNowNs, &content);
    size_t set = datagram == 0 ? 20 + 180 : 20;  // two templates go first
    all += content.records;
    if (load_be16(out.data() + set) == 257) v6 += content.records;
  }
  EXPECT_NEAR(static_cast<double>(v6) / static_cast<double>(all), 0.25, 0.005);
}

TEST(Exporter, LateTemplates) {
  ExporterSettings settings;
  settings.templates_after_ns = 2'000'000'000;
  Exporter exporter = made_up(settings);
  EXPECT_FALSE(exporter.owes_templates());
  Buffer out;
  Content content;
  exporter.write(out, 5, kNowNs, &content);
  EXPECT_EQ(load_be16(out.data() + 20), 256) << "data first";
  EXPECT_TRUE(exporter.owes_templates());
  size_t size = exporter.write(out, 0, exporter.templates_due_ns(), &content);
  EXPECT_EQ(size, 20u + 4 + 4 + 21 * 4);
  EXPECT_EQ(load_be16(out.data() + 20), 0);
  EXPECT_EQ(content.records, 0u);
  EXPECT_FALSE(exporter.owes_templates());
}

}  // namespace
}  // namespace weir
