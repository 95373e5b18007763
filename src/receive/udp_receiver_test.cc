// SPDX-License-Identifier: Apache-2.0
// Over loopback: what is received, from whom, when, and what happens if a socket cannot be read.
#include "receive/udp_receiver.h"
#include "base/time_units.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace weir {
namespace {

const os::Endpoint kAnyPort{IpAddress::v4(0x7f000001), 0};

struct Seen {
  std::string text;
  IpAddress exporter;
  uint16_t port = 0;
  int64_t received_ns = 0;
  bool clock_held = false;
};

class UdpReceiverTest : public testing::Test {
 protected:
  // One listener: its socket, and a socket that sends to it.
  struct Listener {
    SocketCounts entry;
    uint16_t port = 0;
    int fd = -1;
    std::optional<os::UdpSocket> sender;
  };

  void open(size_t listeners, int buffer = 1 << 20, bool joined = false) {
    std::vector<ListeningSocket> sockets;
    for (size_t i = 0; i < listeners; ++i) {
      Listener& listener = listeners_.emplace_back();
      os::UdpSocket socket = listen_on_a_port_of_its_own(buffer);
      EXPECT_TRUE(socket.receive_joined(joined));
      listener.entry.listener = "netflow://listener" + std::to_string(i);
      listener.port = socket.local_port();
      listener.fd = socket.fd();
      listener.sender.emplace(os::UdpSocket::connect(kAnyPort, {kAnyPort.address, listener.port}));
      sockets.push_back({std::move(socket), &listener.entry});
    }
    receiver_.emplace(std::move(sockets), clock_, allowed_);
  }
  // With SO_REUSEPORT the kernel may choose a port that another listener has, and then divides its datagrams between
  // them.
  os::UdpSocket listen_on_a_port_of_its_own(int buffer) {
    for (;;) {
      os::UdpSocket socket = os::UdpSocket::listen(kAnyPort, buffer);
      if (std::ranges::find(listeners_, socket.local_port(), &Listener::port) == listeners_.end()) return socket;
    }
  }
  void send(const std::string& text, size_t to = 0) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
    ASSERT_EQ(listeners_[to].sender->send({bytes, text.size()}), 0);
  }
  // Several datagrams joined into one piece, as a receiver's network card would do.
  void send_in_pieces(const std::string& text, int octets) {
    const int fd = listeners_[0].sender->fd(), off = 0;
    ASSERT_EQ(::setsockopt(fd, SOL_UDP, UDP_SEGMENT, &octets, sizeof octets), 0);
    send(text);
    ASSERT_EQ(::setsockopt(fd, SOL_UDP, UDP_SEGMENT, &off, sizeof off), 0);
  }
  size_t receive(int timeout_ms) {
    return receiver_->receive(timeout_ms, [&](std::span<const Datagram> batch) {
      largest_batch_ = std::max(largest_batch_, batch.size());
      for (const Datagram& d : batch)
        seen_.push_back({{d.bytes.begin(), d.bytes.end()}, d.exporter, d.exporter_port, d.received_ns, d.clock_held});
    });
  }
  bool receive_until(size_t count) {
    const int64_t until = os::monotonic_ns() + 60 * kSecond;
    while (seen_.size() < count && os::monotonic_ns() < until) receive(100);
    return seen_.size() == count;
  }
  // The kernel starts to timestamp a moment after the first socket requests it; until then datagrams have the time of
  // the read.
  bool wait_for_kernel_times() {
    const int64_t until = os::monotonic_ns() + 60 * kSecond;
    while (os::monotonic_ns() < until) {
      seen_.clear();
      send("early");
      os::sleep_ns(20'000'000);
      const int64_t before_reading = os::realtime_ns();
      if (!receive_until(1)) return false;
      if (std::exchange(seen_, {})[0].received_ns < before_reading) return true;
    }
    return false;
  }
  // The descriptor that is read is no socket any more; the one waited for still is a socket, with a datagram in it.
  void break_socket(size_t which) {
    send("unread", which);
    kept_.emplace_back(::dup(listeners_[which].fd));
    int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ASSERT_GE(::dup3(null, listeners_[which].fd, O_CLOEXEC), 0);
    ::close(null);
  }
  static int64_t errors(const Listener& listener, ReceiveError reason) {
    return listener.entry.receive_errors[static_cast<size_t>(reason)].value();
  }

  ReceiveClock clock_{0};
  AllowedSenders allowed_;
  std::deque<Listener> listeners_;
  std::optional<UdpReceiver> receiver_;
  std::vector<Seen> seen_;
  size_t largest_batch_ = 0;
  std::vector<os::File> kept_;
};

TEST_F(UdpReceiverTest, ReceivesAndCountsWhatIsSent) {
  open(1);
  const std::string large(65'507, 'x');  // the maximum for UDP over IPv4
  for (const std::string& text : {std::string("one"), std::string(), large}) send(text);
  ASSERT_TRUE(receive_until(3));
  EXPECT_EQ(seen_[0].text, "one");
  EXPECT_EQ(seen_[1].text, "");
  EXPECT_EQ(seen_[2].text, large);
  EXPECT_EQ(seen_[0].exporter.to_string(), "127.0.0.1");
  EXPECT_EQ(seen_[0].port, listeners_[0].sender->local_port());
  EXPECT_EQ(listeners_[0].entry.datagrams.value(), 3);
  EXPECT_EQ(listeners_[0].entry.bytes.value(), 65'510);
  EXPECT_EQ(receive(0), 0u);
}

TEST_F(UdpReceiverTest, MoreThanABatchArrivesInOrder) {
  open(1, 4 << 20);
  const size_t count = 3 * limits::kReceiveSlots + 5;
  for (size_t i = 0; i < count; ++i) send(std::to_string(i));
  ASSERT_TRUE(receive_until(count));
  for (size_t i = 0; i < count; ++i) EXPECT_EQ(seen_[i].text, std::to_string(i));
  EXPECT_GE(listeners_[0].entry.receive_calls.value(), 4);
}

TEST_F(UdpReceiverTest, JoinedDatagramsAreSeparated) {
  open(1, 4 << 20, true);
  send("before");
  const size_t pieces = limits::kReceiveSlots / 2 + 3;
  for (char c : {'a', 'b', 'c'}) send_in_pieces(std::string(pieces * 100 - 1, c), 100);
  send("after");
  ASSERT_TRUE(receive_until(3 * pieces + 2));
  EXPECT_EQ(seen_.front().text, "before");
  EXPECT_EQ(seen_.back().text, "after");
  for (size_t i = 0; i < 3 * pieces; ++i) {
    const size_t size = i % pieces == pieces - 1 ? 99 : 100;
    EXPECT_EQ(seen_[1 + i].text, std::string(size, "abc"[i / pieces])) << i;
    EXPECT_EQ(seen_[1 + i].port, listeners_[0].sender->local_port());
    EXPECT_NE(seen_[1 + i].received_ns, 0);
  }
  EXPECT_EQ(listeners_[0].entry.datagrams.value(), static_cast<int64_t>(3 * pieces + 2));
  EXPECT_EQ(listeners_[0].entry.bytes.value(), static_cast<int64_t>(3 * (pieces * 100 - 1) + 11));
  EXPECT_LT(listeners_[0].entry.receive_calls.value(), 6);
  EXPECT_LE(largest_batch_, limits::kReceiveSlots);
}

TEST_F(UdpReceiverTest, DiscardedDatagramsAreCountedOneByOne) {
  open(1, 4 << 20, true);
  send("alone");
  send_in_pieces(std::string(1'001, 'x'), 100);
  EXPECT_EQ(receiver_->give_up_waiting(os::monotonic_ns() + kSecond), 12u);
  EXPECT_EQ(listeners_[0].entry.kernel_drops.value(), 12);
}

TEST_F(UdpReceiverTest, SendersNotAllowedAreCountedAndNotSeen) {
  open(1, 4 << 20, true);
  allowed_.set({parse_network("192.0.2.0/24")});
  send("alone");
  send_in_pieces(std::string(250, 'x'), 100);
  EXPECT_EQ(receive(1'000), 0u);
  EXPECT_EQ(listeners_[0].entry.not_allowed.value(), 4);
  EXPECT_EQ(listeners_[0].entry.datagrams.value(), 0);
  allowed_.set({parse_network("192.0.2.0/24"), parse_network("127.0.0.1")});
  send("welcome");
  ASSERT_TRUE(receive_until(1));
  EXPECT_EQ(seen_[0].text, "welcome");
  EXPECT_EQ(listeners_[0].entry.not_allowed.value(), 4);
}

TEST_F(UdpReceiverTest, HandlesManySockets) {
  open(100);
  for (size_t which : {99u, 65u, 64u, 0u}) {
    seen_.clear();
    while (receive(0) > 0) {
    }
    send("to " + std::to_string(which), which);
    ASSERT_TRUE(receive_until(1)) << which;
    EXPECT_EQ(seen_[0].text, "to " + std::to_string(which));
    EXPECT_EQ(listeners_[which].entry.datagrams.value(), 1);
  }
}

// The datagrams are read together, but arrived at different times.
TEST_F(UdpReceiverTest, ADatagramHasItsTimeOfArrival) {
  open(1);
  ASSERT_TRUE(wait_for_kernel_times());
  std::vector<int64_t> before;
  for (int i = 0; i < 5; ++i) {
    before.push_back(os::realtime_ns());
    send("x");
    os::sleep_ns(20'000'000);
  }
  EXPECT_EQ(receive(1'000), 5u);
  ASSERT_EQ(seen_.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_GE(seen_[i].received_ns, before[i]) << i;
    EXPECT_LE(seen_[i].received_ns, i < 4 ? before[i + 1] : os::realtime_ns()) << i;
    EXPECT_FALSE(seen_[i].clock_held);
  }
}

TEST_F(UdpReceiverTest, WithoutTheKernelsTimeItHasTheTimeOfTheRead) {
  open(1);
  int off = 0;
  ASSERT_EQ(::setsockopt(listeners_[0].fd, SOL_SOCKET, SO_TIMESTAMPNS, &off, sizeof off), 0);
  send("x");
  os::sleep_ns(20'000'000);
  int64_t before = os::realtime_ns();
  ASSERT_TRUE(receive_until(1));
  EXPECT_GE(seen_[0].received_ns, before);
  EXPECT_LE(seen_[0].received_ns, os::realtime_ns());
}

// The store's newest flow is two days in the future.
TEST_F(UdpReceiverTest, TimesAreCorrectedAndMarkedWhileTheClockIsHeld) {
  clock_.start_from(os::realtime_ns() + 2 * kDay);
  open(1);
  testing::internal::CaptureStderr();
  int64_t before = os::realtime_ns();
  send("x");
  os::sleep_ns(20'000'000);
  ASSERT_TRUE(receive_until(1));
  testing::internal::GetCapturedStderr();
  EXPECT_TRUE(seen_[0].clock_held);
  EXPECT_GE(seen_[0].received_ns, before + 2 * kDay - kSecond);  // the clock was started a moment before
  EXPECT_LE(seen_[0].received_ns, os::realtime_ns() + 2 * kDay);
}

TEST_F(UdpReceiverTest, ASocketThatCannotBeReadIsCountedAndDoesNotSpin) {
  open(2);
  break_socket(0);
  testing::internal::CaptureStderr();
  const int64_t began = os::monotonic_ns(), cpu_before = os::thread_cpu_ns();
  for (int i = 0; i < 50; ++i) receive(1'000);
  const int64_t failed = errors(listeners_[0], ReceiveError::other);
  EXPECT_EQ(failed, 50);
  EXPECT_GE(os::monotonic_ns() - began, 50 * 1'000'000);  // a few milliseconds each
  EXPECT_LT(os::thread_cpu_ns() - cpu_before, os::monotonic_ns() - began);
  send("still", 1);
  EXPECT_TRUE(receive_until(1));
  EXPECT_EQ(errors(listeners_[1], ReceiveError::other), 0);
  std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
  EXPECT_NE(log.find("netflow://listener0"), std::string::npos) << log;
}

TEST_F(UdpReceiverTest, WakingEndsTheWaitAtOnce) {
  open(1);
  std::thread waker([&] {
    os::sleep_ns(20'000'000);
    receiver_->wake();
  });
  const int64_t began = os::monotonic_ns();
  EXPECT_EQ(receive(60'000), 0u);
  EXPECT_LT(os::monotonic_ns() - began, 30 * kSecond);
  waker.join();
  send("after");
  EXPECT_TRUE(receive_until(1));
}

TEST_F(UdpReceiverTest, ErrorsAreNamedByErrno) {
  EXPECT_EQ(kReceiveErrorNames[static_cast<size_t>(receive_error(ENOMEM))], "ENOMEM");
  EXPECT_EQ(kReceiveErrorNames[static_cast<size_t>(receive_error(ENOBUFS))], "ENOBUFS");
  EXPECT_EQ(kReceiveErrorNames[static_cast<size_t>(receive_error(EIO))], "other");
}

TEST_F(UdpReceiverTest, KernelDropsAreCountedOnce) {
  open(1, 4'096);
  for (int i = 0; i < 200; ++i) send(std::string(1'000, 'x'));
  while (receive(0) > 0) {
  }
  receiver_->update_drops();
  const int64_t dropped = listeners_[0].entry.kernel_drops.value();
  EXPECT_GT(dropped, 0);
  EXPECT_EQ(dropped + static_cast<int64_t>(seen_.size()), 200);
  receiver_->update_drops();
  EXPECT_EQ(listeners_[0].entry.kernel_drops.value(), dropped);
  break_socket(0);  // now the kernel reports nothing, which does not mean 0
  receiver_->update_drops();
  EXPECT_EQ(listeners_[0].entry.kernel_drops.value(), dropped);
}

}  // namespace
}  // namespace weir
