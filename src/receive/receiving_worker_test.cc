// SPDX-License-Identifier: Apache-2.0
// Handlers that only record their calls, over loopback.
#include "receive/receiving_worker.h"
#include "base/time_units.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "os/clock.h"
#include "os/wake.h"

namespace weir {
namespace {

const os::Endpoint kAnyPort{IpAddress::v4(0x7f000001), 0};

bool eventually(const std::function<bool()>& holds) {
  for (const int64_t until = os::monotonic_ns() + 60 * kSecond; os::monotonic_ns() < until; os::sleep_ns(kMillisecond))
    if (holds()) return true;
  return false;
}

struct Datagrams {
  void receive(std::span<const Datagram> batch) { received += batch.size(); }
  void turn(int64_t now_ns, bool idle) {
    EXPECT_GE(now_ns, last_turn_ns);
    last_turn_ns = now_ns;
    turns += 1, idle_turns += idle;
  }
  void finish() { finished += 1; }
  std::atomic<size_t> received{0}, turns{0}, idle_turns{0};
  int64_t last_turn_ns = 0;
  int finished = 0;
};

// Has two streams, and removes one after it was readable.
struct WithStreams : Datagrams {
  void begin(os::EpollSet& set) {
    streams = &set;
    set.add(stays.fd(), 1);
    set.add(goes.fd(), 2);
  }
  void readable(uint64_t tag) {
    if (tag == 1) stays.clear(), stays_read += 1;
    if (tag == 2) streams->remove(goes.fd()), goes_read += 1;
  }
  os::EpollSet* streams = nullptr;
  os::Wake stays, goes;
  std::atomic<int> stays_read{0}, goes_read{0};
};

template <class Handler>
struct Running {
  Running() {
    std::vector<ListeningSocket> sockets;
    os::UdpSocket socket = os::UdpSocket::listen(kAnyPort, 1 << 20);
    sender.emplace(os::UdpSocket::connect(kAnyPort, {kAnyPort.address, socket.local_port()}));
    sockets.push_back({std::move(socket), &entry});
    worker.emplace(std::move(sockets), clock, allowed, stop_time, handler);
  }
  void send() {
    static constexpr uint8_t kOctets[] = {1, 2, 3};
    EXPECT_EQ(sender->send(kOctets), 0);
  }
  SocketCounts entry;
  ReceiveClock clock{0};
  AllowedSenders allowed;
  StopTime stop_time;
  Handler handler;
  std::optional<os::UdpSocket> sender;
  std::optional<ReceivingWorker<Handler>> worker;
};

static_assert(DatagramHandler<Datagrams> && !StreamHandler<Datagrams>);
static_assert(DatagramHandler<WithStreams> && StreamHandler<WithStreams>);

TEST(ReceivingWorker, PassesDatagramsAndTurnsToTheHandler) {
  Running<Datagrams> r;
  r.worker->start("test");
  ASSERT_TRUE(eventually([&] { return r.handler.idle_turns >= 2; }));
  for (int i = 0; i < 100; ++i) r.send();
  ASSERT_TRUE(eventually([&] { return r.handler.received == 100; }));
  EXPECT_GT(r.handler.turns, r.handler.idle_turns);
  r.worker->request_stop();
  EXPECT_EQ(r.worker->join(), 0u);
  EXPECT_EQ(r.handler.finished, 1);
}

TEST(ReceivingWorker, AStopFirstReadsWhatIsQueued) {
  Running<Datagrams> r;
  for (int i = 0; i < 300; ++i) r.send();
  r.worker->start("test");
  r.worker->request_stop();
  EXPECT_EQ(r.worker->join(), 0u);
  EXPECT_EQ(r.handler.received, 300u);
  EXPECT_EQ(r.handler.finished, 1);
}

TEST(ReceivingWorker, WithoutTimeQueuedDatagramsAreCountedAsDropped) {
  Running<Datagrams> r;
  r.stop_time.hurry();
  for (int i = 0; i < 300; ++i) r.send();
  r.worker->start("test");
  r.worker->request_stop();
  const size_t left = r.worker->join();
  EXPECT_EQ(r.handler.received + left, 300u);
  EXPECT_EQ(r.entry.kernel_drops.value(), static_cast<int64_t>(left));
  EXPECT_EQ(r.handler.finished, 1);
}

TEST(ReceivingWorker, AWorkerThatWasNeverStartedEndsAtOnce) {
  Running<Datagrams> r;
  r.worker->request_stop();
  EXPECT_EQ(r.worker->join(), 0u);
  EXPECT_EQ(r.handler.finished, 0);
}

TEST(ReceivingWorker, ReadsStreamsAlongsideDatagrams) {
  Running<WithStreams> r;
  r.worker->start("test");
  for (int i = 1; i <= 50; ++i) {
    r.send();
    r.handler.stays.set();
    ASSERT_TRUE(eventually([&] { return r.handler.stays_read == i; }));
  }
  ASSERT_TRUE(eventually([&] { return r.handler.received == 50; }));
  r.handler.goes.set();
  ASSERT_TRUE(eventually([&] { return r.handler.goes_read == 1; }));
  const size_t turns = r.handler.turns;
  ASSERT_TRUE(eventually([&] { return r.handler.turns > turns + 2; }));
  EXPECT_EQ(r.handler.goes_read, 1);  // it is still readable, but no longer waited for
  r.worker->request_stop();
  EXPECT_EQ(r.worker->join(), 0u);
}

}  // namespace
}  // namespace weir
