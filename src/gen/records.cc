// SPDX-License-Identifier: Apache-2.0
#include "gen/records.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "base/bytes.h"
#include "wire/sflow_encode.h"

namespace weir {
namespace {

// NetFlow v9, as a router sends it: IN_BYTES, IN_PKTS, PROTOCOL, TOS, TCP_FLAGS, L4_SRC_PORT, source, its mask,
// INPUT_SNMP, L4_DST_PORT, destination, its mask, OUTPUT_SNMP, next hop, SRC_AS, DST_AS, LAST_SWITCHED,
// FIRST_SWITCHED, ICMP_TYPE, FLOW_SAMPLER_ID, DIRECTION.
constexpr TemplateField kV9V4Fields[] = {{1, 4},  {2, 4},  {4, 1},  {5, 1},  {6, 1},  {7, 2},  {8, 4},
                                         {9, 1},  {10, 4}, {11, 2}, {12, 4}, {13, 1}, {14, 4}, {15, 4},
                                         {16, 4}, {17, 4}, {21, 4}, {22, 4}, {32, 2}, {48, 1}, {61, 1}};
constexpr TemplateField kV9V6Fields[] = {{1, 4},  {2, 4},  {4, 1},  {5, 1},   {6, 1},   {7, 2},  {27, 16},
                                         {29, 1}, {10, 4}, {11, 2}, {28, 16}, {30, 1},  {14, 4}, {62, 16},
                                         {16, 4}, {17, 4}, {21, 4}, {22, 4},  {139, 2}, {48, 1}, {61, 1}};

// IPFIX: the same with counters of eight octets, absolute times (152, 153), flowEndReason (136) and selectorId (302).
constexpr TemplateField kIpfixV4Fields[] = {{1, 8},   {2, 8},   {4, 1},  {5, 1},   {6, 2},  {7, 2},  {8, 4},  {9, 1},
                                            {10, 4},  {11, 2},  {12, 4}, {13, 1},  {14, 4}, {15, 4}, {16, 4}, {17, 4},
                                            {152, 8}, {153, 8}, {32, 2}, {302, 4}, {61, 1}, {136, 1}};
constexpr TemplateField kIpfixV6Fields[] = {
    {1, 8},  {2, 8},  {4, 1},   {5, 1},  {6, 2},  {7, 2},   {27, 16}, {29, 1},  {10, 4},  {11, 2}, {28, 16},
    {30, 1}, {14, 4}, {62, 16}, {16, 4}, {17, 4}, {152, 8}, {153, 8}, {139, 2}, {302, 4}, {61, 1}, {136, 1}};

// IPFIX with a field of variable length (RFC 7011 §7): applicationName (96) after all others.
constexpr uint16_t kVariable = 65'535;
constexpr size_t kLongestName = 12;
template <size_t N>
constexpr std::array<TemplateField, N + 1> with_name(const TemplateField (&fields)[N]) {
  std::array<TemplateField, N + 1> all{};
  std::copy(std::begin(fields), std::end(fields), all.begin());
  all[N] = {96, kVariable};
  return all;
}
constexpr auto kIpfixV4Named = with_name(kIpfixV4Fields), kIpfixV6Named = with_name(kIpfixV6Fields);

constexpr TemplateLayout kV9Layouts[] = {{kV4Template, {}, kV9V4Fields}, {kV6Template, {}, kV9V6Fields}};
constexpr TemplateLayout kIpfixLayouts[] = {{kV4Template, {}, kIpfixV4Fields}, {kV6Template, {}, kIpfixV6Fields}};
constexpr TemplateLayout kNamedLayouts[] = {{kV4Template, {}, kIpfixV4Named}, {kV6Template, {}, kIpfixV6Named}};

std::span<const TemplateLayout, 2> layouts_of(Protocol protocol, bool named) {
  if (protocol == Protocol::netflow9) return kV9Layouts;
  return named ? kNamedLayouts : kIpfixLayouts;
}

// The length of the fixed-length part.
size_t fixed_bytes(Protocol protocol, bool v6) { return layouts_of(protocol, false)[v6 ? 1 : 0].record_bytes(); }

// The id of a family's n-th template; the first ones are the common ones, kV4Template and kV6Template.
uint16_t template_id(bool v6, uint64_t n) {
  constexpr uint16_t kMore = 260;
  if (n == 0) return v6 ? kV6Template : kV4Template;
  return static_cast<uint16_t>(kMore + 2 * n + (v6 ? 1 : 0));
}

std::string_view application_name(const Flow& flow) {
  switch (flow.egress ? flow.dst_port : flow.src_port) {
    case 443:
      return flow.proto == 6 ? "https" : "quic";
    case 53:
      return "dns";
    case 80:
      return "http";
    case 0:
      return "icmp";
    case 5432:
      return "postgresql";
    default:
      return "unclassified";
  }
}
static_assert(std::string_view("unclassified").size() == kLongestName);

// Stores values one after the other into a record; the template defines its length.
class RecordWriter {
 public:
  explicit RecordWriter(uint8_t* at) : at_(at) {}
  template <class T>
  void put(T value) {
    store_be(at_, value);
    at_ += sizeof value;
  }
  void address(const Host& host, bool v6) {
    if (!v6) return put(host.v4);
    std::memcpy(at_, host.v6.bytes.data(), 16);
    at_ += 16;
  }
  // The router behind an interface: 192.0.2.<interface>, 2001:db8:ffff::<interface>.
  void next_hop(uint32_t interface, bool v6) {
    if (!v6) return put(0xc000'0200 | interface);
    put<uint64_t>(0x2001'0db8'ffff'0000);
    put<uint64_t>(interface);
  }

 private:
  uint8_t* at_;
};

// From ports to next hop and AS numbers: the same in v9 and IPFIX.
void put_path(RecordWriter& out, const Flow& flow, bool v6) {
  out.put(flow.src_port);
  out.address(*flow.src, v6);
  out.put(v6 ? flow.src->v6_mask : flow.src->v4_mask);
  out.put(flow.src->interface);
  out.put(flow.dst_port);
  out.address(*flow.dst, v6);
  out.put(v6 ? flow.dst->v6_mask : flow.dst->v4_mask);
  out.put(flow.dst->interface);
  out.next_hop(flow.dst->interface, v6);
  out.put(flow.src->as);
  out.put(flow.dst->as);
}

void put_netflow9(uint8_t* at, const Flow& flow, bool v6, uint32_t uptime_ms, bool sampled) {
  RecordWriter out(at);
  out.put(flow.bytes);
  out.put(flow.packets);
  out.put(flow.proto);
  out.put(flow.tos);
  out.put(flow.tcp_flags);
  put_path(out, flow, v6);
  out.put(uptime_ms - flow.age_ms);
  out.put(uptime_ms - flow.age_ms - flow.duration_ms);
  out.put(flow.icmp_type);
  out.put<uint8_t>(sampled ? 1 : 0);
  out.put<uint8_t>(flow.egress ? 1 : 0);
}

void put_ipfix(uint8_t* at, const Flow& flow, bool v6, uint64_t now_ms, bool sampled) {
  constexpr uint8_t kIdle = 1, kEndDetected = 3;
  RecordWriter out(at);
  out.put<uint64_t>(flow.bytes);
  out.put<uint64_t>(flow.packets);
  out.put(flow.proto);
  out.put(flow.tos);
  out.put<uint16_t>(flow.tcp_flags);
  put_path(out, flow, v6);
  out.put(now_ms - flow.age_ms - flow.duration_ms);
  out.put(now_ms - flow.age_ms);
  out.put(flow.icmp_type);
  out.put<uint32_t>(sampled ? 1 : 0);
  out.put<uint8_t>(flow.egress ? 1 : 0);
  out.put((flow.tcp_flags & 1) != 0 ? kEndDetected : kIdle);
}

NetFlow5Record to_netflow5(const Flow& flow, uint32_t uptime_ms) {
  NetFlow5Record record;
  record.src_addr = flow.src->v4;
  record.dst_addr = flow.dst->v4;
  record.next_hop = 0xc000'0200 | flow.dst->interface;
  record.in_if = static_cast<uint16_t>(flow.src->interface);
  record.out_if = static_cast<uint16_t>(flow.dst->interface);
  record.packets = flow.packets;
  record.bytes = flow.bytes;
  record.last_uptime_ms = uptime_ms - flow.age_ms;
  record.first_uptime_ms = record.last_uptime_ms - flow.duration_ms;
  record.src_port = flow.src_port;
  record.dst_port = flow.dst_port;
  record.tcp_flags = flow.tcp_flags;
  record.proto = flow.proto;
  record.tos = flow.tos;
  record.src_as = two_octet_as(flow.src->as);
  record.dst_as = two_octet_as(flow.dst->as);
  record.src_mask = flow.src->v4_mask;
  record.dst_mask = flow.dst->v4_mask;
  return record;
}

}  // namespace

Content& Content::operator+=(const Content& other) {
  datagrams += other.datagrams;
  records += other.records;
  bytes += other.bytes;
  packets += other.packets;
  options_records += other.options_records;
  return *this;
}

size_t longest_record_bytes(Protocol protocol, const TemplateUse& use) {
  if (protocol == Protocol::netflow5) return kNetFlow5RecordBytes;
  if (protocol == Protocol::sflow5) return SflowWriter::kMaxSampleBytes;
  return fixed_bytes(protocol, true) + (use.variable_length ? 1 + kLongestName : 0);
}

GeneratedRecords::GeneratedRecords(Protocol protocol, const Network& network, uint64_t seed, double ipv6_share,
                                   bool sampled, const TemplateUse& use)
    : protocol_(protocol), flows_(network, seed), ipv6_share_(ipv6_share), sampled_(sampled), use_(use) {
  if (protocol == Protocol::netflow5 || protocol == Protocol::sflow5) return;
  for (uint64_t n = 0; n < use.ids; ++n) {
    for (bool v6 : {false, true}) {
      if (v6 && ipv6_share <= 0) continue;
      templates_.push_back(layouts_of(protocol, use.variable_length)[v6 ? 1 : 0]);
      templates_.back().id = template_id(v6, n);
    }
  }
}

// Keeps the share of IPv6 among all records as close to the requested one as whole datagrams allow.
bool GeneratedRecords::next_is_v6(size_t records) const {
  double with = static_cast<double>(v6_records_) + static_cast<double>(records) / 2;
  return with <= ipv6_share_ * static_cast<double>(records_ + records) && ipv6_share_ > 0;
}

// One address family and one template per datagram.
void GeneratedRecords::add(DatagramWriter& writer, size_t limit, const ExporterClock& clock, Content* content) {
  const size_t name_bytes = use_.variable_length ? 1 + kLongestName : 0;
  size_t v6_fits = std::min(limit, writer.space_for_records(fixed_bytes(protocol_, true) + name_bytes));
  bool v6 = next_is_v6(v6_fits);
  size_t record_bytes = fixed_bytes(protocol_, v6);
  size_t records = v6 ? v6_fits : std::min(limit, writer.space_for_records(record_bytes + name_bytes));
  if (records == 0) return;
  writer.begin_data_set(template_id(v6, turn_[v6 ? 1 : 0]++ % use_.ids));
  for (size_t i = 0; i < records; ++i) {
    Flow flow = flows_.next(v6);
    std::string_view name = use_.variable_length ? application_name(flow) : std::string_view();
    uint8_t* at = writer.add_record(record_bytes + (use_.variable_length ? 1 + name.size() : 0));
    if (protocol_ == Protocol::netflow9)
      put_netflow9(at, flow, v6, clock.uptime_ms(), sampled_);
    else
      put_ipfix(at, flow, v6, static_cast<uint64_t>(clock.now_ns / 1'000'000), sampled_);
    if (use_.variable_length) {
      at[record_bytes] = static_cast<uint8_t>(name.size());
      std::memcpy(at + record_bytes + 1, name.data(), name.size());
    }
    content->bytes += flow.bytes;
    content->packets += flow.packets;
  }
  content->records = records;
  records_ += records;
  if (v6) v6_records_ += records;
}

bool GeneratedRecords::next(const ExporterClock& clock, NetFlow5Record* record) {
  *record = to_netflow5(flows_.next(false), clock.uptime_ms());
  return true;
}

Flow GeneratedRecords::next_flow(bool* v6) {
  *v6 = next_is_v6(1);
  ++records_;
  v6_records_ += *v6;
  return flows_.next(*v6);
}

}  // namespace weir
