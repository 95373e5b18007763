// SPDX-License-Identifier: Apache-2.0
// Decoding: export datagrams in, rows of a FlowBatch out. NetFlow v1, v5, v7, v9, IPFIX and sFlow v5 over UDP, from a
// connection or from a file. A datagram goes this way:
//
//   header (wire/export_header.h) → sender (Senders) → place in its stream (StreamOrder)
//     → v9, IPFIX: sets (SetReader) → records (RecordReader) → rows (BatchWriter)
//     → v1, v5, v7: records; sFlow: samples (SampleReader)
//   what had to wait for a template comes back through HeldReader
//
//   in       Datagram (borrowed octets)
//   out      full batches to `emit`, counter samples to `emit_counters`; the last, partial ones at flush()
//   threads  one Decoder per worker; templates, streams and ledger are shared
//   failure  malformed input is counted under its reason in the sender's entry; what can be read is read
#pragma once

#include <memory>
#include <span>

#include "decode/sample_reader.h"
#include "decode/set_reader.h"
#include "wire/export_header.h"

namespace weir {

struct DecoderConfig {
  uint64_t default_sampling_rate = 0;  // where neither record, options data nor header name one
  DecodeObserver* observer = nullptr;  // told what is met, where there is one
  std::shared_ptr<const ExporterRules> exporters = std::make_shared<const ExporterRules>();
  size_t stage_text_bytes = 0;  // of a batch, that are left free for stages (stage/stages.h)
};

class Decoder {
 public:
  using Emit = BatchWriter::Emit;
  using EmitCounters = SampleReader::EmitCounters;

  // Without `emit_counters` counter samples are only counted.
  Decoder(const DecoderConfig& config, TemplateStore& templates, Streams& streams, Ledger& ledger, BatchPool& pool,
          Emit emit, EmitCounters emit_counters = {});
  // Its parts know each other by address.
  Decoder(Decoder&&) = delete;

  void decode(const Datagram& datagram);
  // One after the other; of many senders faster than each alone.
  void decode(std::span<const Datagram> datagrams);
  // Emits the partial batches that have rows.
  void flush();
  // Lets go of senders that have left the table of streams. To be called now and then where no datagrams come.
  void drop_forgotten() { senders_.drop_forgotten(); }
  // What the configuration says of exporters, from the next datagram on.
  void set_exporters(std::shared_ptr<const ExporterRules> rules) { senders_.set_rules(std::move(rules)); }
  // Reads what has waited long enough for its stream, or with another port's template, and gives up what waited too
  // long. Any worker, about once a second. `all`: nothing more will come (the end of a file).
  void tick(int64_t monotonic_ns, bool all = false);
  // Reads what waits for its stream, and gives up everything still held (the end of the process).
  void give_up_held();
  // Received time of the oldest row not yet emitted; 0 where there is none.
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
