// SPDX-License-Identifier: Apache-2.0
// Measures the cost of the kernel alone: receives datagrams as weir collect does (one thread and one SO_REUSEPORT
// socket per worker, recvmmsg into preallocated slots) and only counts them. No collector of the same structure can be
// cheaper.
//
//   floor ADDRESS:PORT [WORKERS [LINGER_US]]     WORKERS 0: one per core; LINGER_US: after a batch that was not full,
//                                                how long to let more datagrams gather (0: not at all)
//
// Runs until SIGTERM or SIGINT; then prints {"datagrams":..,"bytes":..} on stdout.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/limits.h"
#include "os/clock.h"
#include "os/epoll_set.h"
#include "os/resolve.h"
#include "os/signals.h"
#include "os/udp_socket.h"

namespace {

struct Counts {
  uint64_t datagrams = 0;
  uint64_t bytes = 0;
};

void count(const weir::os::UdpSocket& socket, int64_t linger_ns, const std::atomic<bool>& stop, Counts& counts) {
  weir::os::ReceiveSlots slots(weir::limits::kReceiveSlots);
  weir::os::EpollSet polled;
  polled.add(socket.fd(), 0);
  while (!stop.load(std::memory_order_relaxed)) {
    if (polled.wait(100'000'000) == 0) continue;
    int received;
    while ((received = slots.receive(socket)) > 0) {
      if (linger_ns > 0 && static_cast<size_t>(received) < slots.count()) weir::os::sleep_ns(linger_ns);
      counts.datagrams += static_cast<uint64_t>(received);
      for (int i = 0; i < received; ++i) counts.bytes += slots[static_cast<size_t>(i)].bytes.size();
    }
  }
}

int run(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: floor ADDRESS:PORT [WORKERS [LINGER_US]]\n");
    return 2;
  }
  weir::os::Endpoint endpoint = weir::os::resolve_endpoint(argv[1]);
  unsigned workers = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 0;
  if (workers == 0) workers = std::max(1u, std::thread::hardware_concurrency());
  int64_t linger_ns = argc > 3 ? std::atoll(argv[3]) * 1'000 : 0;
  constexpr int kReceiveBufferBytes = 16 << 20;
  weir::os::Signals signals;
  std::vector<weir::os::UdpSocket> sockets;
  for (unsigned i = 0; i < workers; ++i) sockets.push_back(weir::os::UdpSocket::listen(endpoint, kReceiveBufferBytes));
  std::atomic<bool> stop = false;
  std::vector<Counts> counts(workers);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < workers; ++i)
    threads.emplace_back(count, std::cref(sockets[i]), linger_ns, std::cref(stop), std::ref(counts[i]));
  while (signals.wait(1'000) != weir::os::Event::stop) continue;
  stop = true;
  Counts all;
  for (unsigned i = 0; i < workers; ++i) {
    threads[i].join();
    all.datagrams += counts[i].datagrams;
    all.bytes += counts[i].bytes;
  }
  std::printf("{\"datagrams\":%ju,\"bytes\":%ju}\n", static_cast<uintmax_t>(all.datagrams),
              static_cast<uintmax_t>(all.bytes));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "floor: %s\n", error.what());
    return 1;
  }
}
