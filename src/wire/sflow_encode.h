// SPDX-License-Identifier: Apache-2.0
// Writes sFlow v5 datagrams of flow samples into a caller's buffer: each sample contains the header of one synthetic
// packet (Ethernet, IPv4 or IPv6, then TCP, UDP, ICMP), the VLANs (extended_switch) and the route (extended_router).
//
//   in    headers and packets
//   out   bytes in the caller's buffer; nothing is kept, nothing is allocated
//   threads  creates none; one writer is for one datagram
//   failure  what does not fit is refused (false) and the datagram is unchanged
#pragma once

#include <cstdint>
#include <span>

#include "base/ip_address.h"
#include "wire/sflow.h"

namespace weir {

inline constexpr size_t kSampledHeaderBytes = 128;  // of a packet, at most (the usual sFlow header size)

// Describes one sampled packet. All addresses are of one family.
struct SampledPacket {
  uint64_t src_mac = 0, dst_mac = 0;
  IpAddress src, dst, next_hop;
  uint32_t length = 0;  // of the IP packet; at least its headers
  uint16_t src_port = 0, dst_port = 0;
  uint16_t src_vlan = 0, dst_vlan = 0;
  uint16_t icmp = 0;  // type * 256 + code
  uint8_t proto = 0, tos = 0, ttl = 64, tcp_flags = 0;
  uint8_t src_mask = 0, dst_mask = 0;
  uint32_t frame_length() const;  // including Ethernet header and check sequence; at least 64
};

class SflowWriter {
 public:
  explicit SflowWriter(std::span<uint8_t> out) : out_(out) {}

  // Writes the first octets of the packet's frame, at most kSampledHeaderBytes; returns how many.
  static size_t write_frame(uint8_t* out, const SampledPacket& packet);

  // Adds a flow_sample; of `sample`, records and drop_reason are ignored. `pool` is the source's sample pool.
  bool add(const FlowSampleHeader& sample, uint32_t pool, const SampledPacket& packet);
  // The most octets that one add() writes.
  static constexpr size_t kMaxSampleBytes = 8 + 32 + (8 + 16 + kSampledHeaderBytes) + (8 + 16) + (8 + 28);

  // Writes the header, with this writer's count of samples. Returns the datagram's size. The writer cannot be used
  // afterwards.
  size_t finish(const SflowHeader& header);

 private:
  void put(uint32_t value);
  void put_address(const IpAddress& address);

  std::span<uint8_t> out_;
  size_t size_ = 28;  // the header of an IPv4 agent
  uint32_t samples_ = 0;
};

}  // namespace weir
