// SPDX-License-Identifier: Apache-2.0
#include "collect/pipeline.h"

#include "base/error.h"
#include "base/time_units.h"
#include "os/clock.h"

namespace weir {
namespace {

constexpr int64_t kTickNs = kSecond;
constexpr int64_t kFlushAfterNs = 100'000'000;  // a row waits at most this long for its batch to fill

}  // namespace

// Handler of a ReceivingWorker.
class Pipeline::Decoding {
 public:
  Decoding(Pipeline& pipeline, std::unique_ptr<Decoder> decoder) : pipeline_(pipeline), decoder_(std::move(decoder)) {}

  void receive(std::span<const Datagram> batch) { decoder_->decode(batch); }

  // Emits rows that have waited, and once a second, on behalf of all workers, gives up what has waited too long.
  void turn(int64_t now_ns, bool idle) {
    if (idle) decoder_->drop_forgotten();
    const int64_t oldest = decoder_->oldest_pending_ns();
    if (oldest != pending_ns_) pending_ns_ = oldest, pending_since_ns_ = now_ns;
    if (oldest != 0 && (idle || now_ns - pending_since_ns_ > kFlushAfterNs)) decoder_->flush();
    int64_t due = pipeline_.next_tick_ns_.load(std::memory_order_relaxed);
    if (now_ns >= due && pipeline_.next_tick_ns_.compare_exchange_strong(due, now_ns + kTickNs)) decoder_->tick(now_ns);
    pipeline_.steer();
    if (pipeline_.rest_wanted_.load(std::memory_order_relaxed)) pipeline_.rest(*decoder_);
  }

  void finish() { decoder_->flush(); }
  Decoder& decoder() { return *decoder_; }

 private:
  Pipeline& pipeline_;
  const std::unique_ptr<Decoder> decoder_;
  // The oldest row not yet emitted: when it was received, and since when it has waited (monotonic). Its datagram may
  // have waited in the socket before.
  int64_t pending_ns_ = 0, pending_since_ns_ = 0;
};

struct Pipeline::WorkerThread {
  WorkerThread(Pipeline& pipeline, std::vector<ListeningSocket> sockets, std::unique_ptr<Decoder> decoder)
      : decoding(pipeline, std::move(decoder)),
        worker(std::move(sockets), pipeline.parts_.clock, pipeline.parts_.allowed, pipeline.parts_.stop_time,
               decoding) {}
  Decoding decoding;
  ReceivingWorker<Decoding> worker;
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
      if (parts.config.gro) socket.receive_joined(true);
      SocketCounts& entry = parts.ledger.add_socket(listener.uri, w, socket.granted_receive_buffer());
      sockets.push_back({std::move(socket), &entry});
    }
    auto emit = [this](std::unique_ptr<FlowBatch> batch) { publish(std::move(batch)); };
    const DecoderConfig decoder_config{parts.config.default_sampling_rate, nullptr, parts.config.exporters,
                                       parts.stages.text_bytes()};
    auto decoder = std::make_unique<Decoder>(decoder_config, parts.templates, parts.streams, parts.ledger, parts.pool,
                                             emit, parts.deliver_counters);
    threads_.push_back(std::make_unique<WorkerThread>(*this, std::move(sockets), std::move(decoder)));
  }
}

Pipeline::~Pipeline() { stop(); }

void Pipeline::publish(std::unique_ptr<FlowBatch> batch) {
  parts_.stages.pass(*batch);
  if (batch->empty()) return parts_.pool.give_back(std::move(batch));
  parts_.deliver(parts_.pool.publish(std::move(batch)));
}

void Pipeline::start() {
  steer();
  for (size_t i = 0; i < threads_.size(); ++i) threads_[i]->worker.start("worker " + std::to_string(i));
}

// Done once, by whichever worker notices first: all workers share their ports.
void Pipeline::steer() {
  if (!parts_.streams.ignored_ports().any() || steers_.load(std::memory_order_relaxed) || steers_.exchange(true))
    return;
  const auto workers = static_cast<unsigned>(threads_.size());
  if (workers > 1) threads_.front()->worker.receiver().keep_senders_together(workers);
}

size_t Pipeline::stop() {
  for (auto& thread : threads_) thread->worker.request_stop();
  size_t left_in_sockets = 0;
  for (auto& thread : threads_) left_in_sockets += thread->worker.join();
  update_drops();
  if (threads_.empty()) return 0;
  Decoder& decoder = threads_.front()->decoding.decoder();
  if (!parts_.stop_time.is_over()) decoder.tick(os::monotonic_ns(), true);
  decoder.give_up_held();
  decoder.flush();
  return left_in_sockets;
}

void Pipeline::while_resting(const std::function<void()>& change) {
  std::unique_lock lock(rest_mutex_);
  rest_wanted_ = true;
  for (auto& thread : threads_) thread->worker.receiver().wake();
  rest_changed_.wait(lock, [&] { return resting_ == threads_.size(); });
  change();
  for (auto& thread : threads_) thread->worker.receiver().rest();
  rest_wanted_ = false;
  rest_changed_.notify_all();
  rest_changed_.wait(lock, [&] { return resting_ == 0; });
}

// Runs in a worker.
void Pipeline::rest(Decoder& decoder) {
  decoder.flush();
  std::unique_lock lock(rest_mutex_);
  ++resting_;
  rest_changed_.notify_all();
  rest_changed_.wait(lock, [&] { return !rest_wanted_.load(); });
  --resting_;
  rest_changed_.notify_all();
}

void Pipeline::set_exporters(const std::shared_ptr<const ExporterRules>& rules) {
  for (auto& thread : threads_) thread->decoding.decoder().set_exporters(rules);
}

void Pipeline::update_drops() {
  for (auto& thread : threads_) thread->worker.receiver().update_drops();
}

}  // namespace weir
