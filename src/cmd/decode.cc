// SPDX-License-Identifier: Apache-2.0
// Implements `weir decode FILE..`: runs captures and IPFIX files through the collector's own decoder. Prints flow
// records, or what was received, on standard output; errors and totals on standard error.
#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/error.h"
#include "capture/capture_file.h"
#include "cmd/cmd.h"
#include "cmd/decode_options.h"
#include "decode/decoder.h"
#include "filter/predicate.h"
#include "format/counter_writer.h"
#include "format/record_writer.h"
#include "os/clock.h"
#include "os/file.h"
#include "show/decode_output.h"
#include "show/flow_table.h"
#include "show/malformed_report.h"
#include "show/set_printer.h"
#include "wire/export_header.h"
#include "wire/flow_export.h"

namespace weir {
namespace {

// Prints batches on standard output, and sums them.
class FlowPrinter {
 public:
  FlowPrinter(const DecodeOptions& options, DecodeOutput& output, BatchPool& pool)
      : output_(output), pool_(pool), where_(make_predicate(options.where, *options.field_table, os::realtime_ns())) {
    if (options.shows_wire() || options.format == "none") return;
    if (options.format == "csv" && os::is_terminal(1)) output.show_lines();
    if (options.counters) {
      write_counters_ = options.format == "csv" ? write_counter_csv : write_counter_json;
      if (options.format == "csv") write_counter_csv_header(output_.text());
      return;
    }
    if (options.format == "table") {
      auto table = std::make_unique<FlowTable>(options.fields, os::is_terminal(1) ? os::terminal_columns(1) : 0,
                                               *options.field_table);
      table_ = table.get();
      writer_ = std::move(table);
      return;
    }
    RecordFormat format = options.format == "csv"        ? RecordFormat::csv
                          : options.format == "protobuf" ? RecordFormat::protobuf
                                                         : RecordFormat::json;
    writer_ = make_record_writer(format, options.fields, *options.field_table);
    writer_->header(output_.text());
  }
  void take(std::unique_ptr<FlowBatch> batch) {
    for (const Run& run : batch->runs()) add(*batch, run);
    if (where_) remove_others(*batch);
    if (writer_ && !output_.closed()) {
      writer_->write(*batch, output_.text());
      output_.write_when_full();
    }
    pool_.give_back(std::move(batch));
  }
  void take(const CounterBatch& batch) {
    if (!write_counters_ || output_.closed()) return;
    for (const CounterSample& sample : batch) write_counters_(sample, output_.text());
    output_.write_when_full();
  }
  void finish(bool quiet) {
    if (!table_) return;
    table_->finish(output_.text());
    if (!quiet && !table_->left_out().empty())
      std::fprintf(stderr, "weir: columns left out: %s; a wider terminal or --fields shows them\n",
                   table_->left_out().c_str());
  }
  uint64_t octets = 0, packets = 0, filtered = 0;

 private:
  void remove_others(FlowBatch& batch) {
    const std::span<const uint8_t> others = where_->others(batch, scratch_);
    filtered += static_cast<uint64_t>(std::ranges::count(others, 1));
    batch.remove_rows(others);
  }
  void add(const FlowBatch& batch, const Run& run) {
    for (uint32_t row = run.first_row; row < run.first_row + run.rows; ++row) {
      if (run.mask.has(Field::bytes)) octets += batch.number(Field::bytes, row);
      if (run.mask.has(Field::packets)) packets += batch.number(Field::packets, row);
    }
  }
  DecodeOutput& output_;
  BatchPool& pool_;
  const std::shared_ptr<const Predicate> where_;
  PredicateScratch scratch_;
  std::unique_ptr<RecordWriter> writer_;
  void (*write_counters_)(const CounterSample&, std::string&) = nullptr;
  FlowTable* table_ = nullptr;  // the writer, if it is one
};

// Forwards what decoders report.
class Observer final : public DecodeObserver {
 public:
  Observer(MalformedReport& report, SetPrinter& printer, DecodeOutput& output)
      : report_(report), printer_(printer), output_(output) {}
  void malformed(const DecodePlace& place, Malformed reason) override { report_.malformed(place, reason); }
  void given_up(const HeldSet& set, bool quarantined) override { report_.given_up(set, quarantined); }
  void template_record(const DecodePlace& place, const TemplateRecord& record, TemplateNews news) override {
    if (!output_.closed()) printer_.template_record(place, record, news);
  }
  void data_set(const DecodePlace& place, const Plan& plan, const SessionPlans* known, Bytes body) override {
    if (output_.closed()) return;
    printer_.data_set(place, plan, known, body, place.context.tag != current_tag);
    output_.write_when_full();
  }
  uint64_t current_tag = 0;  // of the datagram being decoded

 private:
  MalformedReport& report_;
  SetPrinter& printer_;
  DecodeOutput& output_;
};

// Shared by all sessions of a run.
struct Shared {
  const DecodeOptions& options;
  Observer& observer;
  Ledger& ledger;
  BatchPool& pool;
  FlowPrinter& printer;
};

TemplateStoreConfig store_config(const DecodeOptions& options) {
  TemplateStoreConfig config;
  config.hold = {0, options.hold_bytes, options.hold_bytes};
  config.fallback_after_ns = 1;
  config.fields = options.field_table.get();
  config.borrow = options.borrow;
  return config;
}

// Its own templates, sequences and decoder. All captures and saved datagrams share one session; each IPFIX file has its
// own, because its templates apply only to that file (RFC 5655).
class DecodeSession {
 public:
  explicit DecodeSession(const Shared& shared)
      : observer_(shared.observer),
        templates_(store_config(shared.options)),
        streams_(shared.ledger, templates_, nullptr, limits::kSessions, shared.options.ignore_ports),
        decoder_(
            {shared.options.sampling_rate, &shared.observer, shared.options.exporters}, templates_, streams_,
            shared.ledger, shared.pool,
            [&printer = shared.printer](std::unique_ptr<FlowBatch> batch) { printer.take(std::move(batch)); },
            [&printer = shared.printer](std::unique_ptr<CounterBatch> batch) { printer.take(*batch); }) {}
  void decode(const Datagram& datagram) {
    observer_.current_tag = datagram.tag;
    decoder_.decode(datagram);
  }
  // No more input follows.
  void finish() {
    observer_.current_tag = UINT64_MAX;
    decoder_.tick(os::monotonic_ns(), true);
    decoder_.give_up_held();
    decoder_.flush();
  }

 private:
  Observer& observer_;
  TemplateStore templates_;
  Streams streams_;
  Decoder decoder_;
};

bool wanted(const DecodeOptions& options, const CapturedDatagram& captured) {
  if (options.ports.empty()) return looks_like_flow_export(captured.datagram.bytes);
  return std::ranges::find(options.ports, captured.destination_port) != options.ports.end();
}

// A file that is not a capture is read as bare datagrams; without the version number of an export protocol it is
// neither.
void refuse_other_files(const std::string& path) {
  CaptureFile file(path);
  CapturedDatagram captured;
  if (file.is_capture() || !file.next(captured)) return;
  Bytes bytes = captured.datagram.bytes;
  const Protocol protocol = export_protocol(bytes);
  const bool sflow = bytes.size() >= 4 && load_be32(bytes.data()) == 5;
  if (protocol == Protocol::sflow5 ? sflow : protocol != Protocol::unknown) return;
  throw usage_error(path + " is neither a capture (pcap, pcapng) nor export datagrams (NetFlow, IPFIX, sFlow)");
}

struct FileResult {
  uint64_t other = 0;  // datagrams that are not flow export
  bool damaged = false;
};

FileResult decode_file(const std::string& path, DecodedFiles& files, const Shared& shared, DecodeSession& common) {
  CaptureFile file(path);
  size_t index = files.files.size();
  files.files.push_back({path, file.is_capture() ? "packet" : file.is_ipfix_file() ? "message" : "datagram"});
  std::unique_ptr<DecodeSession> own;
  if (file.is_ipfix_file()) own = std::make_unique<DecodeSession>(shared);
  DecodeSession& session = own ? *own : common;
  FileResult result;
  CapturedDatagram captured;
  while (file.next(captured)) {
    captured.datagram.tag = DecodedFiles::tag(index, captured.packet_number);
    if (wanted(shared.options, captured) || !file.is_capture())
      session.decode(captured.datagram);
    else
      ++result.other;
  }
  if (own) own->finish();
  if (!file.counts().damaged) return result;
  result.damaged = true;
  const Damage& damage = file.counts().damage;
  std::fprintf(stderr, "weir: %s: at byte %lu: %.*s; what comes after is not read\n", path.c_str(), damage.offset,
               static_cast<int>(damage.what.size()), damage.what.data());
  return result;
}

void print_totals(const Ledger& ledger, const FlowPrinter& printer, const FileResult& files) {
  LedgerRow sum;
  LedgerSnapshot rows = ledger.rows();
  for (const LedgerRow& row : rows.entries) {
#define C(name, meaning) sum.name += row.name;
    WEIR_LEDGER_COUNTERS(C)
#undef C
    for (size_t i = 0; i < kMalformedCount; ++i) sum.malformed_by_reason[i] += row.malformed_by_reason[i];
  }
  std::fprintf(stderr, "records=%ld octets=%lu packets=%lu datagrams=%ld options_records=%ld exporters=%zu\n",
               sum.records, printer.octets, printer.packets, sum.datagrams, sum.options_records, rows.entries.size());
  auto say = [](const char* what, int64_t n) {
    if (n) std::fprintf(stderr, "%s=%ld\n", what, n);
  };
  say("filtered", static_cast<int64_t>(printer.filtered));
  say("counter_samples", sum.counter_samples);
  say("replayed", sum.replayed);
  say("fallback", sum.fallback);
  say("sets_without_template", sum.expired);
  say("sets_quarantined", sum.quarantined);
  say("sequence_lost", sum.sequence_lost);
  say("duplicates", sum.duplicates);
  say("restarts", sum.restarts);
  say("time_quality", sum.time_quality);
  for (size_t i = 0; i < kMalformedCount; ++i)
    say(("malformed_" + std::string(kMalformedNames[i])).c_str(), sum.malformed_by_reason[i]);
  say("other_datagrams", static_cast<int64_t>(files.other));
  say("damaged_files", files.damaged);
}

SetPrinterConfig printer_config(const DecodeOptions& options) {
  return {options.templates, options.sets, options.elements, options.format == "json", options.files.size() > 1};
}

}  // namespace

int run_decode(const Arguments& arguments) {
  DecodeOptions options = parse_decode_options(arguments);
  if (options.files.empty()) return 0;
  for (const std::string& path : options.files)  // reports a wrong name before anything is printed
    if (os::is_regular_file(path)) refuse_other_files(path);
  DecodedFiles files;
  DecodeOutput output;
  MalformedReport report(files, options.quiet ? 0 : options.max_errors);
  SetPrinter sets(printer_config(options), files, output.text());
  Observer observer(report, sets, output);
  Ledger ledger(os::realtime_ns());
  BatchPool pool;
  FlowPrinter printer(options, output, pool);
  Shared shared{options, observer, ledger, pool, printer};
  DecodeSession common(shared);
  FileResult all;
  for (const std::string& path : options.files) {
    FileResult result = decode_file(path, files, shared, common);
    all.other += result.other;
    all.damaged |= result.damaged;
  }
  common.finish();
  printer.finish(options.quiet);
  output.write();
  if (!options.quiet) {
    report.finish();
    print_totals(ledger, printer, all);
  }
  return all.damaged ? static_cast<int>(ExitCode::runtime_failure) : 0;
}

}  // namespace weir
