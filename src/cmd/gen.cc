// SPDX-License-Identifier: Apache-2.0
// weir gen: sends made-up flows, or those of a CSV file, at a steady rate or as fast as it can, and says exactly
// what it sent.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/gen_csv_records.h"
#include "cmd/gen_exporter.h"
#include "cmd/gen_pacer.h"
#include "cmd/words.h"
#include "os/clock.h"
#include "os/resolve.h"
#include "os/signals.h"
#include "os/udp_socket.h"
#include "wire/encode.h"

namespace weir {
namespace {

constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();
constexpr size_t kDatagramBytes = 1'400;  // unless --flows asks for more
constexpr size_t kLargestDatagram = 65'000;
constexpr size_t kBatch = 32;         // datagrams per sendmmsg
constexpr int64_t kTickNs = 500'000;  // between two bursts
constexpr uint64_t kMaxExporters = 60'000;

struct Options {
  ExporterSettings exporter;
  std::shared_ptr<CsvRecords> csv;  // nothing: made-up records
  double ipv6_share = 0;            // of those
  TemplateUse template_use;         // of those
  os::Endpoint to;
  uint64_t exporters = 1;
  uint64_t seed = 1;
  uint64_t datagrams = kUnlimited;
  uint64_t records = kUnlimited;
  uint64_t records_per_datagram = kUnlimited;  // as many as fit
  size_t datagram_bytes = kDatagramBytes;
  double rate = 0;  // records a second; 0: as fast as possible
  int64_t duration_ns = 0;
  uint64_t pause_after = kUnlimited;  // records
  int64_t pause_ns = 0;
  uint16_t source_port = 0;
  bool json = false;
  bool endless() const { return datagrams == kUnlimited && records == kUnlimited && duration_ns == 0; }
};

// ---- flags

// The words as given; what is empty was not.
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
      "send the flows of this CSV file (plain or gzip, a header line with some of start_ms,end_ms,src_addr,"
      "dst_addr,src_port,dst_port,proto,tcp_flags,packets,bytes,src_as,dst_as,in_if,out_if,tos), once, or again "
      "and again where --total, --count or --duration ask for more; times are moved to now");
  app.add_option("--count", f.count, "datagrams to send (default 5, where nothing else bounds the run)")
      ->check(CLI::PositiveNumber);
  app.add_option("--flows", f.flows,
                 "records per datagram (default 3 with --count, else what fits 1,400 bytes; v5: 30; sFlow: samples)")
      ->check(CLI::PositiveNumber);
  app.add_option("--total", f.total, "records to send, of all exporters together (1000, 20k, 5M)")->excludes("--count");
  app.add_option("--rate", f.rate, "records a second (0: as fast as possible)");
  app.add_option("--duration", f.duration, "stop after this time (10s, 5m)");
  app.add_option("--pause", f.pause, "RECORDS:TIME, as in 100k:3s: after so many records wait for so long, once");
  app.add_option("--seed", f.seed, "the same seed gives the same flows")->capture_default_str();
  app.add_option("--exporters", f.exporters,
                 "how many to play; on 127.0.0.0/8 each has its own address from 127.0.0.2 on, elsewhere its own port")
      ->check(CLI::Range(uint64_t{1}, kMaxExporters))
      ->capture_default_str();
  app.add_option("--ipv6", f.ipv6, "share of IPv6 flows, 0 to 1 (default 0.1; v5: 0)")
      ->check(CLI::Range(0.0, 1.0))
      ->excludes("--csv");
  app.add_option("--templates", f.templates, "template ids of each address family, used in turn (v9, ipfix)")
      ->check(CLI::Range(uint64_t{1}, TemplateUse::kMost))
      ->excludes("--csv")
      ->capture_default_str();
  app.add_flag("--variable", f.variable, "end each record with a field of variable length, applicationName (ipfix)")
      ->excludes("--csv");
  app.add_option("--template-every", f.template_every,
                 "send templates again after this time (10s), or so many datagrams (20datagrams) (default 10s)");
  app.add_flag("--no-templates", f.no_templates, "never send templates");
  app.add_option("--templates-after", f.templates_after, "send data at once and its templates only after this time")
      ->excludes("--no-templates");
  app.add_option("--sampling-rate", f.sampling_rate, "say that one packet in so many was sampled (sFlow: 1)")
      ->excludes("--csv");
  app.add_option("--domain", f.domain,
                 "observation domain (v9: source id; v5: engine type * 256 + id; sFlow: sub-agent)")
      ->check(CLI::Range(uint64_t{0}, uint64_t{0xffff'ffff}));
  app.add_option("--source-port", f.source_port, "send from this port");
  app.add_option("--format", f.format, "of the totals: text or json")
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

void set_template_use(const Flags& f, Options* options) {
  Protocol protocol = options->exporter.protocol;
  if (f.variable && protocol != Protocol::ipfix)
    throw usage_error("--variable: only IPFIX has such fields; --protocol ipfix");
  if (f.templates > 1 && protocol != Protocol::ipfix && protocol != Protocol::netflow9)
    throw usage_error("--templates: this protocol has none; use --protocol v9 or ipfix");
  options->template_use = {f.templates, f.variable};
}

void set_size(const Flags& f, Options* options) {
  Protocol protocol = options->exporter.protocol;
  bool v5 = protocol == Protocol::netflow5;
  if (v5) options->datagram_bytes = kNetFlow5HeaderBytes + kNetFlow5MaxRecords * kNetFlow5RecordBytes;
  uint64_t flows = f.flows == 0 && options->datagrams != kUnlimited ? 3 : f.flows;
  if (v5 && flows > kNetFlow5MaxRecords) throw usage_error("--flows: a NetFlow v5 datagram holds 30 records at most");
  if (flows > kLargestDatagram) throw usage_error("--flows: so many records do not fit into a datagram");
  if (flows == 0) return;
  options->records_per_datagram = flows;
  size_t record_bytes = longest_record_bytes(protocol, options->template_use);
  size_t bytes = flows * record_bytes + kOverheadBytes;
  if (!v5) options->datagram_bytes = std::max(options->datagram_bytes, bytes);
  if (options->datagram_bytes > kLargestDatagram)
    throw usage_error("--flows " + std::to_string(flows) + " does not fit into a datagram; " +
                      std::to_string((kLargestDatagram - kOverheadBytes) / record_bytes) + " at most");
}

void set_csv(const Flags& f, Options* options) {
  if (options->exporter.protocol == Protocol::sflow5)
    throw usage_error("--csv: sFlow has samples of packets, no flows; use --protocol v5, v9 or ipfix");
  options->csv = std::make_shared<CsvRecords>(f.csv, options->exporter.protocol, !options->endless());
  options->exporter.whole_clock = true;
  options->exporter.oldest_ns = options->csv->span_ms() * 1'000'000;
}

void set_pause(const Flags& f, Options* options) {
  size_t colon = f.pause.find(':');
  if (colon == std::string::npos) throw usage_error("--pause " + f.pause + ": expected RECORDS:TIME, as in 100k:3s");
  options->pause_after = static_cast<uint64_t>(parse_count("--pause", f.pause.substr(0, colon)));
  options->pause_ns = parse_time("--pause", f.pause.substr(colon + 1));
}

Options to_options(const Flags& f) {
  Options options;
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

// Nothing where --help was asked for and given.
std::unique_ptr<Options> parse(const Arguments& arguments) {
  CLI::App app(
      "Sends NetFlow v5, v9, IPFIX or sFlow, made up or from a CSV file, and prints exact totals of what it sent.",
      "weir gen");
  Flags flags;
  add_flags(app, flags);
  try {
    parse_words(app, arguments);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return nullptr;
  } catch (const CLI::ParseError& error) {
    throw usage_error("gen: " + std::string(error.what()) + "; see weir gen --help");
  }
  return std::make_unique<Options>(to_options(flags));
}

// ---- sending

class Generator {
 public:
  explicit Generator(const Options& options);
  // Returns the exit code.
  int run();
  void print() const;

 private:
  struct Player {
    Exporter exporter;
    os::UdpSocket socket;
    uint64_t records_left, datagrams_left;  // its part of the whole, so that a seed fixes what each one sends
    bool sent = false;
  };
  bool finished() const {
    bool at_end = options_.csv && options_.csv->finished();
    return at_end || records_left_ == 0 || datagrams_left_ == 0 || error_ != 0 || stopped_;
  }
  std::shared_ptr<RecordSource> records_of(uint64_t exporter) const;
  void burst(double records);
  size_t turn_datagrams(double records) const;
  void turn(Player& player, size_t datagrams);
  void flush(Player& player);
  void wait(int64_t ns);
  void pause();
  void send_late_templates();
  void warn_if_refused();
  int exit_code() const;

  const Options& options_;
  Network network_;
  os::Signals signals_;
  os::SendBatch batch_;
  Content in_batch_[kBatch];
  std::vector<Player> players_;
  size_t next_player_ = 0;
  uint64_t records_left_, datagrams_left_;
  double records_per_datagram_;  // as met so far
  Content total_;
  int64_t start_ns_ = 0, end_ns_ = 0;  // monotonic
  int error_ = 0;
  bool stopped_ = false, paused_ = false;
};

os::Endpoint source_of(const Options& options, uint64_t i) {
  os::Endpoint source{{}, options.source_port};
  bool v4_loopback = options.to.address.is_v4() && options.to.address.v4_host_order() >> 24 == 127;
  if (v4_loopback) {
    uint32_t first = options.exporters == 1 ? 0x7f00'0001 : 0x7f00'0002;
    source.address = IpAddress::v4(first + static_cast<uint32_t>(i));
  } else if (source.port != 0) {
    source.port = static_cast<uint16_t>(source.port + i);
  }
  return source;
}

// What an exporter calls itself: its address where that is known, else one of the range for benchmarks (RFC 2544).
IpAddress agent_of(const Options& options, uint64_t i) {
  IpAddress source = source_of(options, i).address;
  return source.is_v4() ? source : IpAddress::v4(0xc612'0001 + static_cast<uint32_t>(i));
}

uint64_t part_of(uint64_t whole, uint64_t i, uint64_t parts) {
  return whole == kUnlimited ? kUnlimited : whole / parts + (i < whole % parts ? 1 : 0);
}

uint64_t seed_of(const Options& options, uint64_t exporter) { return options.seed * 1'000'003 + exporter; }

Generator::Generator(const Options& options)
    : options_(options),
      network_(options.seed),
      batch_(kBatch, options.datagram_bytes),
      records_left_(options.records),
      datagrams_left_(options.datagrams),
      records_per_datagram_(static_cast<double>(std::min<uint64_t>(options.records_per_datagram, 20))) {
  if (!os::allow_open_files(options.exporters + 64))
    throw usage_error("--exporters " + std::to_string(options.exporters) +
                      ": each needs a socket, and this shell allows fewer files; raise it with ulimit -n");
  int64_t now = os::realtime_ns();
  players_.reserve(options.exporters);
  for (uint64_t i = 0; i < options.exporters; ++i)
    players_.push_back({Exporter(options.exporter, records_of(i), seed_of(options, i), now, agent_of(options, i)),
                        os::UdpSocket::connect(source_of(options, i), options.to),
                        part_of(options.records, i, options.exporters),
                        part_of(options.datagrams, i, options.exporters)});
}

std::shared_ptr<RecordSource> Generator::records_of(uint64_t exporter) const {
  if (options_.csv) return options_.csv;
  return std::make_shared<GeneratedRecords>(options_.exporter.protocol, network_, seed_of(options_, exporter),
                                            options_.ipv6_share, options_.exporter.sampling_rate != 0,
                                            options_.template_use);
}

int Generator::run() {
  start_ns_ = end_ns_ = os::monotonic_ns();
  Pacer pacer(options_.rate, start_ns_);
  int64_t deadline = options_.duration_ns > 0 ? start_ns_ + options_.duration_ns : INT64_MAX;
  while (!finished()) {
    int64_t now = os::monotonic_ns();
    if (now >= deadline) break;
    double records = pacer.due(total_.records, records_per_datagram_, now);
    if (records > 0) burst(records);
    if (total_.records >= options_.pause_after && !paused_ && !finished()) {
      pause();
      pacer = Pacer(options_.rate, os::monotonic_ns(), total_.records);
      continue;
    }
    if (options_.rate <= 0 || finished()) {
      wait(0);
      continue;
    }
    int64_t until_due = pacer.wait_ns(total_.records, records_per_datagram_, now);
    int64_t until_tick = now + kTickNs - os::monotonic_ns();
    wait(std::min(std::max(until_due, until_tick), deadline - now));
  }
  send_late_templates();
  warn_if_refused();
  return exit_code();
}

// Lets each exporter say something before one says more.
size_t Generator::turn_datagrams(double records) const {
  double wanted = std::min({records, static_cast<double>(records_left_), 1e9}) / records_per_datagram_;
  wanted = std::min(wanted, static_cast<double>(datagrams_left_));
  return static_cast<size_t>(std::clamp(wanted / static_cast<double>(players_.size()), 1.0, double{kBatch}));
}

// Sends about `records` records, or one turn of every exporter where that is infinite.
void Generator::burst(double records) {
  size_t datagrams = turn_datagrams(records);
  double upto = static_cast<double>(total_.records) + records;
  size_t turns = std::isinf(records) ? players_.size() : SIZE_MAX;
  while (turns-- > 0 && !finished()) {
    turn(players_[next_player_], datagrams);
    next_player_ = (next_player_ + 1) % players_.size();
    if (static_cast<double>(total_.records) + records_per_datagram_ > upto) break;
  }
}

void take(uint64_t amount, uint64_t* of_one, uint64_t* of_all) {
  if (*of_all == kUnlimited) return;
  *of_one -= amount;
  *of_all -= amount;
}

void Generator::turn(Player& player, size_t datagrams) {
  for (; datagrams > 0 && player.records_left > 0 && player.datagrams_left > 0; --datagrams) {
    if (player.exporter.finished()) break;
    size_t most = static_cast<size_t>(std::min(options_.records_per_datagram, player.records_left));
    Content& content = in_batch_[batch_.used()];
    std::span<uint8_t> out(batch_.slot(), options_.datagram_bytes);
    batch_.commit(player.exporter.write(out, most, os::realtime_ns(), &content));
    records_per_datagram_ = std::max(1.0, 0.95 * records_per_datagram_ + 0.05 * static_cast<double>(content.records));
    take(content.records, &player.records_left, &records_left_);
    take(1, &player.datagrams_left, &datagrams_left_);
    if (batch_.full()) flush(player);
  }
  flush(player);
}

void Generator::flush(Player& player) {
  if (batch_.used() == 0) return;
  size_t sent = 0;
  int error = batch_.flush(player.socket, &sent);
  for (size_t i = 0; i < sent; ++i) total_ += in_batch_[i];
  if (sent > 0) player.sent = true;
  if (error != 0 && error_ == 0) error_ = error;
  end_ns_ = os::monotonic_ns();
}

// Also where an interruption is noticed.
void Generator::wait(int64_t ns) {
  constexpr int64_t kMillisecond = 1'000'000;
  if (ns > 0 && ns < 2 * kMillisecond) os::sleep_ns(ns);
  int ms = ns < 2 * kMillisecond ? 0 : static_cast<int>(std::min<int64_t>(ns / kMillisecond, 1'000));
  if (signals_.wait(ms) == os::Event::stop) stopped_ = true;
}

void Generator::pause() {
  paused_ = true;
  log_info("gen", "pausing after " + std::to_string(total_.records) + " records");
  const int64_t until = os::monotonic_ns() + options_.pause_ns;
  for (int64_t left; !stopped_ && (left = until - os::monotonic_ns()) > 0;) wait(left);
}

void Generator::send_late_templates() {
  for (Player& player : players_) {
    if (!player.exporter.owes_templates()) continue;
    for (int64_t left; !stopped_ && (left = player.exporter.templates_due_ns() - os::realtime_ns()) > 0;) wait(left);
    if (stopped_ || error_ != 0) return;
    std::span<uint8_t> out(batch_.slot(), options_.datagram_bytes);
    batch_.commit(player.exporter.write(out, 0, os::realtime_ns(), &in_batch_[0]));
    flush(player);
  }
}

// UDP itself never tells; but a machine where no one listens answers (ICMP), and the kernel remembers it.
void Generator::warn_if_refused() {
  for (const Player& player : players_) {
    if (player.socket.take_error() != ECONNREFUSED) continue;
    log_warning("gen", "nobody listens on " + options_.to.to_string() + ": the last datagram was refused");
    return;
  }
}

int Generator::exit_code() const {
  constexpr int kInterrupted = 130;
  if (error_ != 0) {
    log_error("gen", "cannot send to " + options_.to.to_string() + ": " + os::error_text(error_) +
                         "; the totals count what was sent before");
    return static_cast<int>(ExitCode::runtime_failure);
  }
  return stopped_ && !options_.endless() ? kInterrupted : 0;
}

void Generator::print() const {
  auto exporters = std::count_if(players_.begin(), players_.end(), [](const Player& p) { return p.sent; });
  double seconds = static_cast<double>(end_ns_ - start_ns_) / 1e9;
  double rate = seconds > 0 ? static_cast<double>(total_.records) / seconds : 0;
  const char* form = options_.json ? "{\"records\":%" PRIu64 ",\"datagrams\":%" PRIu64 ",\"bytes\":%" PRIu64
                                     ",\"packets\":%" PRIu64 ",\"options_records\":%" PRIu64 ",\"skipped\":%" PRIu64
                                     ",\"exporters\":%td,\"seconds\":%.6f,\"rate\":%.0f}\n"
                                   : "records          %" PRIu64 "\ndatagrams        %" PRIu64
                                     "\nbytes            %" PRIu64 "\npackets          %" PRIu64
                                     "\noptions records  %" PRIu64 "\nskipped          %" PRIu64
                                     "\nexporters        %td\nseconds          %.3f\nrate             %.0f records/s\n";
  std::printf(form, total_.records, total_.datagrams, total_.bytes, total_.packets, total_.options_records,
              options_.csv ? options_.csv->skipped() : 0, exporters, seconds, rate);
  std::fflush(stdout);
}

}  // namespace

int run_gen(const Arguments& arguments) {
  std::unique_ptr<Options> options = parse(arguments);
  if (!options) return 0;
  Generator generator(*options);
  int code = generator.run();
  generator.print();
  return code;
}

}  // namespace weir
