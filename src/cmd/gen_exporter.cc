// SPDX-License-Identifier: Apache-2.0
#include "cmd/gen_exporter.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "wire/encode.h"

namespace weir {
namespace {

constexpr uint16_t kV4Template = 256, kV6Template = 257, kSamplerTemplate = 258;
constexpr int64_t kSecondNs = 1'000'000'000;
constexpr uint16_t kAsTrans = 23'456;  // stands for an AS number of four octets where only two fit (RFC 6793)

// NetFlow v9, as a router sends it: IN_BYTES, IN_PKTS, PROTOCOL, TOS, TCP_FLAGS, L4_SRC_PORT, source, its mask,
// INPUT_SNMP, L4_DST_PORT, destination, its mask, OUTPUT_SNMP, next hop, SRC_AS, DST_AS, LAST_SWITCHED,
// FIRST_SWITCHED, ICMP_TYPE, FLOW_SAMPLER_ID, DIRECTION.
constexpr TemplateField kV9V4Fields[] = {{1, 4},  {2, 4},  {4, 1},  {5, 1},  {6, 1},  {7, 2},  {8, 4},
                                         {9, 1},  {10, 4}, {11, 2}, {12, 4}, {13, 1}, {14, 4}, {15, 4},
                                         {16, 4}, {17, 4}, {21, 4}, {22, 4}, {32, 2}, {48, 1}, {61, 1}};
constexpr TemplateField kV9V6Fields[] = {{1, 4},  {2, 4},  {4, 1},  {5, 1},   {6, 1},   {7, 2},  {27, 16},
                                         {29, 1}, {10, 4}, {11, 2}, {28, 16}, {30, 1},  {14, 4}, {62, 16},
                                         {16, 4}, {17, 4}, {21, 4}, {22, 4},  {139, 2}, {48, 1}, {61, 1}};
// Scope: the whole system (1). FLOW_SAMPLER_ID, FLOW_SAMPLER_MODE, FLOW_SAMPLER_RANDOM_INTERVAL.
constexpr TemplateField kV9SamplerScope[] = {{1, 4}};
constexpr TemplateField kV9SamplerFields[] = {{48, 1}, {49, 1}, {50, 4}};

// IPFIX: the same with counters of eight octets, absolute times (152, 153), flowEndReason (136) and selectorId (302).
constexpr TemplateField kIpfixV4Fields[] = {{1, 8},   {2, 8},   {4, 1},  {5, 1},   {6, 2},  {7, 2},  {8, 4},  {9, 1},
                                            {10, 4},  {11, 2},  {12, 4}, {13, 1},  {14, 4}, {15, 4}, {16, 4}, {17, 4},
                                            {152, 8}, {153, 8}, {32, 2}, {302, 4}, {61, 1}, {136, 1}};
constexpr TemplateField kIpfixV6Fields[] = {
    {1, 8},  {2, 8},  {4, 1},   {5, 1},  {6, 2},  {7, 2},   {27, 16}, {29, 1},  {10, 4},  {11, 2}, {28, 16},
    {30, 1}, {14, 4}, {62, 16}, {16, 4}, {17, 4}, {152, 8}, {153, 8}, {139, 2}, {302, 4}, {61, 1}, {136, 1}};
// selectorId; selectorAlgorithm, samplingPacketInterval, samplingPacketSpace (RFC 5477 §8.2).
constexpr TemplateField kIpfixSamplerScope[] = {{302, 4}};
constexpr TemplateField kIpfixSamplerFields[] = {{304, 2}, {305, 4}, {306, 4}};

struct Layouts {
  TemplateLayout v4, v6, sampler;
};
constexpr Layouts kV9Layouts = {{kV4Template, {}, kV9V4Fields},
                                {kV6Template, {}, kV9V6Fields},
                                {kSamplerTemplate, kV9SamplerScope, kV9SamplerFields}};
constexpr Layouts kIpfixLayouts = {{kV4Template, {}, kIpfixV4Fields},
                                   {kV6Template, {}, kIpfixV6Fields},
                                   {kSamplerTemplate, kIpfixSamplerScope, kIpfixSamplerFields}};

const Layouts& layouts_of(Protocol protocol) { return protocol == Protocol::netflow9 ? kV9Layouts : kIpfixLayouts; }

// Stores values one after the other into a record whose length the template has fixed.
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

// From ports to next hop and AS numbers: alike in v9 and IPFIX.
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

uint16_t two_octet_as(uint32_t as) { return as > 0xffff ? kAsTrans : static_cast<uint16_t>(as); }

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

size_t longest_record_bytes(Protocol protocol) {
  if (protocol == Protocol::netflow5) return kNetFlow5RecordBytes;
  return layouts_of(protocol).v6.record_bytes();
}

Exporter::Exporter(const ExporterSettings& settings, const Network& network, uint64_t seed, int64_t start_ns)
    : settings_(settings), flows_(network, seed), start_ns_(start_ns) {
  if (settings.protocol == Protocol::netflow5) settings_.templates = false;
  // An hour at least, so that no flow began before the boot; under the 49 days at which the uptime wraps.
  int64_t up_seconds = 3600 + Random(seed ^ 0xb007).below(30 * 86'400 - 3600);
  boot_ns_ = start_ns - up_seconds * kSecondNs;
}

size_t Exporter::write(std::span<uint8_t> out, size_t most_records, int64_t now_ns, Content* content) {
  *content = {};
  content->datagrams = 1;
  sequence_started_ = true;
  if (settings_.protocol == Protocol::netflow5) return write_netflow5(out, most_records, now_ns, content);
  return write_with_templates(out, most_records, now_ns, content);
}

size_t Exporter::write_netflow5(std::span<uint8_t> out, size_t most_records, int64_t now_ns, Content* content) {
  size_t fits = (out.size() - kNetFlow5HeaderBytes) / kNetFlow5RecordBytes;
  size_t records = std::min({most_records, fits, kNetFlow5MaxRecords});
  uint8_t* at = out.data() + kNetFlow5HeaderBytes;
  for (size_t i = 0; i < records; ++i, at += kNetFlow5RecordBytes) {
    Flow flow = flows_.next(false);
    encode_netflow5_record(at, to_netflow5(flow, uptime_ms(now_ns)));
    content->bytes += flow.bytes;
    content->packets += flow.packets;
  }
  content->records = records;
  NetFlow5Header header;
  header.uptime_ms = uptime_ms(now_ns);
  header.export_seconds = static_cast<uint32_t>(now_ns / kSecondNs);
  header.export_nanoseconds = static_cast<uint32_t>(now_ns % kSecondNs);
  header.sequence = sequence_;
  header.engine_type = static_cast<uint8_t>(settings_.domain >> 8);
  header.engine_id = static_cast<uint8_t>(settings_.domain);
  constexpr uint16_t kPacketInterval = 1 << 14;  // mode 1: one in every `interval` packets
  if (settings_.sampling_rate != 0) header.sampling = static_cast<uint16_t>(kPacketInterval | settings_.sampling_rate);
  encode_netflow5_header(out.data(), header, static_cast<uint16_t>(records));
  sequence_ += static_cast<uint32_t>(records);
  return static_cast<size_t>(at - out.data());
}

bool Exporter::templates_due(int64_t now_ns) const {
  if (!settings_.templates) return false;
  if (!templates_sent_) return now_ns >= templates_due_ns();
  if (settings_.template_every_ns > 0 && now_ns - last_templates_ns_ >= settings_.template_every_ns) return true;
  return settings_.template_every_datagrams > 0 && datagrams_since_templates_ >= settings_.template_every_datagrams;
}

void Exporter::add_templates(DatagramWriter& writer, int64_t now_ns, Content* content) {
  const Layouts& layouts = layouts_of(settings_.protocol);
  writer.add_template(layouts.v4);
  if (settings_.ipv6_share > 0) writer.add_template(layouts.v6);
  templates_sent_ = true;
  last_templates_ns_ = now_ns;
  datagrams_since_templates_ = 0;
  if (settings_.sampling_rate == 0) return;
  writer.add_template(layouts.sampler);
  writer.begin_data_set(kSamplerTemplate);
  RecordWriter out(writer.add_record(layouts.sampler.record_bytes()));
  if (settings_.protocol == Protocol::netflow9) {
    constexpr uint8_t kRandom = 2;
    out.put<uint32_t>(0);  // scope: this system
    out.put<uint8_t>(1);   // sampler 1
    out.put(kRandom);
    out.put(settings_.sampling_rate);
  } else {
    constexpr uint16_t kSystematicCount = 1;  // of the PSAMP registry: take `interval`, leave `space`
    out.put<uint32_t>(1);                     // selector 1
    out.put(kSystematicCount);
    out.put<uint32_t>(1);
    out.put(settings_.sampling_rate - 1);
  }
  content->options_records = 1;
}

// Keeps the share of IPv6 among all records as near to the wanted one as whole datagrams allow.
bool Exporter::next_is_v6(size_t records) const {
  double with = static_cast<double>(v6_records_) + static_cast<double>(records) / 2;
  return with <= settings_.ipv6_share * static_cast<double>(records_ + records) && settings_.ipv6_share > 0;
}

void Exporter::add_flows(DatagramWriter& writer, size_t most_records, int64_t now_ns, Content* content) {
  const Layouts& layouts = layouts_of(settings_.protocol);
  size_t v6_fits = std::min(most_records, writer.room_for_records(layouts.v6.record_bytes()));
  bool v6 = next_is_v6(v6_fits);
  const TemplateLayout& layout = v6 ? layouts.v6 : layouts.v4;
  size_t record_bytes = layout.record_bytes();
  size_t records = v6 ? v6_fits : std::min(most_records, writer.room_for_records(record_bytes));
  if (records == 0) return;
  writer.begin_data_set(layout.id);
  bool sampled = settings_.sampling_rate != 0;
  uint64_t now_ms = static_cast<uint64_t>(now_ns / 1'000'000);
  for (size_t i = 0; i < records; ++i) {
    Flow flow = flows_.next(v6);
    uint8_t* at = writer.add_record(record_bytes);
    if (settings_.protocol == Protocol::netflow9)
      put_netflow9(at, flow, v6, uptime_ms(now_ns), sampled);
    else
      put_ipfix(at, flow, v6, now_ms, sampled);
    content->bytes += flow.bytes;
    content->packets += flow.packets;
  }
  content->records = records;
  records_ += records;
  if (v6) v6_records_ += records;
}

size_t Exporter::write_with_templates(std::span<uint8_t> out, size_t most_records, int64_t now_ns, Content* content) {
  DatagramWriter writer(settings_.protocol, out);
  if (templates_due(now_ns)) add_templates(writer, now_ns, content);
  add_flows(writer, most_records, now_ns, content);
  ++datagrams_since_templates_;
  uint32_t export_seconds = static_cast<uint32_t>(now_ns / kSecondNs);
  if (settings_.protocol == Protocol::netflow9)
    return writer.finish_netflow9(uptime_ms(now_ns), export_seconds, sequence_++, settings_.domain);
  uint32_t sequence = sequence_;
  sequence_ += writer.data_records();
  return writer.finish_ipfix(export_seconds, sequence, settings_.domain);
}

}  // namespace weir
