// SPDX-License-Identifier: Apache-2.0
// `weir decode FILE..`: captures through the collector's own decoder, records to standard output, totals to
// standard error.
#include <CLI/CLI.hpp>

#include <cstdio>

#include "base/error.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/option_table.h"
#include "decode/decoder.h"
#include "os/clock.h"
#include "os/file.h"
#include "sink/record_writer.h"
#include "wire/capture_file.h"
#include "wire/flow_export.h"

namespace weir {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string format = "json";
  std::vector<Field> fields;
  std::vector<uint16_t> ports;
  uint64_t hold_bytes = 1u << 30;
  uint64_t sampling_rate = 0;
};

Options parse(const Arguments& arguments) {
  Options options;
  std::string fields, hold_bytes = "1GiB";
  CLI::App app(
      "Decodes captures (pcap, pcapng) and bare export datagrams. Records to standard output, totals to standard "
      "error.",
      "weir decode");
  app.add_option("files", options.files, "captures or datagram files")->required();
  app.add_option("--format", options.format, "json (a line per record), csv, protobuf, or none (totals only)")
      ->check(CLI::IsMember({"json", "csv", "protobuf", "none"}));
  app.add_option("--fields", fields, "only these fields, in this order: a,b,c");
  app.add_option("--port", options.ports, "only datagrams to these ports (default: whatever looks like flow export)");
  app.add_option("--hold-bytes", hold_bytes, "bound on data sets that wait for their template (1GiB)");
  app.add_option("--sampling-rate", options.sampling_rate, "where the exporter names none");
  std::vector<std::string> words(arguments.rbegin(), arguments.rend());
  try {
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    options.files.clear();
    return options;
  } catch (const CLI::ParseError& error) {
    throw usage_error(std::string(error.what()) + " (see weir decode --help)");
  }
  int64_t bytes = parse_bytes(hold_bytes);
  if (bytes <= 0)
    throw usage_error("--hold-bytes: '" + hold_bytes + "' is no size; write 512MiB, 1GiB or a number of bytes");
  options.hold_bytes = static_cast<uint64_t>(bytes);
  CollectConfig chosen;
  try {
    find_option("collect.fields")->set(chosen, fields);
  } catch (const Error& error) {
    throw usage_error("--fields: " + std::string(error.what()));
  }
  for (const std::string& name : chosen.fields) options.fields.push_back(find_field(name)->field);
  return options;
}

// Batches to standard output, and their sums.
class Printer {
 public:
  Printer(const Options& options, BatchPool& pool) : pool_(pool) {
    if (options.format == "none") return;
    RecordFormat format = options.format == "csv"        ? RecordFormat::csv
                          : options.format == "protobuf" ? RecordFormat::protobuf
                                                         : RecordFormat::json;
    writer_ = make_record_writer(format, options.fields);
    writer_->header(text_);
  }
  void take(std::unique_ptr<FlowBatch> batch) {
    for (const Run& run : batch->runs()) add(*batch, run);
    if (writer_ && !closed_) {
      writer_->write(*batch, text_);
      if (text_.size() >= 1 << 18) write();
    }
    pool_.give_back(std::move(batch));
  }
  void write() {
    if (closed_ || text_.empty()) return;
    int error = os::write_all(1, text_.data(), text_.size());
    if (error == EPIPE)
      closed_ = true;  // `weir decode | head`: quietly
    else if (error)
      throw runtime_failure("cannot write to standard output: " + os::error_text(error));
    text_.clear();
  }
  uint64_t octets = 0, packets = 0;

 private:
  void add(const FlowBatch& batch, const Run& run) {
    for (uint32_t row = run.first_row; row < run.first_row + run.rows; ++row) {
      if (run.mask.has(Field::bytes)) octets += batch.number(Field::bytes, row);
      if (run.mask.has(Field::packets)) packets += batch.number(Field::packets, row);
    }
  }
  BatchPool& pool_;
  std::unique_ptr<RecordWriter> writer_;
  std::string text_;
  bool closed_ = false;
};

bool wanted(const Options& options, const CapturedDatagram& captured) {
  if (options.ports.empty()) return looks_like_flow_export(captured.datagram.bytes);
  return std::ranges::find(options.ports, captured.destination_port) != options.ports.end();
}

// A file that is no capture is taken as bare datagrams; without a version number of an export protocol it is neither.
void refuse_other_files(const std::string& path) {
  CaptureFile file(path);
  CapturedDatagram captured;
  if (file.is_capture() || !file.next(captured)) return;
  Bytes bytes = captured.datagram.bytes;
  uint32_t version = bytes.size() >= 2 ? load_be16(bytes.data()) : 0;
  bool sflow = bytes.size() >= 4 && load_be32(bytes.data()) == 5;
  if (version == 1 || version == 5 || version == 7 || version == 9 || version == 10 || sflow) return;
  throw usage_error(path + " is neither a capture (pcap, pcapng) nor export datagrams (NetFlow, IPFIX)");
}

void print_totals(const Ledger& ledger, const Printer& printer, uint64_t other, bool damaged) {
  AccountRow sum;
  LedgerRows rows = ledger.rows();
  for (const AccountRow& row : rows.accounts) {
#define C(name, meaning) sum.name += row.name;
    WEIR_ACCOUNT_COUNTERS(C)
#undef C
    for (size_t i = 0; i < kMalformedCount; ++i) sum.malformed_by_reason[i] += row.malformed_by_reason[i];
  }
  std::fprintf(stderr, "records=%ld octets=%lu packets=%lu datagrams=%ld options_records=%ld exporters=%zu\n",
               sum.records, printer.octets, printer.packets, sum.datagrams, sum.options_records, rows.accounts.size());
  auto say = [](const char* what, int64_t n) {
    if (n) std::fprintf(stderr, "%s=%ld\n", what, n);
  };
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
  say("other_datagrams", static_cast<int64_t>(other));
  say("damaged_files", damaged);
}

}  // namespace

int run_decode(const Arguments& arguments) {
  Options options = parse(arguments);
  if (options.files.empty()) return 0;
  TemplateStoreConfig store;
  store.hold = {0, options.hold_bytes, options.hold_bytes};
  store.fallback_after_ns = 1;
  Ledger ledger(os::realtime_ns());
  TemplateStore templates(store);
  Streams streams(ledger, templates);
  BatchPool pool;
  Printer printer(options, pool);
  Decoder decoder({options.sampling_rate}, templates, streams, ledger, pool,
                  [&](std::unique_ptr<FlowBatch> batch) { printer.take(std::move(batch)); });
  for (const std::string& path : options.files)  // a name that is wrong is said before anything is printed
    if (os::is_regular_file(path)) refuse_other_files(path);
  uint64_t other = 0;
  bool damaged = false;
  for (const std::string& path : options.files) {
    CaptureFile file(path);
    CapturedDatagram captured;
    while (file.next(captured)) {
      if (wanted(options, captured) || !file.is_capture())
        decoder.decode(captured.datagram);
      else
        ++other;
    }
    if (!file.counts().damaged) continue;
    damaged = true;
    const Damage& damage = file.counts().damage;
    std::fprintf(stderr, "weir: %s: at byte %lu: %.*s; what comes after is not read\n", path.c_str(), damage.offset,
                 static_cast<int>(damage.what.size()), damage.what.data());
  }
  decoder.tick(os::monotonic_ns(), true);  // nothing more will come
  decoder.give_up_held();
  decoder.flush();
  printer.write();
  print_totals(ledger, printer, other, damaged);
  return damaged ? static_cast<int>(ExitCode::runtime_failure) : 0;
}

}  // namespace weir
