// SPDX-License-Identifier: Apache-2.0
// Implements `weir replay`: sends a capture's export datagrams to a collector again, at their original pace or another,
// each source from its own socket.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "config/arguments.h"
#include "gen/replay.h"
#include "os/resolve.h"

namespace weir {
namespace {

constexpr size_t kMaxListed = 20;  // sources listed in the totals without --verbose

// Null if --help was requested, which has then been printed.
std::unique_ptr<ReplayOptions> parse(const Arguments& arguments) {
  CLI::App app("Sends the UDP datagrams of a capture (pcap, pcapng) or of a file of export datagrams to a collector.",
               "weir replay");
  auto options = std::make_unique<ReplayOptions>();
  std::string to, format = "text";
  bool unpaced = false;
  app.add_option("FILE", options->file, "pcap, pcapng, IPFIX file, or saved datagrams")->required();
  app.add_option("--to", to, "HOST:PORT of the collector")->required();
  auto* rate =
      app.add_option("--rate", options->rate, "datagrams per second, evenly spaced")->check(CLI::PositiveNumber);
  auto* speed = app.add_option("--speed", options->speed,
                               "speed relative to the capture's own; 10: ten times as fast (default 1)")
                    ->check(CLI::PositiveNumber);
  auto* fast = app.add_flag("--as-fast-as-possible", unpaced, "without any pause");
  rate->excludes(speed)->excludes(fast);
  speed->excludes(fast);
  app.add_option("--loop", options->loops,
                 "how many times to send it (0: until interrupted); collectors see the exporters restart each time");
  app.add_option("--port", options->only_port, "send only the datagrams that went to this port in the capture")
      ->check(CLI::Range(1, 65535));
  app.add_flag("--verbose,-v", options->verbose,
               "list every source, and the address and port that its datagrams were sent from");
  app.add_option("--format", format, "format of the totals: text or json")->check(CLI::IsMember({"text", "json"}));
  app.footer(
      "Each source (address and port) of the capture has a socket of its own, with its own port where that is free.\n"
      "To a loopback IPv4 address, each source address becomes 127.0.1.1, 127.0.1.2, ... in order of appearance.\n"
      "Example: weir replay routers.pcap --to 127.0.0.1:2055 --speed 10");
  if (!parse_or_help(app, [&] { parse_words(app, arguments); })) return nullptr;
  options->to = os::resolve_endpoint(to);
  options->pace = unpaced ? ReplayPace::unpaced : rate->count() ? ReplayPace::rate : ReplayPace::original;
  options->json = format == "json";
  return options;
}

void warn(const ReplayOptions& options, const ReplayTotals& totals) {
  if (totals.capture.damaged)
    log_warning("replay", options.file + " is damaged at byte " + std::to_string(totals.capture.damage.offset) + ": " +
                              std::string(totals.capture.damage.what) + "; what comes before was sent");
  if (totals.datagrams == 0)
    log_warning("replay", options.file + " has no UDP datagram" +
                              (options.only_port ? " to port " + std::to_string(options.only_port) : "") +
                              ": nothing was sent");
}

// What was in the file but not sent, by reason; only reasons with a count.
nlohmann::ordered_json skipped(const ReplayTotals& totals) {
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

void print_json(const ReplayTotals& totals, const ReplaySources& sources) {
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

void print_text(const ReplayOptions& options, const ReplayTotals& totals, const ReplaySources& sources) {
  std::printf("datagrams  %llu\nbytes      %llu\nsources    %zu\nseconds    %.3f\n",
              static_cast<unsigned long long>(totals.datagrams), static_cast<unsigned long long>(totals.bytes),
              sources.all().size(), totals.seconds());
  const auto reasons = skipped(totals);
  for (const auto& [reason, count] : reasons.items())
    std::printf("not sent   %s %s\n", count.dump().c_str(), reason.c_str());
  if (!options.verbose && sources.all().size() > kMaxListed) {
    std::printf("(--verbose names the sources)\n");
    return;
  }
  for (const auto& source : sources.all())
    std::printf("source     %s sent from %s\n", source->captured.to_string().c_str(),
                source->local.to_string().c_str());
}

}  // namespace

int run_replay(const Arguments& arguments) {
  std::unique_ptr<ReplayOptions> options = parse(arguments);
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
