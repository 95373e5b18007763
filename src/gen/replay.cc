// SPDX-License-Identifier: Apache-2.0
#include "gen/replay.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/log.h"
#include "base/time_units.h"
#include "os/clock.h"

namespace weir {
namespace {

constexpr size_t kFlushesPerSignalCheck = 16;
constexpr int kInterrupted = 130;

// With the source's own port if it is free, because collectors keep templates by address and port: two successive
// replays are then the same exporter.
os::UdpSocket open_socket(const IpAddress& local, uint16_t port, const os::Endpoint& to) {
  try {
    return os::UdpSocket::connect({local, port}, to);
  } catch (const Error&) {
    if (port == 0) throw;
    return os::UdpSocket::connect({local, 0}, to);
  }
}

}  // namespace

IpAddress ReplaySources::local_address(const IpAddress& captured) {
  if (!loopback_v4_) return {};
  auto n = static_cast<uint32_t>(local_addresses_.size());
  auto [it, added] = local_addresses_.try_emplace(captured);
  if (added) it->second = IpAddress::v4(0x7f00'0100 + n / 254 * 256 + n % 254 + 1);
  return it->second;
}

ReplaySource& ReplaySources::at(const os::Endpoint& captured) {
  ReplaySource*& source = by_endpoint_[{captured.address, captured.port}];
  if (source) return *source;
  if (sources_.size() >= kMaxSources)
    throw runtime_failure("the capture has more than " + std::to_string(kMaxSources) +
                          " sources (address and port), each of which needs a socket; replay one port of it (--port), "
                          "or cut it into parts");
  IpAddress local = local_address(captured.address);
  os::UdpSocket socket = open_socket(local, captured.port, to_);
  uint16_t port = socket.local_port();
  sources_.push_back(std::make_unique<ReplaySource>(ReplaySource{captured, {local, port}, std::move(socket)}));
  return *(source = sources_.back().get());
}

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
    if (captured.datagram.bytes.size() > kMaxUdpPayload) {
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

// In terms of this machine's monotonic clock.
int64_t Replay::due_ns(int64_t captured_ns) const {
  double after = 0;
  if (options_.pace == ReplayPace::rate) {
    after = static_cast<double>(taken_) / options_.rate * 1e9;
    return totals_.start_ns + static_cast<int64_t>(std::min(after, 9e18 / 2));
  }
  after = static_cast<double>(captured_ns - first_captured_ns_) / options_.speed;
  return pass_start_ns_ + static_cast<int64_t>(std::clamp(after, 0.0, 9e18 / 2));
}

void Replay::add(const CapturedDatagram& captured) {
  if (options_.pace != ReplayPace::unpaced) wait_until(due_ns(captured.datagram.received_ns));
  if (finished()) return;
  const ReplaySource& source = sources_.at({captured.datagram.exporter, captured.datagram.exporter_port});
  if (&source != source_ || batch_.full()) flush();
  source_ = &source;
  Bytes bytes = captured.datagram.bytes;
  sizes_[batch_.used()] = bytes.size();
  if (!bytes.empty()) std::memcpy(batch_.slot(), bytes.data(), bytes.size());
  batch_.commit(bytes.size());
  ++taken_;
}

// Sends what is due before a pause. An interruption ends the pause.
void Replay::wait_until(int64_t due) {
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

}  // namespace weir
