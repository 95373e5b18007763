// SPDX-License-Identifier: Apache-2.0
// ReceivingWorker: a thread that receives datagrams for a handler that it knows nothing about: the decoder, or the
// relay.
//
//   in       the worker's own sockets
//   out      calls of the handler, all in that thread:
//              receive(std::span<const Datagram>)  a batch, valid during the call only
//              turn(int64_t now_ns, bool idle)     after each check of the sockets, at least every kTurnMs; monotonic.
//                                                  idle: nothing arrived
//              finish()                            once: after everything left in the sockets at the stop was received
//            for a handler that also has streams (connections and their listeners):
//              begin(os::EpollSet&)                once, before all others: the set for its streams; the handler may
//                                                  change it in each of these calls
//              readable(uint64_t tag)              for each readable stream, before turn()
//   stop     reads what the sockets still hold, as long as StopTime allows; what is left is counted as kernel drops
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

  // Everything except the sockets must outlive this object.
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
  // Waits until everything is received. Returns the number of datagrams that were left in the sockets.
  size_t join() {
    thread_.reset();
    return left_;
  }
  UdpReceiver& receiver() { return receiver_; }

 private:
  static constexpr int64_t kDrainNs = 2'000'000'000;  // at most, if exporters keep sending
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

  // Returns whether any were readable.
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
