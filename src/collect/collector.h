// SPDX-License-Identifier: Apache-2.0
// Collector: owns the parts of `weir collect` and starts and stops them in order: from the outputs to the sockets at
// the start, from the sockets to the outputs at the end.
//
//   threads  the main thread; it starts those of the workers, the outputs and HTTP
//   failure  the constructor and open() throw usage_error: a directory, a file or an address cannot be used
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "collect/collect_log.h"
#include "collect/ledger_watch.h"
#include "collect/outputs.h"
#include "collect/pipeline.h"
#include "collect/reload.h"
#include "collect/sender_tables.h"
#include "config/options.h"
#include "http/server.h"
#include "stage/filter_stage.h"
#include "stage/stages.h"

namespace weir {

class Collector {
 public:
  using Load = std::function<LoadedConfig()>;  // reads the configuration again; empty: there is nothing to read
  enum class End : uint8_t { signal, reader_gone, directory_gone };

  // Opens the data directory and the outputs, and loads what the previous run saved.
  Collector(const LoadedConfig& loaded, Load load);
  // A stop signal arrived during loading.
  bool was_stopped() const { return senders_.templates.loading_stopped(); }
  // Binds every socket before any is read.
  void open();
  void start();
  // Runs until a stop signal arrives, or continuing is pointless.
  End run();
  // Returns the exit code.
  int stop(End end);

 private:
  std::vector<std::unique_ptr<Stage>> make_stages();
  void open_http();
  // The work that is due once a second.
  void turn();
  // Waits until that monotonic time; returns the reason to stop, if there is one.
  std::optional<End> wait_until(int64_t next_ns);
  GivenUpAtStop stop_in_order();
  void say_end(End end) const;

  LoadedConfig loaded_;
  const CollectConfig& config_ = loaded_.config;
  Load load_;
  const unsigned workers_;
  os::Signals signals_;
  StopTime stop_time_;
  Kept kept_;
  BatchPool pool_;
  ReceiveClock clock_;
  const std::unique_ptr<Outputs> outputs_;
  SenderTables senders_;
  FilterStage* where_ = nullptr;  // one of stages_
  const Stages stages_;
  AllowedSenders allowed_;
  LedgerWatch ledger_watch_;
  std::atomic<bool> ready_{false};
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<Reload> reload_;
  std::unique_ptr<LedgerKeeper> keeper_;
  std::unique_ptr<HttpServer> http_;  // null: none; it reads all of the above, so it is destroyed first
  LedgerSnapshot at_start_;
};

}  // namespace weir
