// SPDX-License-Identifier: Apache-2.0
// Replays captures, written by the tests, to a socket of this process.
#include <gtest/gtest.h>

#include <fstream>
#include <vector>

#include "base/error.h"
#include "cmd/cmd.h"
#include "os/clock.h"
#include "os/udp_socket.h"

namespace weir {
namespace {

using Data = std::vector<uint8_t>;

struct Sent {
  uint8_t host = 1;  // of 192.0.2.0/24
  uint16_t source_port = 50'000, port = 2055;
  uint32_t ms = 0;
  std::string payload;
};

void put(Data& d, uint64_t v, size_t width) {
  for (size_t i = width; i-- > 0;) d.push_back(static_cast<uint8_t>(v >> (8 * i)));
}

// A big-endian pcap of raw IPv4.
std::string write_capture(const std::vector<Sent>& datagrams) {
  Data d;
  for (uint32_t word : {0xa1b2c3d4u, 0x00020004u, 0u, 0u, 65535u, 101u}) put(d, word, 4);
  for (const Sent& s : datagrams) {
    size_t length = 28 + s.payload.size();
    for (size_t v : {size_t{1'700'000'000} + s.ms / 1000, size_t{s.ms % 1000} * 1000, length, length}) put(d, v, 4);
    put(d, 0x4500'0000 | length, 4);
    put(d, 0, 4);
    put(d, 0x4011'0000, 4);
    put(d, 0xc000'0200 | s.host, 4);
    put(d, 0xc633'6401, 4);
    for (size_t v : {size_t{s.source_port}, size_t{s.port}, 8 + s.payload.size(), size_t{0}}) put(d, v, 2);
    d.insert(d.end(), s.payload.begin(), s.payload.end());
  }
  static int n = 0;
  std::string path = testing::TempDir() + "/replay_test." + std::to_string(n++) + ".pcap";
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(d.data()), static_cast<std::streamsize>(d.size()));
  return path;
}

struct Arrived {
  std::string source, payload;
  uint16_t port;
};

class Collector {
 public:
  explicit Collector(const char* address = "127.0.0.1")
      : socket_(os::UdpSocket::listen({*IpAddress::parse(address), 0}, 4 << 20)), slots_(64), address_(address) {}
  std::string to() const {
    return (address_.find(':') == std::string::npos ? address_ : "[" + address_ + "]") + ":" +
           std::to_string(socket_.local_port());
  }
  std::vector<Arrived> all() {
    std::vector<Arrived> out;
    while (int n = slots_.receive(socket_)) {
      for (int i = 0; i < n; ++i) {
        os::Received r = slots_[static_cast<size_t>(i)];
        out.push_back({r.source.to_string(), {r.bytes.begin(), r.bytes.end()}, r.source_port});
      }
    }
    return out;
  }

 private:
  os::UdpSocket socket_;
  os::ReceiveSlots slots_;
  std::string address_;
};

std::vector<std::string> payloads(const std::vector<Arrived>& arrived) {
  std::vector<std::string> out;
  for (const Arrived& a : arrived) out.push_back(a.payload);
  return out;
}
using Payloads = std::vector<std::string>;

TEST(Replay, KeepsOrderAndSeparatesSourcesByLoopbackAddress) {
  Collector collector;
  std::string path = write_capture({{.host = 1, .payload = "a"},
                                    {.host = 9, .payload = "b"},
                                    {.host = 1, .payload = "c"},
                                    {.host = 1, .source_port = 50'001, .payload = "d"}});
  EXPECT_EQ(run_replay({path, "--to", collector.to()}), 0);
  std::vector<Arrived> arrived = collector.all();
  ASSERT_EQ(payloads(arrived), (Payloads{"a", "b", "c", "d"}));
  EXPECT_EQ(arrived[0].source, "127.0.1.1");
  EXPECT_EQ(arrived[1].source, "127.0.1.2");
  EXPECT_EQ(arrived[2].source, "127.0.1.1");
  EXPECT_EQ(arrived[2].port, arrived[0].port);
  EXPECT_EQ(arrived[3].source, "127.0.1.1");
  EXPECT_NE(arrived[3].port, arrived[0].port);
}

TEST(Replay, SeparatesSourcesByPortOnOtherAddresses) {
  Collector collector("::1");
  std::string path = write_capture({{.host = 1, .payload = "a"}, {.host = 2, .payload = "b"}});
  EXPECT_EQ(run_replay({path, "--to", collector.to()}), 0);
  std::vector<Arrived> arrived = collector.all();
  ASSERT_EQ(arrived.size(), 2u);
  EXPECT_NE(arrived[0].port, arrived[1].port);
}

TEST(Replay, SelectsAPortAndLoops) {
  Collector collector;
  std::string path = write_capture({{.port = 53, .payload = "dns"}, {.port = 4739, .payload = "ipfix"}});
  EXPECT_EQ(run_replay({path, "--to", collector.to(), "--port", "4739", "--loop", "3", "--format", "json"}), 0);
  EXPECT_EQ(payloads(collector.all()), (Payloads{"ipfix", "ipfix", "ipfix"}));
}

TEST(Replay, SendsLargeAndEmptyDatagrams) {
  Collector collector;
  std::string large(65'507, 'x');
  EXPECT_EQ(run_replay({write_capture({{.payload = large}, {.payload = ""}}), "--to", collector.to()}), 0);
  EXPECT_EQ(payloads(collector.all()), (Payloads{large, ""}));
}

double seconds_of(const Arguments& arguments) {
  int64_t start = os::monotonic_ns();
  EXPECT_EQ(run_replay(arguments), 0);
  return static_cast<double>(os::monotonic_ns() - start) / 1e9;
}

TEST(Replay, KeepsTheTimesOfTheCapture) {
  Collector collector;
  std::string path =
      write_capture({{.ms = 0, .payload = "a"}, {.ms = 300, .payload = "b"}, {.ms = 250, .payload = "c"}});
  EXPECT_GE(seconds_of({path, "--to", collector.to()}), 0.3);
  double fast = seconds_of({path, "--to", collector.to(), "--speed", "3"});
  EXPECT_GE(fast, 0.1);
  EXPECT_LT(fast, 0.3);
  EXPECT_LT(seconds_of({path, "--to", collector.to(), "--as-fast-as-possible"}), 0.2);
  EXPECT_GE(seconds_of({path, "--to", collector.to(), "--rate", "10"}), 0.2) << "the third goes out after two tenths";
}

TEST(Replay, RejectsInvalidArguments) {
  std::string path = write_capture({{.payload = "a"}});
  for (const Arguments& wrong : std::vector<Arguments>{{path},
                                                       {"/nonexistent.pcap", "--to", "127.0.0.1:2055"},
                                                       {path, "--to", "127.0.0.1"},
                                                       {path, "--to", "127.0.0.1:2055", "--rate", "5", "--speed", "2"},
                                                       {path, "--to", "127.0.0.1:2055", "--rate", "-1"},
                                                       {path, "--to", "127.0.0.1:2055", "--port", "0"}}) {
    try {
      run_replay(wrong);
      ADD_FAILURE() << wrong.size();
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ExitCode::usage) << e.what();
    }
  }
}

}  // namespace
}  // namespace weir
