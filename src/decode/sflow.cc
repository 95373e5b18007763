// SPDX-License-Identifier: Apache-2.0
// Decoder: sFlow v5. Samples are read by their lengths, so what one of them holds does not harm the others.
#include "decode/decoder.h"

namespace weir {

void Decoder::decode_sflow(const Datagram& datagram) {
  ByteReader in(datagram.bytes);
  SflowHeader header;
  if (Malformed wrong = read_sflow_header(in, header); wrong != Malformed::kCount) {
    bool sflow5 = datagram.bytes.size() >= 4 && wrong != Malformed::unknown_version;
    return refuse(datagram, sflow5 ? Protocol::sflow5 : Protocol::unknown, wrong);
  }
  Message message;
  if (!begin(message, datagram, Protocol::sflow5, header.sub_agent)) return;
  message.type = FlowType::sflow5;
  if (!header.agent.is_zero()) message.exporter = header.agent;
  message.context.uptime_ms = header.uptime_ms;
  message.context.sequence = header.sequence;
  message.context.export_ns = datagram.received_ns;  // sFlow tells no time
  if (!arrive_samples(message, datagram)) return;
  sample_steps_.clear();
  sample_run_open_ = false;
  read_samples(message, in, header.samples);
  if (!message.followed)
    count_unfollowed(*message.known->account, static_cast<int64_t>(sample_steps_.size()));
  else if (message.known->stream)
    follow_samples(message, header);
  message.known->account->datagrams.add_last();
}

// Samples: format, length (4 each, the length without these), body.
void Decoder::read_samples(Message& message, ByteReader& in, uint32_t count) {
  Account& account = *message.known->account;
  uint32_t read = 0;
  for (; read < count && in.remaining() >= 8; ++read) {
    const uint8_t* at = in.rest().data();
    auto format = static_cast<SampleFormat>(in.u32());
    uint32_t length = in.u32();
    if (length > in.remaining()) return malformed(message, Malformed::short_sample, at);
    Bytes body = take_opaque(in, length);
    switch (format) {
      case SampleFormat::flow:
      case SampleFormat::expanded_flow:
      case SampleFormat::discarded_packet:
        read_flow_sample(message, body, format);
        break;
      case SampleFormat::counters:
      case SampleFormat::expanded_counters:
        read_counter_sample(message, body, format == SampleFormat::expanded_counters);
        break;
      default:
        account.other_samples.add();
    }
  }
  if (read < count) malformed(message, Malformed::count_mismatch, in.rest().data());
  if (in.remaining() > 0) malformed(message, Malformed::trailing_bytes, in.rest().data());
}

void Decoder::read_flow_sample(Message& message, Bytes body, SampleFormat format) {
  ByteReader in(body);
  FlowSampleHeader sample;
  if (!read_flow_sample_header(in, format, sample)) return malformed(message, Malformed::short_sample, body.data());
  bool discarded = format == SampleFormat::discarded_packet;
  sample_steps_.push_back({discarded ? SampleKind::discarded : SampleKind::flow, sample.source, sample.sequence});
  sampled_->begin(sample, discarded);
  read_flow_records(message, in, sample.records);
  put_sample(message, discarded);
}

// Flow records: format, length, body, like samples. Those of enterprises have numbers of their own.
void Decoder::read_flow_records(const Message& message, ByteReader& in, uint32_t count) {
  uint32_t read = 0;
  for (; read < count && in.remaining() >= 8; ++read) {
    const uint8_t* at = in.rest().data();
    auto format = static_cast<FlowRecordFormat>(in.u32());
    uint32_t length = in.u32();
    bool whole = length <= in.remaining();
    if (!sampled_->add(format, take_opaque(in, std::min<size_t>(length, in.remaining()))) || !whole)
      malformed(message, Malformed::short_sample_record, at);
  }
  if (read < count) malformed(message, Malformed::sample_records, in.rest().data());
}

// A row for the sample; in the run before where that is this datagram's and has the same fields.
void Decoder::put_sample(const Message& message, bool discarded) {
  if (batch_->room() == 0) {
    flush();
    sample_run_open_ = false;
  }
  const bool held = message.context.clock_held;
  FieldMask fields = sampled_->fields();
  if (held) fields.set(Field::time_quality);
  uint32_t row;
  if (sample_run_open_ && batch_->runs().back().mask == fields) {
    row = batch_->grow_last_run();
  } else {
    Run& run = begin_run(message, fields, 1);
    row = run.first_row;
    run.sampling_rate = discarded ? 0 : config_.default_sampling_rate;
    sample_run_open_ = true;
  }
  sampled_->put(*batch_, row);
  const Run& run = batch_->runs().back();
  message.known->account->tell_sampling_rate(
      run.mask.has(Field::sampling_rate) ? batch_->column<uint64_t>(Field::sampling_rate)[row] : run.sampling_rate);
  if (held) batch_->column<uint8_t>(Field::time_quality)[row] = kClockHeldQuality;
  message.known->account->records.add();
}

// As arrive() does for the others.
bool Decoder::arrive_samples(Message& message, const Datagram& datagram) {
  if (!message.known->stream) return true;
  Stream& stream = *message.known->stream;
  message.followed = standing_ == Standing::asked || standing_ == Standing::confirmed;
  if (standing_ != Standing::asked) return true;
  std::lock_guard lock(stream.mutex);
  const bool far = stream.samples->is_far(message.exporter, message.context.sequence, message.context.uptime_ms);
  return (!far && !stream.has_stray) || may_read(message, datagram, far);
}

void Decoder::follow_samples(const Message& message, const SflowHeader& header) {
  Stream& stream = *message.known->stream;
  int64_t lost = 0, refused = 0;
  if (!sample_steps_.empty()) note_records(*message.known);
  std::unique_lock lock(stream.mutex);
  SampleSequences::Datagram step =
      stream.samples->datagram(message.exporter, header.sequence, message.context.uptime_ms);
  if (step.follow)
    for (const SampleStep& s : sample_steps_) {
      SampleSequences::Sample change = stream.samples->sample(s.kind, s.source.type, s.source.index, s.sequence);
      lost += change.lost;
      refused += change.refused;
    }
  streams_.charge(stream);
  lock.unlock();
  if (lost) stream.account.sequence_lost.add(lost);
  if (refused) stream.account.count(Refused::sample_sources_full, refused);
  if (step.duplicate) {
    stream.account.duplicates.add();
    stream.account.duplicate_records.add(static_cast<int64_t>(sample_steps_.size()));
  }
  if (step.restart) stream.account.restarts.add();
}

}  // namespace weir
