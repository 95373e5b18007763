// SPDX-License-Identifier: Apache-2.0
// Extracts the UDP payload from a captured frame: link layer, tags, IPv4/IPv6, fragments, UDP.
//
// In: a LINKTYPE_ number (https://www.tcpdump.org/linktypes.html), the captured bytes, which may be anything,
// and the frame's length on the wire. Out: a view of the payload (into the frame, or into the reassembly
// table: valid until the next decode()), or the reason why there is none. One thread. Memory: the reassembly
// table, at most kDatagramsInFlight datagrams of 64 KiB, allocated as needed and then reused.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ip_address.h"

namespace weir {

// The result of decoding a frame. The names are keys of the totals that commands print.
enum class FrameOutcome : uint8_t {
  datagram,          // a complete UDP payload
  fragment,          // part of a datagram, kept until the rest arrives
  not_ip,            // ARP, STP, ...
  not_udp,           // TCP, ICMP, ...
  truncated,         // the capture kept fewer bytes (snaplen) than the packet had
  malformed,         // lengths that contradict each other
  unknown_link_type  // a link layer that Weir does not support
};
inline constexpr size_t kFrameOutcomeCount = 7;
inline constexpr std::string_view kFrameOutcomeNames[kFrameOutcomeCount] = {
    "datagrams", "fragments", "not_ip", "not_udp", "truncated", "malformed", "unknown_link_type"};

struct UdpPayload {
  Bytes bytes;
  IpAddress source, destination;
  uint16_t source_port = 0, destination_port = 0;
};

// The bytes of one layer, and what is known about missing ones.
struct Packet {
  Bytes bytes;
  bool cut_short = false;   // the capture has fewer bytes than were on the wire
  bool incomplete = false;  // by the layer below, there should be more bytes than these
};

// Reassembles fragmented datagrams (RFC 791 §3.2, RFC 8200 §4.5).
class Reassembly {
 public:
  static constexpr size_t kDatagramsInFlight = 64;
  static constexpr size_t kMaxBytes = 65'535;
  static constexpr int64_t kTimeoutNs = 60'000'000'000;  // RFC 8200 §4.5

  struct Fragment {
    IpAddress source, destination;
    uint32_t identification = 0;
    uint8_t next_header = 0;
    size_t offset = 0;  // bytes, a multiple of 8
    bool more = false;  // not the last one
    Bytes bytes;
    int64_t time_ns = 0;
  };
  enum class Result : uint8_t { waiting, complete, malformed };
  // Complete: `whole` is the datagram, valid until the next add(). A fragment that overlaps with different bytes than
  // those already received ends its datagram (RFC 5722); exact repetitions are ignored.
  Result add(const Fragment& fragment, Bytes* whole);
  // Number of datagrams of which a fragment never arrived: timed out, evicted by newer ones, or still waiting.
  uint64_t incomplete() const;

 private:
  struct Entry {
    bool used = false;
    IpAddress source, destination;
    uint32_t identification = 0;
    uint8_t next_header = 0;
    int64_t first_ns = 0;
    uint64_t order = 0;            // of its first fragment, to find the oldest
    size_t total = 0;              // bytes, once the last fragment is received; else 0
    size_t blocks = 0;             // blocks of 8 bytes received
    size_t end = 0;                // of the furthest fragment
    std::vector<uint8_t> bytes;    // kMaxBytes rounded up
    std::vector<uint64_t> filled;  // one bit per block
  };
  Entry& entry_for(const Fragment& fragment);
  static bool place(Entry& entry, const Fragment& fragment);

  std::array<Entry, kDatagramsInFlight> entries_;
  uint64_t started_ = 0, given_up_ = 0;
};

class LinkLayer {
 public:
  FrameOutcome decode(uint32_t link_type, Bytes frame, uint32_t length_on_wire, int64_t time_ns, UdpPayload& out);
  uint64_t incomplete_datagrams() const { return reassembly_.incomplete(); }

 private:
  FrameOutcome decode_ip(Packet packet, int64_t time_ns, UdpPayload& out);
  FrameOutcome decode_ipv4(Packet packet, int64_t time_ns, UdpPayload& out);
  FrameOutcome decode_ipv6(Packet packet, int64_t time_ns, UdpPayload& out);
  FrameOutcome decode_ipv6_fragment(Packet payload, int64_t time_ns, UdpPayload& out);
  FrameOutcome reassemble(const Reassembly::Fragment& fragment, UdpPayload& out);

  Reassembly reassembly_;
};

}  // namespace weir
