// SPDX-License-Identifier: Apache-2.0
#include "gen/flows.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace weir {
namespace {

constexpr uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmp6 = 58;
constexpr uint32_t kMaxPackets = 200'000;
constexpr uint32_t kMaxDurationMs = 120'000;  // an exporter with a two-minute active timeout
constexpr uint32_t kMaxAgeMs = 15'000;        // and a fifteen-second timeout for idle flows

struct WeightedService {
  Service service;
  unsigned weight;  // of about a hundred
};
constexpr WeightedService kServices[] = {
    {{kTcp, 443}, 42}, {{kUdp, 443}, 14}, {{kUdp, 53}, 15},  {{kTcp, 80}, 9},   {{kIcmp, 0}, 3},
    {{kUdp, 123}, 2},  {{kTcp, 22}, 2},   {{kTcp, 25}, 2},   {{kTcp, 993}, 2},  {{kTcp, 8080}, 2},
    {{kTcp, 445}, 1},  {{kTcp, 3389}, 1}, {{kUdp, 5060}, 1}, {{kUdp, 3478}, 1}, {{kTcp, 5432}, 1},
};

double normal(Random& random) {
  double radius = std::sqrt(-2 * std::log(1 - random.unit()));
  return radius * std::cos(2 * std::numbers::pi * random.unit());
}

uint32_t log_normal(Random& random, double mean, double deviation, uint32_t limit) {
  double value = std::exp(mean + deviation * normal(random));
  return static_cast<uint32_t>(std::clamp(value, 1.0, static_cast<double>(limit)));
}

// A prefix with its AS and the interface towards it; hosts get addresses within it.
struct Prefix {
  uint32_t v4;
  uint8_t mask;
  uint32_t as;
  uint32_t interface;
};

Prefix inside_prefix(size_t i) {
  return {(10u << 24) | static_cast<uint32_t>(i) << 16, 20, 64'500, 1 + static_cast<uint32_t>(i % 4)};
}

// Globally routed space: first octets 20 to 99. One AS in sixteen has a four-octet number.
Prefix outside_prefix(Random& random) {
  uint8_t mask = static_cast<uint8_t>(16 + random.below(9));
  uint32_t v4 = (20 + random.below(80)) << 24 | (random.below(1 << 24));
  uint32_t as = random.below(16) == 0 ? 131'072 + random.below(70'000) : 1'000 + random.below(60'000);
  return {v4 & ~((1u << (32 - mask)) - 1), mask, as, 100 + random.below(4)};
}

// 2001:db8:<prefix>:<side>::<host> (RFC 3849).
IpAddress v6_of(uint16_t side, uint16_t prefix, uint32_t host) {
  IpAddress address;
  address.bytes[0] = 0x20;
  address.bytes[1] = 0x01;
  address.bytes[2] = 0x0d;
  address.bytes[3] = 0xb8;
  address.bytes[4] = static_cast<uint8_t>(prefix >> 8);
  address.bytes[5] = static_cast<uint8_t>(prefix);
  address.bytes[7] = static_cast<uint8_t>(side);
  for (int i = 0; i < 4; ++i) address.bytes[12 + i] = static_cast<uint8_t>(host >> (24 - 8 * i));
  return address;
}

Host host_in(const Prefix& prefix, uint16_t side, uint16_t prefix_number, Random& random) {
  uint32_t host_bits = 1 + random.below((uint64_t{1} << (32 - prefix.mask)) - 2);
  Host host;
  host.v4 = prefix.v4 | host_bits;
  host.v6 = v6_of(side, prefix_number, host_bits);
  host.as = prefix.as;
  host.interface = prefix.interface;
  host.v4_mask = prefix.mask;
  host.v6_mask = 48;
  return host;
}

}  // namespace

Network::Network(uint64_t seed) {
  Random random(seed ^ 0x7765'6972);
  make_hosts(random);
  make_draws(random);
  make_shapes(random);
  for (const WeightedService& s : kServices) services_.insert(services_.end(), s.weight, s.service);
}

void Network::make_hosts(Random& random) {
  std::vector<Prefix> near, far;
  for (size_t i = 0; i < 16; ++i) near.push_back(inside_prefix(i));
  for (size_t i = 0; i < 512; ++i) far.push_back(outside_prefix(random));
  for (size_t i = 0; i < kHosts; ++i) {
    uint16_t n = static_cast<uint16_t>(random.below(near.size()));
    inside_.push_back(host_in(near[n], 0, n, random));
    uint16_t f = static_cast<uint16_t>(random.below(far.size()));
    outside_.push_back(host_in(far[f], 1, f, random));
  }
}

void Network::make_draws(Random& random) {
  std::vector<double> upto(kHosts);  // cumulative weights 1, 1/2, 1/3, ...
  double sum = 0;
  for (size_t i = 0; i < kHosts; ++i) upto[i] = sum += 1.0 / static_cast<double>(i + 1);
  rank_.resize(kDraws);
  for (uint16_t& rank : rank_) {
    auto found = std::lower_bound(upto.begin(), upto.end(), random.unit() * sum);
    rank = static_cast<uint16_t>(std::min<size_t>(static_cast<size_t>(found - upto.begin()), kHosts - 1));
  }
}

void Network::make_shapes(Random& random) {
  shapes_.resize(kShapes);
  for (Shape& shape : shapes_) {
    shape.packets = log_normal(random, 1.5, 1.6, kMaxPackets);
    if (shape.packets > 1) shape.duration_ms = log_normal(random, 6.5, 2.0, kMaxDurationMs);
  }
}

void FlowSource::choose_icmp(Flow& flow, uint64_t bits, bool v6) {
  // Echo requests and replies, and sometimes "port unreachable" (3/3; 1/4 in ICMPv6).
  static constexpr uint16_t kFour[4] = {8 << 8, 0, 8 << 8, 3 << 8 | 3};
  static constexpr uint16_t kSix[4] = {128 << 8, 129 << 8, 128 << 8, 1 << 8 | 4};
  flow.proto = v6 ? kIcmp6 : kIcmp;
  flow.icmp_type = (v6 ? kSix : kFour)[bits & 3];
  flow.src_port = 0;
  flow.dst_port = flow.icmp_type;
}

Flow FlowSource::next(bool v6) {
  const Network& network = *network_;
  uint64_t a = random_.next(), b = random_.next();
  const Host* client = &network.inside_[network.rank_[a & 0xffff]];
  const Host* server = &network.outside_[network.rank_[a >> 16 & 0xffff]];
  const Service& service = network.services_[(a >> 32 & 0xffff) * network.services_.size() >> 16];
  const Network::Shape& shape = network.shapes_[b & (Network::kShapes - 1)];
  uint16_t ephemeral = static_cast<uint16_t>(32'768 + (a >> 48) % 28'232);

  Flow flow;
  flow.egress = (b >> 12 & 1) != 0;  // client to server, therefore out of the network
  flow.src = flow.egress ? client : server;
  flow.dst = flow.egress ? server : client;
  flow.src_port = flow.egress ? ephemeral : service.port;
  flow.dst_port = flow.egress ? service.port : ephemeral;
  flow.proto = service.proto;
  flow.packets = shape.packets;
  flow.duration_ms = shape.duration_ms;
  // Requests are mostly small packets, responses mostly large ones.
  uint32_t spread = static_cast<uint32_t>(b >> 13 & 0xffff);
  uint32_t a_packet = flow.egress ? 40 + (spread * 361 >> 16) : 40 + (spread * 1461 >> 16);
  flow.bytes = flow.packets * a_packet;
  flow.age_ms = static_cast<uint32_t>((b >> 29 & 0xffff) * kMaxAgeMs >> 16);
  flow.tos = (b >> 45 & 15) == 0 ? 0xb8 : 0;  // one in sixteen: expedited forwarding
  if (flow.proto == kTcp) flow.tcp_flags = flow.packets == 1 ? 0x02 : flow.packets < 4 ? 0x12 : 0x1b;
  if (flow.proto == kIcmp) choose_icmp(flow, b >> 49, v6);
  return flow;
}

}  // namespace weir
