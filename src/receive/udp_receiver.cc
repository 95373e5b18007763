// SPDX-License-Identifier: Apache-2.0
#include "receive/udp_receiver.h"

#include <algorithm>

#include "base/limits.h"
#include "os/clock.h"

namespace weir {

// A wake-up and a system call cost about as much as ten datagrams. After a short batch the next one is given time to
// gather: as long as the socket's buffer takes what a 10 Gbit/s link could bring meanwhile (4 MiB are 1,800 full
// datagrams, 2 ms), within these bounds. Measured: docs/decisions/0004-waiting-for-a-batch.md.
static constexpr int64_t kLeastLingerNs = 2'000'000, kMostLingerNs = 4'000'000;
static constexpr int64_t kBufferPerMs = 2 << 20;
static constexpr size_t kShortBatch = limits::kReceiveSlots / 2;

UdpReceiver::UdpReceiver(std::vector<ListeningSocket> sockets)
    : sockets_(std::move(sockets)), slots_(limits::kReceiveSlots), batch_(limits::kReceiveSlots) {
  linger_ns_ = kMostLingerNs;
  for (const ListeningSocket& s : sockets_) {
    waiting_.push_back(&s.socket);
    linger_ns_ = std::min(linger_ns_, int64_t{s.socket.granted_receive_buffer()} * 1'000'000 / kBufferPerMs);
  }
  if (linger_ns_ < kLeastLingerNs) linger_ns_ = 0;
}

bool UdpReceiver::wait(int timeout_ms) {
  bool short_batch = last_batch_ > 0 && last_batch_ < kShortBatch;
  if (short_batch && linger_ns_ > 0) os::sleep_ns(linger_ns_);
  if (last_batch_ > 0) {
    last_batch_ = 0;
    return true;  // the socket may well have more: reading tells as cheaply as polling
  }
  return os::wait_readable(waiting_, -1, timeout_ms);
}

std::span<const Datagram> UdpReceiver::read(ListeningSocket& socket) {
  int received = slots_.receive(socket.socket);
  if (received <= 0) return {};
  int64_t now = os::realtime_ns();
  auto count = static_cast<size_t>(received);
  int64_t bytes = 0;
  for (size_t i = 0; i < count; ++i) {
    os::Received r = slots_[i];
    batch_[i] = {r.bytes, r.source, r.source_port, now};
    bytes += static_cast<int64_t>(r.bytes.size());
  }
  socket.account->datagrams.add(received);
  socket.account->bytes.add(bytes);
  socket.account->receive_calls.add();
  return {batch_.data(), count};
}

void UdpReceiver::update_drops() {
  for (ListeningSocket& s : sockets_) {
    uint32_t drops = s.socket.memory().drops;
    s.account->kernel_drops.add(static_cast<uint32_t>(drops - s.drops_seen));
    s.drops_seen = drops;
  }
}

}  // namespace weir
