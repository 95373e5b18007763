// SPDX-License-Identifier: Apache-2.0
#include "wire/sflow_encode.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace weir {
namespace {

constexpr size_t kEthernetBytes = 14, kCheckBytes = 4;
constexpr uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmpv6 = 58;

// Stores values consecutively.
class Out {
 public:
  explicit Out(uint8_t* at) : at_(at) {}
  template <class T>
  Out& put(T value) {
    store_be(at_, value);
    at_ += sizeof value;
    return *this;
  }
  Out& octets(const uint8_t* from, size_t count) {
    std::memcpy(at_, from, count);
    at_ += count;
    return *this;
  }
  uint8_t* at() const { return at_; }

 private:
  uint8_t* at_;
};

// The one's complement of the one's complement sum (RFC 1071).
uint16_t checksum(const uint8_t* p, size_t octets) {
  uint32_t sum = 0;
  for (size_t i = 0; i < octets; i += 2) sum += load_be16(p + i);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

uint8_t* write_ip(uint8_t* at, const SampledPacket& p) {
  bool v4 = p.src.is_v4();
  Out out(at);
  if (v4) {
    out.put<uint8_t>(0x45).put(p.tos).put(static_cast<uint16_t>(p.length)).put<uint32_t>(0);
    out.put(p.ttl).put(p.proto).put<uint16_t>(0).put(p.src.v4_host_order()).put(p.dst.v4_host_order());
    store_be(at + 10, checksum(at, 20));
    return out.at();
  }
  out.put(uint32_t{6} << 28 | uint32_t{p.tos} << 20).put(static_cast<uint16_t>(p.length - 40)).put(p.proto).put(p.ttl);
  return out.octets(p.src.bytes.data(), 16).octets(p.dst.bytes.data(), 16).at();
}

// Checksums that cover the payload are left zero, because no payload is generated.
uint8_t* write_transport(uint8_t* at, const SampledPacket& p) {
  Out out(at);
  uint32_t ip_bytes = p.src.is_v4() ? 20 : 40;
  switch (p.proto) {
    case kTcp:
      out.put(p.src_port).put(p.dst_port).put<uint64_t>(0).put<uint8_t>(0x50).put(p.tcp_flags);
      return out.put<uint16_t>(0xffff).put<uint32_t>(0).at();
    case kUdp:
      out.put(p.src_port).put(p.dst_port).put(static_cast<uint16_t>(p.length - ip_bytes));
      return out.put<uint16_t>(0).at();
    case kIcmp:
    case kIcmpv6:
      return out.put(p.icmp).put<uint16_t>(0).put<uint32_t>(0).at();
    default:
      return at;
  }
}

}  // namespace

uint32_t SampledPacket::frame_length() const {
  return std::max<uint32_t>(64, static_cast<uint32_t>(kEthernetBytes + kCheckBytes) + length);
}

size_t SflowWriter::write_frame(uint8_t* out, const SampledPacket& p) {
  std::memset(out, 0, kSampledHeaderBytes);
  uint64_t type = p.src.is_v4() ? 0x0800 : 0x86dd;
  Out ethernet(out);
  ethernet.put(p.dst_mac << 16 | p.src_mac >> 32).put(static_cast<uint32_t>(p.src_mac));
  ethernet.put(static_cast<uint16_t>(type));
  uint8_t* end = write_transport(write_ip(ethernet.at(), p), p);
  WEIR_ASSERT(static_cast<size_t>(end - out) <= kEthernetBytes + p.length);
  return std::min<size_t>(kSampledHeaderBytes, p.frame_length() - kCheckBytes);
}

void SflowWriter::put(uint32_t value) {
  store_be(out_.data() + size_, value);
  size_ += 4;
}

void SflowWriter::put_address(const IpAddress& address) {
  put(address.is_v4() ? 1 : 2);
  if (address.is_v4()) return put(address.v4_host_order());
  std::memcpy(out_.data() + size_, address.bytes.data(), 16);
  size_ += 16;
}

bool SflowWriter::add(const FlowSampleHeader& sample, uint32_t pool, const SampledPacket& packet) {
  if (out_.size() - size_ < kMaxSampleBytes) return false;
  put(static_cast<uint32_t>(SampleFormat::flow));
  size_t length_at = size_;
  put(0);
  put(sample.sequence);
  put(sample.source.type << 24 | sample.source.index);
  for (uint32_t value : {sample.sampling_rate, pool, uint32_t{0}, sample.input, sample.output}) put(value);
  put(3);  // records

  put(static_cast<uint32_t>(FlowRecordFormat::sampled_header));
  size_t header = write_frame(out_.data() + size_ + 20, packet);
  auto padded = static_cast<uint32_t>((header + 3) / 4 * 4);
  for (uint32_t value : {16 + padded, uint32_t{1}, packet.frame_length(), static_cast<uint32_t>(kCheckBytes)})
    put(value);
  put(static_cast<uint32_t>(header));
  size_ += padded;

  put(static_cast<uint32_t>(FlowRecordFormat::extended_switch));
  for (uint32_t value : {uint32_t{16}, uint32_t{packet.src_vlan}, uint32_t{0}, uint32_t{packet.dst_vlan}, uint32_t{0}})
    put(value);

  put(static_cast<uint32_t>(FlowRecordFormat::extended_router));
  put(packet.next_hop.is_v4() ? 16 : 28);
  put_address(packet.next_hop);
  put(packet.src_mask);
  put(packet.dst_mask);
  store_be(out_.data() + length_at, static_cast<uint32_t>(size_ - length_at - 4));
  ++samples_;
  return true;
}

size_t SflowWriter::finish(const SflowHeader& header) {
  WEIR_ASSERT(header.agent.is_v4());
  size_t size = size_;
  size_ = 0;
  put(5);
  put_address(header.agent);
  for (uint32_t value : {header.sub_agent, header.sequence, header.uptime_ms, samples_}) put(value);
  return size;
}

}  // namespace weir
