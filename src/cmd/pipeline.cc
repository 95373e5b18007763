// SPDX-License-Identifier: Apache-2.0
#include "cmd/pipeline.h"

#include "base/error.h"
#include "os/clock.h"

namespace weir {
namespace {

constexpr int64_t kTickNs = 1'000'000'000;
constexpr int64_t kFlushAfterNs = 100'000'000;  // a row waits at most this long for its batch to fill
constexpr int kWaitMs = 50;
constexpr int64_t kDrainNs = 2'000'000'000;  // at most, where exporters go on sending
constexpr int64_t kGiveUpNs = 200'000'000;   // at most, for counting what is left

}  // namespace

struct Pipeline::Lane {
  Lane(std::vector<ListeningSocket> sockets, ReceiveClock& clock, std::unique_ptr<Decoder> d)
      : receiver(std::move(sockets), clock), decoder(std::move(d)) {}
  UdpReceiver receiver;
  std::unique_ptr<Decoder> decoder;
  std::unique_ptr<Worker> worker;
  // The oldest row not yet emitted: when it was received, and since when it waits (monotonic). Its datagram may have
  // waited in the socket before.
  int64_t pending_ns = 0, pending_since_ns = 0;
};

Pipeline::Pipeline(const PipelineParts& parts) : parts_(parts) {
  for (const Listener& listener : parts.config.listen)
    if (os::port_in_use(listener.endpoint))
      throw usage_error("cannot listen on " + listener.uri +
                        ": another program has the port; stop it, or listen elsewhere with --listen");
  for (unsigned w = 0; w < parts.workers; ++w) {
    std::vector<ListeningSocket> sockets;
    for (const Listener& listener : parts.config.listen) {
      os::UdpSocket socket =
          os::UdpSocket::listen(listener.endpoint, static_cast<int>(parts.config.receive_buffer_bytes));
      SocketAccount& account = parts.ledger.add_socket(listener.uri, w, socket.granted_receive_buffer());
      sockets.push_back({std::move(socket), &account});
    }
    auto emit = [this](std::unique_ptr<FlowBatch> batch) { parts_.deliver(parts_.pool.publish(std::move(batch))); };
    auto decoder = std::make_unique<Decoder>(
        DecoderConfig{parts.config.default_sampling_rate, nullptr, parts.config.exporters}, parts.templates,
        parts.streams, parts.ledger, parts.pool, emit, parts.deliver_counters);
    lanes_.push_back(std::make_unique<Lane>(std::move(sockets), parts.clock, std::move(decoder)));
  }
}

Pipeline::~Pipeline() { stop(); }

void Pipeline::start() {
  if (!lanes_.empty()) steer(*lanes_.front());
  for (size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = *lanes_[i];
    lane.worker = std::make_unique<Worker>("worker " + std::to_string(i),
                                           [this, &lane](std::stop_token stop) { work(lane, stop); });
  }
}

// Once for all workers: they share their ports.
void Pipeline::steer(Lane& lane) {
  if (!parts_.streams.ignored_ports().any() || steers_.load(std::memory_order_relaxed) || steers_.exchange(true))
    return;
  if (lanes_.size() > 1) lane.receiver.keep_senders_together(static_cast<unsigned>(lanes_.size()));
}

void Pipeline::work(Lane& lane, std::stop_token stop) {
  auto decode = [&](std::span<const Datagram> batch) { lane.decoder->decode(batch); };
  while (!stop.stop_requested()) {
    size_t received = lane.receiver.receive(kWaitMs, decode);
    if (received == 0) lane.decoder->drop_forgotten();
    steer(lane);
    int64_t now = os::monotonic_ns(), due = next_tick_ns_.load(std::memory_order_relaxed);
    int64_t oldest = lane.decoder->oldest_pending_ns();
    if (oldest != lane.pending_ns) lane.pending_ns = oldest, lane.pending_since_ns = now;
    if (oldest != 0 && (received == 0 || now - lane.pending_since_ns > kFlushAfterNs)) lane.decoder->flush();
    if (now >= due && next_tick_ns_.compare_exchange_strong(due, now + kTickNs)) lane.decoder->tick(now);
  }
  drain(lane);
}

void Pipeline::drain(Lane& lane) {
  const int64_t end = os::monotonic_ns() + kDrainNs;
  auto decode = [&](std::span<const Datagram> batch) { lane.decoder->decode(batch); };
  bool empty = false;
  while (!empty && os::monotonic_ns() < end && !parts_.stop_time.is_over())
    empty = lane.receiver.receive(0, decode) == 0 && lane.receiver.receive(0, decode) == 0;
  if (!empty) left_in_sockets_ += lane.receiver.give_up_waiting(os::monotonic_ns() + kGiveUpNs);
  lane.decoder->flush();
}

size_t Pipeline::stop() {
  for (auto& lane : lanes_)
    if (lane->worker) lane->worker->request_stop();
  for (auto& lane : lanes_) lane->worker.reset();
  update_drops();
  if (lanes_.empty()) return 0;
  Decoder& decoder = *lanes_.front()->decoder;
  if (!parts_.stop_time.is_over()) decoder.tick(os::monotonic_ns(), true);
  decoder.give_up_held();
  decoder.flush();
  return left_in_sockets_;
}

void Pipeline::update_drops() {
  for (auto& lane : lanes_) lane->receiver.update_drops();
}

}  // namespace weir
