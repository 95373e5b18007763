// SPDX-License-Identifier: Apache-2.0
#include "gen/exporter.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/time_units.h"
#include "gen/samples.h"

namespace weir {
namespace {

// v9. Scope: the whole system (1). FLOW_SAMPLER_ID, FLOW_SAMPLER_MODE, FLOW_SAMPLER_RANDOM_INTERVAL.
constexpr TemplateField kV9SamplerScope[] = {{1, 4}};
constexpr TemplateField kV9SamplerFields[] = {{48, 1}, {49, 1}, {50, 4}};
// IPFIX. selectorId; selectorAlgorithm, samplingPacketInterval, samplingPacketSpace (RFC 5477 §8.2).
constexpr TemplateField kIpfixSamplerScope[] = {{302, 4}};
constexpr TemplateField kIpfixSamplerFields[] = {{304, 2}, {305, 4}, {306, 4}};
constexpr TemplateLayout kV9Sampler = {kSamplerTemplate, kV9SamplerScope, kV9SamplerFields};
constexpr TemplateLayout kIpfixSampler = {kSamplerTemplate, kIpfixSamplerScope, kIpfixSamplerFields};

template <class T>
uint8_t* put(uint8_t* at, T value) {
  store_be(at, value);
  return at + sizeof value;
}

}  // namespace

Exporter::Exporter(const ExporterSettings& settings, std::shared_ptr<RecordSource> records, uint64_t seed,
                   int64_t start_ns, const IpAddress& agent)
    : settings_(settings), records_(std::move(records)), start_ns_(start_ns), agent_(agent) {
  if (!has_templates(settings.protocol)) settings_.templates = false;
  // At least an hour, so that no flow began before the boot; less than the 49 days after which the uptime wraps.
  int64_t up_seconds = 3600 + Random(seed ^ 0xb007).below(30 * 86'400 - 3600);
  int64_t min_ns = settings.oldest_ns + 3600 * kSecond;
  boot_ns_ = start_ns - std::max(up_seconds * kSecond, min_ns);
  if (settings.whole_clock) boot_ns_ -= boot_ns_ % 1'000'000;
}

ExporterClock Exporter::clock_at(int64_t now_ns) const {
  int64_t step_ns = settings_.protocol == Protocol::netflow9 ? kSecond : kSecond / 1'000;
  return {settings_.whole_clock ? now_ns - now_ns % step_ns : now_ns, boot_ns_};
}

size_t Exporter::write(std::span<uint8_t> out, size_t max_records, int64_t now_ns, Content* content) {
  *content = {};
  content->datagrams = 1;
  sequence_started_ = true;
  if (settings_.protocol == Protocol::netflow5) return write_netflow5(out, max_records, now_ns, content);
  if (settings_.protocol == Protocol::sflow5) return write_sflow(out, max_records, now_ns, content);
  return write_with_templates(out, max_records, now_ns, content);
}

size_t Exporter::write_netflow5(std::span<uint8_t> out, size_t max_records, int64_t now_ns, Content* content) {
  ExporterClock clock = clock_at(now_ns);
  size_t fits = (out.size() - kNetFlow5HeaderBytes) / kNetFlow5RecordBytes;
  size_t limit = std::min({max_records, fits, kNetFlow5MaxRecords});
  uint8_t* at = out.data() + kNetFlow5HeaderBytes;
  NetFlow5Record record;
  for (; content->records < limit && records_->next(clock, &record); at += kNetFlow5RecordBytes) {
    encode_netflow5_record(at, record);
    ++content->records;
    content->bytes += record.bytes;
    content->packets += record.packets;
  }
  NetFlow5Header header;
  header.uptime_ms = clock.uptime_ms();
  header.export_seconds = static_cast<uint32_t>(clock.now_ns / kSecond);
  header.export_nanoseconds = static_cast<uint32_t>(clock.now_ns % kSecond);
  header.sequence = sequence_;
  header.engine_type = static_cast<uint8_t>(settings_.domain >> 8);
  header.engine_id = static_cast<uint8_t>(settings_.domain);
  constexpr uint16_t kPacketInterval = 1 << 14;  // mode 1: one in every `interval` packets
  if (settings_.sampling_rate != 0) header.sampling = static_cast<uint16_t>(kPacketInterval | settings_.sampling_rate);
  encode_netflow5_header(out.data(), header, static_cast<uint16_t>(content->records));
  sequence_ += static_cast<uint32_t>(content->records);
  return static_cast<size_t>(at - out.data());
}

// Every interface samples its incoming packets.
size_t Exporter::write_sflow(std::span<uint8_t> out, size_t max_records, int64_t now_ns, Content* content) {
  SflowWriter writer(out);
  size_t fits = (out.size() - 28) / SflowWriter::kMaxSampleBytes;
  for (size_t left = std::min(max_records, fits); left > 0; --left) {
    bool v6 = false;
    Flow flow = records_->next_flow(&v6);
    SampledPacket packet = sampled_packet(flow, v6);
    FlowSampleHeader sample;
    sample.source.index = flow.src->interface;
    sample.sequence = ++sample_sequences_[sample.source.index];
    sample.sampling_rate = std::max(settings_.sampling_rate, 1u);
    sample.input = flow.src->interface;
    sample.output = flow.dst->interface;
    writer.add(sample, sample.sequence * sample.sampling_rate, packet);
    ++content->records;
    ++content->packets;
    content->bytes += packet.frame_length();
  }
  return writer.finish({agent_, settings_.domain, ++sequence_, clock_at(now_ns).uptime_ms(), 0});
}

bool Exporter::templates_due(int64_t now_ns) const {
  if (!settings_.templates) return false;
  if (!templates_sent_) return now_ns >= templates_due_ns();
  if (settings_.template_every_ns > 0 && now_ns - last_templates_ns_ >= settings_.template_every_ns) return true;
  return settings_.template_every_datagrams > 0 && datagrams_since_templates_ >= settings_.template_every_datagrams;
}

void Exporter::add_templates(DatagramWriter& writer, int64_t now_ns, Content* content) {
  for (const TemplateLayout& layout : records_->templates()) writer.add_template(layout);
  templates_sent_ = true;
  last_templates_ns_ = now_ns;
  datagrams_since_templates_ = 0;
  if (settings_.sampling_rate != 0) add_sampler(writer, content);
}

void Exporter::add_sampler(DatagramWriter& writer, Content* content) {
  bool v9 = settings_.protocol == Protocol::netflow9;
  const TemplateLayout& layout = v9 ? kV9Sampler : kIpfixSampler;
  writer.add_template(layout);
  writer.begin_data_set(kSamplerTemplate);
  uint8_t* at = writer.add_record(layout.record_bytes());
  if (v9) {
    constexpr uint8_t kRandom = 2;
    at = put<uint32_t>(at, 0);  // scope: this system
    at = put<uint8_t>(at, 1);   // sampler 1
    at = put(at, kRandom);
    put(at, settings_.sampling_rate);
  } else {
    constexpr uint16_t kSystematicCount = 1;  // of the PSAMP registry: take `interval`, skip `space`
    at = put<uint32_t>(at, 1);                // selector 1
    at = put(at, kSystematicCount);
    at = put<uint32_t>(at, 1);
    put(at, settings_.sampling_rate - 1);
  }
  content->options_records = 1;
}

size_t Exporter::write_with_templates(std::span<uint8_t> out, size_t max_records, int64_t now_ns, Content* content) {
  ExporterClock clock = clock_at(now_ns);
  DatagramWriter writer(settings_.protocol, out);
  if (templates_due(now_ns)) add_templates(writer, now_ns, content);
  records_->add(writer, max_records, clock, content);
  ++datagrams_since_templates_;
  uint32_t export_seconds = static_cast<uint32_t>(clock.now_ns / kSecond);
  if (settings_.protocol == Protocol::netflow9)
    return writer.finish_netflow9(clock.uptime_ms(), export_seconds, sequence_++, settings_.domain);
  uint32_t sequence = sequence_;
  sequence_ += writer.data_records();
  return writer.finish_ipfix(export_seconds, sequence, settings_.domain);
}

}  // namespace weir
