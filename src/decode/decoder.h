// SPDX-License-Identifier: Apache-2.0
// Decoder: turns export datagrams into rows of a FlowBatch. NetFlow v1, v5, v7, v9, IPFIX and sFlow v5, over UDP, from
// a connection or from a file. A datagram passes through these steps:
//
//   header (wire/export_header.h) → sender (SenderCache) → place in its stream (StreamOrder)
//     → v9, IPFIX: sets (SetReader) → records (RecordReader) → rows (BatchWriter)
//     → v1, v5, v7: records; sFlow: samples (SampleReader)
//   data sets that had to wait for a template are read later, by HeldReader
//
//   in       Datagram (the caller owns its octets)
//   out      full batches to `emit`, counter samples to `emit_counters`; the last, partial ones at flush()
//   threads  one Decoder per worker; templates, streams and ledger are shared
//   failure  malformed input is counted by reason in the sender's ledger entry; what can be read is read
#pragma once

#include <memory>
#include <span>

#include "decode/sample_reader.h"
#include "decode/set_reader.h"
#include "wire/export_header.h"

namespace weir {

struct DecoderConfig {
  uint64_t default_sampling_rate = 0;  // if neither the record, options data nor the header gives one
  DecodeObserver* observer = nullptr;  // notified of what the decoder finds; may be null
  std::shared_ptr<const ExporterRules> exporters = std::make_shared<const ExporterRules>();
  size_t stage_text_bytes = 0;  // text space in each batch that is left free for stages (stage/stages.h)
};

class Decoder {
 public:
  using Emit = BatchWriter::Emit;
  using EmitCounters = SampleReader::EmitCounters;

  // Without `emit_counters`, counter samples are only counted.
  Decoder(const DecoderConfig& config, TemplateStore& templates, Streams& streams, Ledger& ledger, BatchPool& pool,
          Emit emit, EmitCounters emit_counters = {});
  // Its parts hold references to each other.
  Decoder(Decoder&&) = delete;

  void decode(const Datagram& datagram);
  // Decodes them in order; with many senders this is faster than one call for each datagram.
  void decode(std::span<const Datagram> datagrams);
  // Emits the partial batches that have rows.
  void flush();
  // Releases senders whose stream has left the table of streams. Call it from time to time when no datagrams arrive.
  void drop_forgotten() { senders_.drop_forgotten(); }
  // Replaces the configured exporter rules, from the next datagram on.
  void set_exporters(std::shared_ptr<const ExporterRules> rules) { senders_.set_rules(std::move(rules)); }
  // Reads the strays that have waited long enough, and held data sets for which another source port's template is to be
  // used; gives up what has waited too long. Any worker may call it, about once a second. `all`: no more datagrams will
  // arrive (the end of a file).
  void tick(int64_t monotonic_ns, bool all = false);
  // Reads the waiting strays, and gives up all data sets that are still held (the end of the process).
  void give_up_held();
  // Received time of the oldest row not yet emitted; 0 if there is none.
  int64_t oldest_pending_ns() const;

 private:
  void read(const Datagram& datagram, Standing standing);
  bool begin(Message& message, const Datagram& datagram, Protocol protocol, uint32_t domain, Standing standing);
  bool begin(Message& message, const Datagram& datagram, const ExportHeader& header, Standing standing);
  void read_fixed(const Datagram& datagram, const ExportHeader& header, Standing standing);
  void read_sets(const Datagram& datagram, const ExportHeader& header, Standing standing);
  void read_samples(const Datagram& datagram, Standing standing);
  void finish(const Message& message, uint32_t units, bool units_known);
  void read_stray(const Stray& stray);
  void read_strays(int64_t monotonic_ns, bool all);
  void refuse(const Datagram& datagram, Protocol protocol, Malformed reason);

  const DecoderConfig config_;
  TemplateStore& templates_;
  Streams& streams_;
  Ledger& ledger_;
  SenderCache senders_;
  BatchWriter out_;
  OptionsReader options_;
  RecordReader records_;
  HeldReader held_;
  SetReader sets_;
  StreamOrder order_;
  SampleReader samples_;
};

}  // namespace weir
