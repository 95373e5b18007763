// SPDX-License-Identifier: Apache-2.0
// weir replay: sends a capture's export datagrams to a collector again, at their own pace or another, each source
// from a socket of its own.
#include <absl/container/flat_hash_map.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/words.h"
#include "os/clock.h"
#include "os/resolve.h"
#include "os/signals.h"
#include "os/udp_socket.h"
#include "wire/capture_file.h"

namespace weir {
namespace {

constexpr size_t kMostSources = 1024;
constexpr size_t kMostListed = 20;          // sources named in the totals without --verbose
constexpr size_t kMostUdpPayload = 65'507;  // that IPv4 can carry
constexpr size_t kBatch = 64;               // datagrams per sendmmsg
constexpr size_t kFlushesPerSignalCheck = 16;
constexpr int kInterrupted = 130;

enum class Pace { original, rate, unpaced };

struct Options {
  std::string file;
  os::Endpoint to;
  Pace pace = Pace::original;
  double rate = 0;     // datagrams a second
  double speed = 1;    // times the original
  uint64_t loops = 1;  // 0: until interrupted
  uint16_t only_port = 0;
  bool verbose = false, json = false;
};

// Nothing where --help was asked for and given.
std::unique_ptr<Options> parse(const Arguments& arguments) {
  CLI::App app("Sends the UDP datagrams of a capture (pcap, pcapng) or of a file of export datagrams to a collector.",
               "weir replay");
  auto options = std::make_unique<Options>();
  std::string to, format = "text";
  bool unpaced = false;
  app.add_option("FILE", options->file, "pcap, pcapng, IPFIX file, or saved datagrams")->required();
  app.add_option("--to", to, "HOST:PORT of the collector")->required();
  auto* rate = app.add_option("--rate", options->rate, "datagrams a second, evenly")->check(CLI::PositiveNumber);
  auto* speed = app.add_option("--speed", options->speed, "times the pace of the capture (default 1)")
                    ->check(CLI::PositiveNumber);
  auto* fast = app.add_flag("--as-fast-as-possible", unpaced, "without any pause");
  rate->excludes(speed)->excludes(fast);
  speed->excludes(fast);
  app.add_option("--loop", options->loops,
                 "so many times (0: until interrupted); collectors see the exporters start anew each time");
  app.add_option("--port", options->only_port, "only what the capture shows going to this port")
      ->check(CLI::Range(1, 65535));
  app.add_flag("--verbose,-v", options->verbose, "name every source, and what it was sent from");
  app.add_option("--format", format, "of the totals: text or json")->check(CLI::IsMember({"text", "json"}));
  app.footer(
      "Each source (address and port) of the capture has a socket of its own, with its own port where that is free.\n"
      "To a loopback IPv4 address, each source address becomes 127.0.1.1, 127.0.1.2, ... in order of appearance.\n"
      "Example: weir replay routers.pcap --to 127.0.0.1:2055 --speed 10");
  try {
    parse_words(app, arguments);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return nullptr;
  } catch (const CLI::ParseError& error) {
    throw usage_error("replay: " + std::string(error.what()) + "; see weir replay --help");
  }
  options->to = os::resolve_endpoint(to);
  options->pace = unpaced ? Pace::unpaced : rate->count() ? Pace::rate : Pace::original;
  options->json = format == "json";
  return options;
}

// ---- sources

// A source of the capture and the socket that plays it.
struct Source {
  os::Endpoint captured, local;
  os::UdpSocket socket;
};

// Gives each source its socket, made when it first appears. References stay valid.
class Sources {
 public:
  explicit Sources(const os::Endpoint& to) : to_(to) {
    loopback_v4_ = to.address.is_v4() && to.address.v4_host_order() >> 24 == 127;
    os::allow_open_files(kMostSources + 64);
  }
  Source& at(const os::Endpoint& captured);
  const std::vector<std::unique_ptr<Source>>& all() const { return sources_; }

 private:
  IpAddress local_address(const IpAddress& captured);

  os::Endpoint to_;
  bool loopback_v4_;
  absl::flat_hash_map<std::pair<IpAddress, uint16_t>, Source*> by_endpoint_;
  absl::flat_hash_map<IpAddress, IpAddress> local_addresses_;
  std::vector<std::unique_ptr<Source>> sources_;
};

IpAddress Sources::local_address(const IpAddress& captured) {
  if (!loopback_v4_) return {};
  auto n = static_cast<uint32_t>(local_addresses_.size());
  auto [it, added] = local_addresses_.try_emplace(captured);
  if (added) it->second = IpAddress::v4(0x7f00'0100 + n / 254 * 256 + n % 254 + 1);
  return it->second;
}

// With the source's own port where that is free, for collectors keep templates by address and port: two replays one
// after the other are then the same exporter.
os::UdpSocket open_socket(const IpAddress& local, uint16_t port, const os::Endpoint& to) {
  try {
    return os::UdpSocket::connect({local, port}, to);
  } catch (const Error&) {
    if (port == 0) throw;
    return os::UdpSocket::connect({local, 0}, to);
  }
}

Source& Sources::at(const os::Endpoint& captured) {
  Source*& source = by_endpoint_[{captured.address, captured.port}];
  if (source) return *source;
  if (sources_.size() >= kMostSources)
    throw runtime_failure("the capture has more than " + std::to_string(kMostSources) +
                          " sources (address and port), each of which needs a socket; replay one port of it (--port), "
                          "or cut it into parts");
  IpAddress local = local_address(captured.address);
  os::UdpSocket socket = open_socket(local, captured.port, to_);
  uint16_t port = socket.local_port();
  sources_.push_back(std::make_unique<Source>(Source{captured, {local, port}, std::move(socket)}));
  return *(source = sources_.back().get());
}

// ---- sending

struct Totals {
  uint64_t datagrams = 0, bytes = 0, passes = 0;
  uint64_t other_port = 0, too_large = 0;
  CaptureCounts capture;  // of all passes
  int64_t start_ns = 0, end_ns = 0;
  double seconds() const { return static_cast<double>(end_ns - start_ns) / 1e9; }
};

class Replay {
 public:
  explicit Replay(const Options& options)
      : options_(options), sources_(options.to), batch_(kBatch, kMostUdpPayload), sizes_(kBatch) {}
  int run();  // returns the exit code
  const Totals& totals() const { return totals_; }
  const Sources& sources() const { return sources_; }

 private:
  void pass();
  void add(const CapturedDatagram& captured);
  bool finished() const { return stopped_ || error_ != 0; }
  int64_t due_ns(int64_t captured_ns) const;
  void wait_until(int64_t due);
  void flush();
  int exit_code() const;

  const Options& options_;
  os::Signals signals_;
  Sources sources_;
  os::SendBatch batch_;        // of datagrams from one source
  std::vector<size_t> sizes_;  // of the datagrams in the batch
  const Source* source_ = nullptr;
  Totals totals_;
  uint64_t taken_ = 0, flushes_ = 0;
  int64_t pass_start_ns_ = 0, first_captured_ns_ = 0;
  int error_ = 0;
  bool stopped_ = false;
};

int Replay::run() {
  totals_.start_ns = totals_.end_ns = os::monotonic_ns();
  while (!finished() && (options_.loops == 0 || totals_.passes < options_.loops)) {
    pass();
    ++totals_.passes;
    if (taken_ == 0) break;
  }
  return exit_code();
}

void Replay::pass() {
  CaptureFile file(options_.file);
  pass_start_ns_ = os::monotonic_ns();
  bool first = true;
  CapturedDatagram captured;
  while (!finished() && file.next(captured)) {
    if (options_.only_port && file.is_capture() && captured.destination_port != options_.only_port) {
      ++totals_.other_port;
      continue;
    }
    if (captured.datagram.bytes.size() > kMostUdpPayload) {
      ++totals_.too_large;
      continue;
    }
    if (first) first_captured_ns_ = captured.datagram.received_ns;
    first = false;
    add(captured);
  }
  flush();
  CaptureCounts& sum = totals_.capture;
  const CaptureCounts& counts = file.counts();
  sum.frames += counts.frames;
  for (size_t i = 0; i < kFrameOutcomeCount; ++i) sum.outcomes[i] += counts.outcomes[i];
  sum.incomplete_datagrams += counts.incomplete_datagrams;
  sum.damaged |= counts.damaged;
  if (counts.damaged) sum.damage = counts.damage;
}

// On this machine's monotonic clock.
int64_t Replay::due_ns(int64_t captured_ns) const {
  double after = 0;
  if (options_.pace == Pace::rate) {
    after = static_cast<double>(taken_) / options_.rate * 1e9;
    return totals_.start_ns + static_cast<int64_t>(std::min(after, 9e18 / 2));
  }
  after = static_cast<double>(captured_ns - first_captured_ns_) / options_.speed;
  return pass_start_ns_ + static_cast<int64_t>(std::clamp(after, 0.0, 9e18 / 2));
}

void Replay::add(const CapturedDatagram& captured) {
  if (options_.pace != Pace::unpaced) wait_until(due_ns(captured.datagram.received_ns));
  if (finished()) return;
  const Source& source = sources_.at({captured.datagram.exporter, captured.datagram.exporter_port});
  if (&source != source_ || batch_.full()) flush();
  source_ = &source;
  Bytes bytes = captured.datagram.bytes;
  sizes_[batch_.used()] = bytes.size();
  if (!bytes.empty()) std::memcpy(batch_.slot(), bytes.data(), bytes.size());
  batch_.commit(bytes.size());
  ++taken_;
}

// What is due goes out before a pause. An interruption ends the pause.
void Replay::wait_until(int64_t due) {
  constexpr int64_t kMillisecond = 1'000'000;
  for (;;) {
    int64_t left = due - os::monotonic_ns();
    if (left <= 0 || finished()) return;
    flush();
    if (left < 2 * kMillisecond) {
      os::sleep_ns(left);
    } else {
      auto ms = static_cast<int>(std::min<int64_t>(left / kMillisecond - 1, 60'000));
      stopped_ |= signals_.wait(ms) == os::Event::stop;
    }
  }
}

void Replay::flush() {
  if (batch_.used() == 0) return;
  size_t sent = 0;
  int error = batch_.flush(source_->socket, &sent);
  totals_.datagrams += sent;
  for (size_t i = 0; i < sent; ++i) totals_.bytes += sizes_[i];
  if (error_ == 0) error_ = error;
  if (++flushes_ % kFlushesPerSignalCheck == 0) stopped_ |= signals_.wait(0) == os::Event::stop;
  totals_.end_ns = os::monotonic_ns();
}

int Replay::exit_code() const {
  if (error_ != 0) {
    log_error("replay", "cannot send to " + options_.to.to_string() + ": " + os::error_text(error_) +
                            "; the totals count what was sent before");
    return static_cast<int>(ExitCode::runtime_failure);
  }
  return stopped_ && options_.loops != 0 ? kInterrupted : 0;
}

// ---- totals

void warn(const Options& options, const Totals& totals) {
  if (totals.capture.damaged)
    log_warning("replay", options.file + " is damaged at byte " + std::to_string(totals.capture.damage.offset) + ": " +
                              std::string(totals.capture.damage.what) + "; what comes before was sent");
  if (totals.datagrams == 0)
    log_warning("replay", options.file + " has no UDP datagram" +
                              (options.only_port ? " to port " + std::to_string(options.only_port) : "") +
                              ": nothing was sent");
}

// What was in the file and not sent, by reason; only where there is any.
nlohmann::ordered_json skipped(const Totals& totals) {
  auto object = nlohmann::ordered_json::object();
  auto put = [&](std::string_view name, uint64_t n) {
    if (n) object[std::string(name)] = n;
  };
  for (size_t i = 0; i < kFrameOutcomeCount; ++i) {
    auto outcome = static_cast<FrameOutcome>(i);
    bool sent_otherwise = outcome == FrameOutcome::datagram || outcome == FrameOutcome::fragment;
    if (!sent_otherwise) put(kFrameOutcomeNames[i], totals.capture.outcomes[i]);
  }
  put("incomplete_datagrams", totals.capture.incomplete_datagrams);
  put("other_port", totals.other_port);
  put("too_large", totals.too_large);
  return object;
}

void print_json(const Totals& totals, const Sources& sources) {
  nlohmann::ordered_json out{{"datagrams", totals.datagrams},   {"bytes", totals.bytes},
                             {"sources", sources.all().size()}, {"seconds", totals.seconds()},
                             {"passes", totals.passes},         {"skipped", skipped(totals)}};
  if (totals.capture.damaged)
    out["damaged"] = {{"offset", totals.capture.damage.offset}, {"what", totals.capture.damage.what}};
  auto& mapping = out["mapping"] = nlohmann::ordered_json::array();
  for (const auto& source : sources.all())
    mapping.push_back({{"source", source->captured.to_string()}, {"sent_from", source->local.to_string()}});
  std::printf("%s\n", out.dump().c_str());
}

void print_text(const Options& options, const Totals& totals, const Sources& sources) {
  std::printf("datagrams  %llu\nbytes      %llu\nsources    %zu\nseconds    %.3f\n",
              static_cast<unsigned long long>(totals.datagrams), static_cast<unsigned long long>(totals.bytes),
              sources.all().size(), totals.seconds());
  const auto reasons = skipped(totals);
  for (const auto& [reason, count] : reasons.items())
    std::printf("not sent   %s %s\n", count.dump().c_str(), reason.c_str());
  if (!options.verbose && sources.all().size() > kMostListed) {
    std::printf("(--verbose names the sources)\n");
    return;
  }
  for (const auto& source : sources.all())
    std::printf("source     %s sent from %s\n", source->captured.to_string().c_str(),
                source->local.to_string().c_str());
}

}  // namespace

int run_replay(const Arguments& arguments) {
  std::unique_ptr<Options> options = parse(arguments);
  if (!options) return 0;
  Replay replay(*options);
  int code = replay.run();
  warn(*options, replay.totals());
  if (options->json) {
    print_json(replay.totals(), replay.sources());
  } else {
    print_text(*options, replay.totals(), replay.sources());
  }
  std::fflush(stdout);
  return code;
}

}  // namespace weir
