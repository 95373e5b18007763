// SPDX-License-Identifier: Apache-2.0
#include "receive/udp_receiver.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "base/log.h"
#include "base/time_units.h"
#include "os/clock.h"
#include "receive/steering.h"

namespace weir {

// A wake-up and a system call cost about as much as ten datagrams. After a short batch the receiver waits for the next
// one to gather: as long as the socket's buffer can hold what a 10 Gbit/s link could deliver in that time (4 MiB are
// 1,800 full datagrams, 2 ms), within these bounds. Measured: docs/decisions/0004-waiting-for-a-batch.md.
static constexpr int64_t kMinLingerNs = 2'000'000, kMaxLingerNs = 4'000'000;
static constexpr int64_t kBufferPerMs = 2 << 20;
static constexpr size_t kShortBatch = limits::kReceiveSlots / 2;

// The clock is believed where it is off by less than a day (ReceiveClock), so a datagram may have waited for so long.
static constexpr int64_t kMaxQueuedNs = kDay;
static constexpr int64_t kPauseNs = 5 * kMillisecond;
static constexpr int64_t kLogEveryNs = kMinute;

ReceiveError receive_error(int error) {
  if (error == ENOMEM) return ReceiveError::no_memory;
  return error == ENOBUFS ? ReceiveError::no_buffers : ReceiveError::other;
}

UdpReceiver::UdpReceiver(std::vector<ListeningSocket> sockets, ReceiveClock& clock, const AllowedSenders& allowed)
    : sockets_(std::move(sockets)), clock_(clock), allowed_(allowed), slots_(limits::kReceiveSlots) {
  batch_.reserve(limits::kReceiveSlots);
  linger_ns_ = kMaxLingerNs;
  for (const ListeningSocket& s : sockets_) {
    waiting_.add_socket(s.socket.fd());
    linger_ns_ = std::min(linger_ns_, int64_t{s.socket.granted_receive_buffer()} * 1'000'000 / kBufferPerMs);
  }
  if (linger_ns_ < kMinLingerNs) linger_ns_ = 0;
}

bool UdpReceiver::wait(int timeout_ms) {
  bool short_batch = last_batch_ > 0 && last_batch_ < kShortBatch;
  if (short_batch && linger_ns_ > 0) waiting_.linger(linger_ns_);
  if (last_batch_ > 0) {
    last_batch_ = 0;
    return true;  // the socket may well have more: reading shows that as cheaply as waiting
  }
  return waiting_.wait(int64_t{timeout_ms} * 1'000'000);
}

void UdpReceiver::read(ListeningSocket& socket) {
  const int received = slots_.receive(socket.socket);
  filled_ = slot_ = place_ = 0;
  if (received < 0) note_failure(socket, -received);
  if (received <= 0) return;
  filled_ = static_cast<size_t>(received);
  read_at_ = ReceiveClock::system_times();
  stamp_ = clock_.receive(read_at_);
  allowed_.look();
  socket.entry->receive_calls.add();
}

// The next batch of datagrams from what was read.
std::span<const Datagram> UdpReceiver::next_batch(ListeningSocket& socket) {
  batch_.clear();
  while (slot_ < filled_ && batch_.size() < limits::kReceiveSlots) {
    const os::Received received = slots_[slot_];
    if (is_allowed(socket, received))
      add_datagrams(received);
    else
      ++slot_;
  }
  if (batch_.empty()) return {};
  int64_t bytes = 0;
  for (const Datagram& datagram : batch_) bytes += static_cast<int64_t>(datagram.bytes.size());
  socket.entry->datagrams.add(static_cast<int64_t>(batch_.size()));
  socket.entry->bytes.add(bytes);
  return batch_;
}

bool UdpReceiver::is_allowed(ListeningSocket& socket, const os::Received& received) {
  if (allowed_.allows(received.source)) return true;
  socket.entry->not_allowed.add(static_cast<int64_t>(received.datagrams()));
  return false;
}

void UdpReceiver::add_datagrams(const os::Received& received) {
  const int64_t now = read_at_.real_ns, kernel = received.kernel_ns;
  const bool usable = kernel > 0 && kernel <= now && kernel >= now - kMaxQueuedNs;
  const int64_t came = (usable ? kernel : now) + stamp_.correction_ns;
  const Bytes whole = received.bytes;
  const size_t segment = received.segment_bytes > 0 ? received.segment_bytes : whole.size();
  do {
    const Bytes datagram = whole.subspan(place_, std::min(segment, whole.size() - place_));
    batch_.push_back({datagram, received.source, received.source_port, came, 0, stamp_.held});
    place_ += datagram.size();
  } while (place_ < whole.size() && batch_.size() < limits::kReceiveSlots);
  if (place_ < whole.size()) return;
  place_ = 0;
  ++slot_;
}

size_t UdpReceiver::give_up_waiting(int64_t end_ns) {
  size_t total = 0;
  for (ListeningSocket& socket : sockets_) {
    while (os::monotonic_ns() < end_ns) {
      const int filled = slots_.receive(socket.socket);
      if (filled <= 0) break;
      size_t datagrams = 0;
      for (size_t i = 0; i < static_cast<size_t>(filled); ++i) datagrams += slots_[i].datagrams();
      socket.entry->kernel_drops.add(static_cast<int64_t>(datagrams));
      total += datagrams;
    }
  }
  return total;
}

void UdpReceiver::note_failure(ListeningSocket& socket, int error) {
  failed_ = true;
  socket.entry->receive_errors[static_cast<size_t>(receive_error(error))].add();
  ++socket.failures;
  const int64_t now = os::monotonic_ns();
  if (now < socket.next_line_ns) return;
  socket.next_line_ns = now + kLogEveryNs;
  const std::string times = std::to_string(std::exchange(socket.failures, 0));
  log_error("receive", "cannot read from " + socket.entry->listener + ": " + os::error_text(error) + " (" + times +
                           " times); receiving goes on, tried again every few milliseconds" +
                           (receive_error(error) == ReceiveError::other ? "" : "; the machine is short of memory"));
}

void UdpReceiver::pause() {
  failed_ = false;
  waiting_.linger(kPauseNs);
}

void UdpReceiver::keep_senders_together(unsigned workers) {
  for (const ListeningSocket& s : sockets_) {
    s.socket.receive_joined(false);
    if (int error = weir::keep_senders_together(s.socket, workers))
      log_warning("receive", "the kernel spreads the datagrams of one sender over the workers of " + s.entry->listener +
                                 ": " + os::error_text(error) +
                                 "; their order may be lost, which looks like loss and duplicates. One worker "
                                 "(--workers 1) keeps it");
  }
}

void UdpReceiver::update_drops() {
  for (ListeningSocket& s : sockets_) {
    std::optional<os::SocketMemory> memory = s.socket.memory();
    if (!memory) continue;  // the next call will read it
    s.entry->kernel_drops.add(static_cast<uint32_t>(memory->drops - s.drops_seen));
    s.drops_seen = memory->drops;
  }
}

}  // namespace weir
