// SPDX-License-Identifier: Apache-2.0
// Implements `weir gen`: sends generated flows, or those of a CSV file, at a steady rate or as fast as it can, and
// reports exactly what it sent.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "config/arguments.h"
#include "gen/generator.h"
#include "os/resolve.h"
#include "wire/encode.h"

namespace weir {
namespace {

constexpr size_t kLargestDatagram = 65'000;
constexpr uint64_t kMaxExporters = 60'000;

// The arguments as given; empty if not given.
struct Flags {
  std::string to, host = "127.0.0.1", protocol = "v9", total, rate, template_every, templates_after, duration, pause;
  std::string format = "text", csv;
  uint16_t port = 2055, source_port = 0;
  uint64_t count = 0, flows = 0, seed = 1, exporters = 1, sampling_rate = 0, domain = 0;
  uint64_t templates = 1;
  double ipv6 = -1;
  bool no_templates = false, variable = false;
};

void add_flags(CLI::App& app, Flags& f) {
  app.add_option("--to", f.to, "HOST:PORT of the collector");
  app.add_option("--host", f.host, "host of the collector, with --port")->excludes("--to")->capture_default_str();
  app.add_option("--port", f.port, "port of the collector")
      ->excludes("--to")
      ->check(CLI::Range(1, 65'535))
      ->capture_default_str();
  app.add_option("--protocol", f.protocol, "v5, v9, ipfix or sflow")
      ->check(CLI::IsMember({"v5", "v9", "ipfix", "sflow"}))
      ->capture_default_str();
  app.add_option(
      "--csv", f.csv,
      "send the flows of this CSV file (plain or gzip, a header line with some of "
      "start_ms,end_ms,src_addr,dst_addr,src_port,dst_port,proto,tcp_flags,packets,bytes,src_as,dst_as,in_if,out_if,"
      "tos), once, or repeatedly if --total, --count or --duration ask for more; times are shifted to the present");
  app.add_option("--count", f.count, "datagrams to send (default 5, if nothing else limits the run)")
      ->check(CLI::PositiveNumber);
  app.add_option("--flows", f.flows,
                 "records per datagram (default 3 with --count, else as many as fit in 1,400 bytes; v5: 30; sFlow: "
                 "samples)")
      ->check(CLI::PositiveNumber);
  app.add_option("--total", f.total, "records to send, of all exporters together (1000, 20k, 5M)")->excludes("--count");
  app.add_option("--rate", f.rate, "records per second (0: as fast as possible)");
  app.add_option("--duration", f.duration, "stop after this time (10s, 5m)");
  app.add_option("--pause", f.pause, "RECORDS:TIME, as in 100k:3s: after this many records, pause for this time, once");
  app.add_option("--seed", f.seed, "the same seed gives the same flows")->capture_default_str();
  app.add_option("--exporters", f.exporters,
                 "how many exporters to imitate; towards 127.0.0.0/8 each has its own address, from 127.0.0.2 on, "
                 "elsewhere its own port")
      ->check(CLI::Range(uint64_t{1}, kMaxExporters))
      ->capture_default_str();
  app.add_option("--ipv6", f.ipv6, "share of IPv6 flows, 0 to 1 (default 0.1; v5: 0)")
      ->check(CLI::Range(0.0, 1.0))
      ->excludes("--csv");
  app.add_option("--templates", f.templates, "template ids of each address family, used in turn (v9, ipfix)")
      ->check(CLI::Range(uint64_t{1}, TemplateUse::kMax))
      ->excludes("--csv")
      ->capture_default_str();
  app.add_flag("--variable", f.variable, "end each record with a field of variable length, applicationName (ipfix)")
      ->excludes("--csv");
  app.add_option("--template-every", f.template_every,
                 "send templates again after this time, as in 10s, or this many datagrams, as in 20datagrams (default "
                 "10s)");
  app.add_flag("--no-templates", f.no_templates, "never send templates");
  app.add_option("--templates-after", f.templates_after, "send data at once and its templates only after this time")
      ->excludes("--no-templates");
  app.add_option("--sampling-rate", f.sampling_rate, "announce that one packet in N was sampled (sFlow: 1)")
      ->excludes("--csv");
  app.add_option("--domain", f.domain,
                 "observation domain (v9: source id; v5: engine type * 256 + id; sFlow: sub-agent)")
      ->check(CLI::Range(uint64_t{0}, uint64_t{0xffff'ffff}));
  app.add_option("--source-port", f.source_port, "send from this port");
  app.add_option("--format", f.format, "format of the totals: text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

// "5000", "20k", "1.5M": powers of 1000.
double parse_count(const std::string& flag, const std::string& text) {
  char* end = nullptr;
  double value = std::strtod(text.c_str(), &end);
  std::string unit = end;
  double factor = unit.empty() ? 1 : unit == "k" ? 1e3 : unit == "M" ? 1e6 : unit == "G" ? 1e9 : 0;
  if (end == text.c_str() || factor == 0 || !(value >= 0) || value * factor > 1e18)
    throw usage_error(flag + " " + text + " is not a number (5000, 20k, 1.5M)");
  return value * factor;
}

int64_t parse_time(const std::string& flag, const std::string& text) {
  int64_t ns = parse_duration_ns(text);
  if (ns < 0) throw usage_error(flag + " " + text + " is not a time (500ms, 10s, 5m)");
  return ns;
}

void set_template_schedule(const Flags& f, ExporterSettings* exporter) {
  exporter->templates = !f.no_templates;
  if (!f.templates_after.empty()) exporter->templates_after_ns = parse_time("--templates-after", f.templates_after);
  if (f.template_every.empty()) return;
  static constexpr std::string_view kDatagrams = "datagrams";
  if (!f.template_every.ends_with(kDatagrams)) {
    exporter->template_every_ns = parse_time("--template-every", f.template_every);
    return;
  }
  std::string number = f.template_every.substr(0, f.template_every.size() - kDatagrams.size());
  while (number.ends_with(' ')) number.pop_back();
  exporter->template_every_ns = 0;
  exporter->template_every_datagrams = static_cast<uint64_t>(parse_count("--template-every", number));
}

void set_exporter(const Flags& f, ExporterSettings* exporter) {
  exporter->protocol = f.protocol == "v5"      ? Protocol::netflow5
                       : f.protocol == "v9"    ? Protocol::netflow9
                       : f.protocol == "sflow" ? Protocol::sflow5
                                               : Protocol::ipfix;
  bool v5 = exporter->protocol == Protocol::netflow5;
  if (v5 && f.ipv6 > 0) throw usage_error("--ipv6: NetFlow v5 has no IPv6; use --protocol v9 or ipfix");
  if (v5 && f.domain > 0xffff) throw usage_error("--domain: NetFlow v5 has engine type * 256 + id, 65535 at most");
  if (v5 && f.sampling_rate > 0x3fff)
    throw usage_error("--sampling-rate: NetFlow v5 has 14 bits for it, 16383 at most");
  if (f.sampling_rate > 0xffff'ffff) throw usage_error("--sampling-rate: 4294967295 at most");
  exporter->domain = static_cast<uint32_t>(f.domain);
  exporter->sampling_rate = static_cast<uint32_t>(f.sampling_rate);
  set_template_schedule(f, exporter);
}

void set_template_use(const Flags& f, GenOptions* options) {
  Protocol protocol = options->exporter.protocol;
  if (f.variable && protocol != Protocol::ipfix)
    throw usage_error("--variable: only IPFIX has such fields; --protocol ipfix");
  if (f.templates > 1 && protocol != Protocol::ipfix && protocol != Protocol::netflow9)
    throw usage_error("--templates: this protocol has none; use --protocol v9 or ipfix");
  options->template_use = {f.templates, f.variable};
}

void set_size(const Flags& f, GenOptions* options) {
  Protocol protocol = options->exporter.protocol;
  bool v5 = protocol == Protocol::netflow5;
  if (v5) options->datagram_bytes = kNetFlow5HeaderBytes + kNetFlow5MaxRecords * kNetFlow5RecordBytes;
  uint64_t flows = f.flows == 0 && options->datagrams != kUnlimited ? 3 : f.flows;
  if (v5 && flows > kNetFlow5MaxRecords) throw usage_error("--flows: a NetFlow v5 datagram holds 30 records at most");
  if (flows > kLargestDatagram) throw usage_error("--flows: that many records do not fit into a datagram");
  if (flows == 0) return;
  options->records_per_datagram = flows;
  size_t record_bytes = longest_record_bytes(protocol, options->template_use);
  size_t bytes = flows * record_bytes + kOverheadBytes;
  if (!v5) options->datagram_bytes = std::max(options->datagram_bytes, bytes);
  if (options->datagram_bytes > kLargestDatagram)
    throw usage_error("--flows " + std::to_string(flows) + " does not fit into a datagram; " +
                      std::to_string((kLargestDatagram - kOverheadBytes) / record_bytes) + " at most");
}

void set_csv(const Flags& f, GenOptions* options) {
  if (options->exporter.protocol == Protocol::sflow5)
    throw usage_error("--csv: sFlow has samples of packets, no flows; use --protocol v5, v9 or ipfix");
  options->csv = std::make_shared<CsvRecords>(f.csv, options->exporter.protocol, !options->endless());
  options->exporter.whole_clock = true;
  options->exporter.oldest_ns = options->csv->span_ms() * 1'000'000;
}

void set_pause(const Flags& f, GenOptions* options) {
  size_t colon = f.pause.find(':');
  if (colon == std::string::npos) throw usage_error("--pause " + f.pause + ": expected RECORDS:TIME, as in 100k:3s");
  options->pause_after = static_cast<uint64_t>(parse_count("--pause", f.pause.substr(0, colon)));
  options->pause_ns = parse_time("--pause", f.pause.substr(colon + 1));
}

GenOptions to_options(const Flags& f) {
  GenOptions options;
  options.to = f.to.empty() ? os::Endpoint{os::resolve(f.host), f.port} : os::resolve_endpoint(f.to);
  options.exporters = f.exporters;
  options.seed = f.seed;
  options.source_port = f.source_port;
  options.json = f.format == "json";
  if (!f.duration.empty()) options.duration_ns = parse_time("--duration", f.duration);
  if (!f.rate.empty()) options.rate = parse_count("--rate", f.rate);
  if (!f.pause.empty()) set_pause(f, &options);
  if (!f.total.empty()) options.records = static_cast<uint64_t>(parse_count("--total", f.total));
  if (f.count > 0) options.datagrams = f.count;
  if (options.endless() && f.rate.empty() && f.csv.empty()) options.datagrams = 5;
  set_exporter(f, &options.exporter);
  if (options.exporter.protocol != Protocol::netflow5) options.ipv6_share = f.ipv6 < 0 ? 0.1 : f.ipv6;
  set_template_use(f, &options);
  set_size(f, &options);
  if (!f.csv.empty()) set_csv(f, &options);
  return options;
}

// Null if --help was requested, which has then been printed.
std::unique_ptr<GenOptions> parse(const Arguments& arguments) {
  CLI::App app(
      "Sends NetFlow v5, v9, IPFIX or sFlow, with generated flows or those of a CSV file, and prints exact totals of "
      "what it sent.",
      "weir gen");
  Flags flags;
  add_flags(app, flags);
  if (!parse_or_help(app, [&] { parse_words(app, arguments); })) return nullptr;
  return std::make_unique<GenOptions>(to_options(flags));
}

}  // namespace

int run_gen(const Arguments& arguments) {
  std::unique_ptr<GenOptions> options = parse(arguments);
  if (!options) return 0;
  Generator generator(*options);
  int code = generator.run();
  generator.print();
  return code;
}

}  // namespace weir
