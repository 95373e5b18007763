// SPDX-License-Identifier: Apache-2.0
// ReceivingWorker: a thread that receives for a handler, of which it knows nothing: the decoder, or the relay.
//
//   in       the worker's own sockets
//   out      the handler's calls, all in that thread:
//              receive(std::span<const Datagram>)  a batch, borrowed for the call
//              turn(int64_t now_ns, bool idle)     after each look at the sockets, at least every kTurnMs; monotonic.
//                                                  idle: nothing came
//              finish()                            once: what the sockets held at the stop has been received
//            of a handler that has streams (connections and their listeners), too:
//              begin(os::EpollSet&)                once, before all others: where they belong; it may change that set
//                                                  in each of these calls
//              readable(uint64_t tag)              for each one that can be read, before turn()
//   stop     reads what the sockets still hold, for as long as StopTime lets it; what is left is counted as kernel
//   drops
#pragma once

#include <concepts>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "receive/udp_receiver.h"
#include "run/stop_time.h"
#include "run/worker.h"

namespace weir {

template <class T>
concept DatagramHandler = requires(T handler, std::span<const Datagram> batch, int64_t now_ns, bool idle) {
  handler.receive(batch);
  handler.turn(now_ns, idle);
  handler.finish();
};

template <class T>
concept StreamHandler = requires(T handler, os::EpollSet& streams, uint64_t tag) {
  handler.begin(streams);
  handler.readable(tag);
};

template <DatagramHandler Handler>
class ReceivingWorker {
 public:
  static constexpr int kTurnMs = 50;

  // All but the sockets outlive this.
  ReceivingWorker(std::vector<ListeningSocket> sockets, ReceiveClock& clock, const AllowedSenders& allowed,
                  const StopTime& stop_time, Handler& handler)
      : receiver_(std::move(sockets), clock, allowed), stop_time_(stop_time), handler_(handler) {}

  void start(const std::string& name) {
    thread_ = std::make_unique<Worker>(name, [this](std::stop_token stop) { work(stop); });
  }
  void request_stop() {
    if (!thread_) return;
    thread_->request_stop();
    receiver_.wake();
  }
  // Waits until all is received. The number of datagrams that were left in the sockets.
  size_t join() {
    thread_.reset();
    return left_;
  }
  UdpReceiver& receiver() { return receiver_; }

 private:
  static constexpr int64_t kDrainNs = 2'000'000'000;  // at most, where exporters go on sending
  static constexpr int64_t kGiveUpNs = 200'000'000;   // at most, for counting what is left

  void work(const std::stop_token& stop) {
    auto receive = [this](std::span<const Datagram> batch) { handler_.receive(batch); };
    if constexpr (StreamHandler<Handler>) handler_.begin(receiver_.streams());
    while (!stop.stop_requested()) {
      bool idle = receiver_.receive(kTurnMs, receive) == 0;
      if constexpr (StreamHandler<Handler>) idle &= !read_streams();
      handler_.turn(os::monotonic_ns(), idle);
    }
    const int64_t end = os::monotonic_ns() + kDrainNs;
    bool empty = false;
    while (!empty && os::monotonic_ns() < end && !stop_time_.is_over())
      empty = receiver_.receive(0, receive) == 0 && receiver_.receive(0, receive) == 0;
    if (!empty) left_ = receiver_.give_up_waiting(os::monotonic_ns() + kGiveUpNs);
    handler_.finish();
  }

  // Whether there were any.
  bool read_streams() {
    os::EpollSet& streams = receiver_.streams();
    bool any = false;
    for (size_t ready = streams.wait(0), i = 0; i < ready; ++i) {
      if (streams.ready(i) == Waiting::kWake) continue;
      handler_.readable(streams.ready(i));
      any = true;
    }
    return any;
  }

  UdpReceiver receiver_;
  const StopTime& stop_time_;
  Handler& handler_;
  size_t left_ = 0;
  std::unique_ptr<Worker> thread_;
};

}  // namespace weir
