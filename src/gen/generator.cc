// SPDX-License-Identifier: Apache-2.0
#include "gen/generator.h"

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "base/log.h"
#include "base/time_units.h"
#include "gen/pacer.h"
#include "os/clock.h"
#include "wire/encode.h"

namespace weir {
namespace {

constexpr int64_t kTickNs = 500'000;  // between two bursts

os::Endpoint source_of(const GenOptions& options, uint64_t i) {
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

// The exporter's agent address: its source address if known, else one of the benchmarking range (RFC 2544).
IpAddress agent_of(const GenOptions& options, uint64_t i) {
  IpAddress source = source_of(options, i).address;
  return source.is_v4() ? source : IpAddress::v4(0xc612'0001 + static_cast<uint32_t>(i));
}

uint64_t part_of(uint64_t whole, uint64_t i, uint64_t parts) {
  return whole == kUnlimited ? kUnlimited : whole / parts + (i < whole % parts ? 1 : 0);
}

uint64_t seed_of(const GenOptions& options, uint64_t exporter) { return options.seed * 1'000'003 + exporter; }

}  // namespace

Generator::Generator(const GenOptions& options)
    : options_(options),
      network_(options.seed),
      batch_(kGenBatch, options.datagram_bytes),
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

// Limits a turn so that each exporter sends something before one sends more.
size_t Generator::turn_datagrams(double records) const {
  double wanted = std::min({records, static_cast<double>(records_left_), 1e9}) / records_per_datagram_;
  wanted = std::min(wanted, static_cast<double>(datagrams_left_));
  return static_cast<size_t>(std::clamp(wanted / static_cast<double>(players_.size()), 1.0, double{kGenBatch}));
}

// Sends about `records` records, or one turn of every exporter if that is infinite.
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
    size_t limit = static_cast<size_t>(std::min(options_.records_per_datagram, player.records_left));
    Content& content = in_batch_[batch_.used()];
    std::span<uint8_t> out(batch_.slot(), options_.datagram_bytes);
    batch_.commit(player.exporter.write(out, limit, os::realtime_ns(), &content));
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

// Also checks for an interruption.
void Generator::wait(int64_t ns) {
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

// UDP itself reports nothing; but a machine where nobody listens answers (ICMP), and the kernel remembers it.
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

}  // namespace weir
