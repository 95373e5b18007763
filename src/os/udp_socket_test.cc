// SPDX-License-Identifier: Apache-2.0
// Tests over loopback, with real kernel sockets.
#include "os/udp_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "base/error.h"
#include "os/clock.h"
#include "os/epoll_set.h"

namespace weir::os {
namespace {

const Endpoint kLoopback4{IpAddress::v4(0x7f000001), 0};
const Endpoint kLoopback6{*IpAddress::parse("::1"), 0};

Bytes bytes_of(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
std::string text_of(const Received& received) { return {received.bytes.begin(), received.bytes.end()}; }

bool wait_for(const UdpSocket& socket) {
  EpollSet set;
  set.add(socket.fd(), 0);
  return set.wait(60'000'000'000) > 0;
}
int receive_one(ReceiveSlots& slots, const UdpSocket& socket) { return wait_for(socket) ? slots.receive(socket) : 0; }

bool has_ipv6() {
  try {
    UdpSocket::listen(kLoopback6, 0);
    return true;
  } catch (const Error&) {
    return false;
  }
}

TEST(Endpoint, AsText) {
  EXPECT_EQ((Endpoint{{}, 2055}).to_string(), ":2055");
  EXPECT_EQ((Endpoint{*IpAddress::parse("192.0.2.1"), 2055}).to_string(), "192.0.2.1:2055");
  EXPECT_EQ((Endpoint{*IpAddress::parse("2001:db8::1"), 2055}).to_string(), "[2001:db8::1]:2055");
}

TEST(UdpSocket, AnIPv4SenderIsMappedOnASocketOfBothFamilies) {
  UdpSocket listener = UdpSocket::listen({{}, 0}, 1 << 20);
  UdpSocket sender = UdpSocket::connect(kLoopback4, {kLoopback4.address, listener.local_port()});
  ASSERT_EQ(sender.send(bytes_of("four")), 0);
  ReceiveSlots slots(4);
  ASSERT_EQ(receive_one(slots, listener), 1);
  EXPECT_EQ(text_of(slots[0]), "four");
  EXPECT_TRUE(slots[0].source.is_v4());
  EXPECT_EQ(slots[0].source.to_string(), "127.0.0.1");
  EXPECT_EQ(slots[0].source_port, sender.local_port());
}

// A 16-octet address after a 4-octet one in the same slot, and the reverse.
TEST(UdpSocket, OneSetOfSlotsServesBothFamilies) {
  if (!has_ipv6()) GTEST_SKIP() << "no IPv6 here";
  UdpSocket four = UdpSocket::listen(kLoopback4, 0), six = UdpSocket::listen(kLoopback6, 0);
  UdpSocket to_four = UdpSocket::connect(kLoopback4, {kLoopback4.address, four.local_port()});
  UdpSocket to_six = UdpSocket::connect(kLoopback6, {kLoopback6.address, six.local_port()});
  ReceiveSlots slots(2);
  for (int round = 0; round < 3; ++round) {
    ASSERT_EQ(to_four.send(bytes_of("four")), 0);
    ASSERT_EQ(receive_one(slots, four), 1);
    EXPECT_EQ(slots[0].source.to_string(), "127.0.0.1");
    EXPECT_NE(slots[0].kernel_ns, 0);
    ASSERT_EQ(to_six.send(bytes_of("six")), 0);
    ASSERT_EQ(receive_one(slots, six), 1);
    EXPECT_EQ(slots[0].source.to_string(), "::1");
    EXPECT_EQ(text_of(slots[0]), "six");
    EXPECT_NE(slots[0].kernel_ns, 0);
  }
}

TEST(UdpSocket, ManySocketsShareAPortAndEachDatagramArrivesOnce) {
  UdpSocket first = UdpSocket::listen(kLoopback4, 0);
  const Endpoint shared{kLoopback4.address, first.local_port()};
  UdpSocket second = UdpSocket::listen(shared, 0);
  EXPECT_TRUE(port_in_use(shared));
  constexpr int kSenders = 32;
  std::vector<UdpSocket> senders;
  for (int i = 0; i < kSenders; ++i) {
    senders.push_back(UdpSocket::connect(kLoopback4, shared));
    ASSERT_EQ(senders.back().send(bytes_of("x")), 0);
  }
  ReceiveSlots slots(64);
  const int at_first = slots.receive(first), at_second = slots.receive(second);
  EXPECT_EQ(at_first + at_second, kSenders);
  // Probability that 32 ports all fall on one of the two sockets: 2^-31.
  EXPECT_GT(at_first, 0);
  EXPECT_GT(at_second, 0);
}

TEST(UdpSocket, ATakenPortIsRefusedWithARemedy) {
  UdpSocket holder = UdpSocket::connect(kLoopback4, {kLoopback4.address, 9});  // without SO_REUSEPORT
  try {
    UdpSocket::listen({kLoopback4.address, holder.local_port()}, 0);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_NE(std::string(error.what()).find("another program has the port"), std::string::npos) << error.what();
  }
  EXPECT_THROW(UdpSocket::listen({IpAddress::v4(0xc0000201), 0}, 0), Error);  // 192.0.2.1: no host has it
}

TEST(UdpSocket, ReportsQueuedBytesAndDrops) {
  UdpSocket listener = UdpSocket::listen(kLoopback4, 4'096);
  UdpSocket sender = UdpSocket::connect(kLoopback4, {kLoopback4.address, listener.local_port()});
  ASSERT_TRUE(listener.memory());
  EXPECT_EQ(listener.memory()->queued_bytes, 0u);
  EXPECT_EQ(listener.memory()->drops, 0u);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(sender.send(bytes_of(std::string(1'000, 'x'))), 0);
  EXPECT_GT(listener.memory()->queued_bytes, 0u);
  EXPECT_EQ(listener.memory()->drops, proc_net_udp_drops(listener.local_port()));
  ReceiveSlots slots(64);
  uint32_t received = 0;
  for (int n; (n = slots.receive(listener)) > 0;) received += static_cast<uint32_t>(n);
  EXPECT_EQ(received + listener.memory()->drops, 100u);
}

// Several datagrams of `size` octets in one send (UDP_SEGMENT), the last one shorter if need be.
void send_in_pieces(const UdpSocket& sender, const std::string& text, int size) {
  ASSERT_EQ(::setsockopt(sender.fd(), SOL_UDP, UDP_SEGMENT, &size, sizeof size), 0);
  ASSERT_EQ(sender.send(bytes_of(text)), 0);
}

TEST(UdpSocket, JoinedDatagramsAreReceivedInOnePiece) {
  UdpSocket listener = UdpSocket::listen(kLoopback4, 1 << 20);
  UdpSocket sender = UdpSocket::connect(kLoopback4, {kLoopback4.address, listener.local_port()});
  ReceiveSlots slots(8);
  ASSERT_TRUE(listener.receive_joined(true));
  send_in_pieces(sender, "aaaabbbbcc", 4);
  ASSERT_EQ(receive_one(slots, listener), 1);
  EXPECT_EQ(text_of(slots[0]), "aaaabbbbcc");
  EXPECT_EQ(slots[0].segment_bytes, 4);
  EXPECT_EQ(slots[0].datagrams(), 3u);
  EXPECT_EQ(slots[0].source_port, sender.local_port());
  EXPECT_NE(slots[0].kernel_ns, 0);
  ASSERT_TRUE(listener.receive_joined(false));
  send_in_pieces(sender, "aaaabbbbcc", 4);
  ASSERT_EQ(receive_one(slots, listener), 3);
  EXPECT_EQ(text_of(slots[2]), "cc");
  EXPECT_EQ(slots[2].segment_bytes, 0);
  EXPECT_EQ(slots[2].datagrams(), 1u);
}

TEST(UdpSocket, AFailedQueryIsNotReportedAsZero) {
  UdpSocket listener = UdpSocket::listen(kLoopback4, 0);
  int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(::dup3(null, listener.fd(), O_CLOEXEC), 0);
  ::close(null);
  EXPECT_FALSE(listener.memory());
  ReceiveSlots slots(1);
  EXPECT_EQ(slots.receive(listener), -ENOTSOCK);
}

TEST(UdpSocket, ReportsThatTheDestinationRefused) {
  uint16_t port = UdpSocket::listen(kLoopback4, 0).local_port();  // and closed again
  UdpSocket sender = UdpSocket::connect(kLoopback4, {kLoopback4.address, port});
  EXPECT_EQ(sender.send(bytes_of("x")), 0);
  EXPECT_EQ(sender.take_error(), ECONNREFUSED);
  EXPECT_EQ(sender.take_error(), 0);
}

TEST(SendBatch, ABatchArrivesCompleteAndInOrder) {
  UdpSocket listener = UdpSocket::listen(kLoopback4, 1 << 20);
  UdpSocket sender = UdpSocket::connect(kLoopback4, {kLoopback4.address, listener.local_port()});
  SendBatch batch(8, 16);
  for (size_t i = 0; i < 8; ++i) {
    uint8_t* slot = batch.slot();
    slot[0] = static_cast<uint8_t>(i);
    batch.commit(1 + i);
  }
  EXPECT_TRUE(batch.full());
  size_t sent = 0;
  EXPECT_EQ(batch.flush(sender, &sent), 0);
  EXPECT_EQ(sent, 8u);
  EXPECT_EQ(batch.used(), 0u);
  ReceiveSlots slots(8);
  ASSERT_EQ(receive_one(slots, listener), 8);
  for (size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(slots[i].bytes.size(), 1 + i);
    EXPECT_EQ(slots[i].bytes[0], i);
    EXPECT_GE(slots[i].kernel_ns, slots[i > 0 ? i - 1 : 0].kernel_ns);
  }
  EXPECT_LE(slots[7].kernel_ns, realtime_ns());
}

}  // namespace
}  // namespace weir::os
