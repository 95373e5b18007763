// SPDX-License-Identifier: Apache-2.0
// Generates traffic that resembles that of a real network: few hosts have many flows, many hosts have few; a service
// port on one side and an ephemeral one on the other; most flows are short. The same seed gives the same flows in the
// same order.
//
//   memory   about 500 KiB for a Network, 16 bytes for a FlowSource
//   threads  a Network is read-only after construction; a FlowSource belongs to one thread
#pragma once

#include <cstdint>
#include <vector>

#include "base/ip_address.h"

namespace weir {

// A small fast generator (splitmix64), the same on every machine.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // Below `bound`, which is at most 2^32; the bias is below one in 2^32.
  uint32_t below(uint64_t bound) { return static_cast<uint32_t>((next() >> 32) * bound >> 32); }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }  // [0, 1)

 private:
  uint64_t state_;
};

// An exporter's data about an address. The same for every flow of the host.
struct Host {
  uint32_t v4 = 0;  // host order
  IpAddress v6;
  uint32_t as = 0;
  uint32_t interface = 0;
  uint8_t v4_mask = 0;
  uint8_t v6_mask = 0;
};

struct Service {
  uint8_t proto = 0;
  uint16_t port = 0;
};

struct Flow {
  const Host* src = nullptr;
  const Host* dst = nullptr;
  uint32_t packets = 0;
  uint32_t bytes = 0;        // 40 to 1500 a packet
  uint32_t duration_ms = 0;  // between first and last packet
  uint32_t age_ms = 0;       // since the last packet
  uint16_t src_port = 0;
  uint16_t dst_port = 0;   // ICMP: type * 256 + code, as routers export it
  uint16_t icmp_type = 0;  // type * 256 + code; 0 if not ICMP
  uint8_t proto = 0;
  uint8_t tos = 0;
  uint8_t tcp_flags = 0;
  bool egress = false;
};

// The hosts and traffic patterns that all exporters of a run see.
class Network {
 public:
  explicit Network(uint64_t seed);

 private:
  friend class FlowSource;
  static constexpr size_t kHosts = 4096;  // on each side
  static constexpr size_t kDraws = 65'536;
  static constexpr size_t kShapes = 4096;
  struct Shape {
    uint32_t packets = 0;
    uint32_t duration_ms = 0;
  };
  void make_hosts(Random& random);
  void make_draws(Random& random);
  void make_shapes(Random& random);

  std::vector<Host> inside_, outside_;
  std::vector<uint16_t> rank_;  // host numbers, each as often as Zipf's law demands; drawn uniformly
  std::vector<Shape> shapes_;
  std::vector<Service> services_;
};

// One exporter's endless sequence of flows.
class FlowSource {
 public:
  FlowSource(const Network& network, uint64_t seed) : network_(&network), random_(seed) {}
  // `v6` chooses between ICMP and ICMPv6; the hosts have addresses of both kinds.
  Flow next(bool v6);

 private:
  void choose_icmp(Flow& flow, uint64_t bits, bool v6);
  const Network* network_;
  Random random_;
};

}  // namespace weir
