// SPDX-License-Identifier: Apache-2.0
// Reload: handles SIGHUP: reads the configuration again and applies what a running collector can change
// (config/live_options.h; [[exporter]], [[output]], [[token]]). Changes that need a restart are logged by name.
//
//   threads  run(): the owner's; figures(): any
//   failure  an error in the configuration is logged; in that case nothing has changed
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "collect/kept.h"
#include "collect/outputs.h"
#include "collect/pipeline.h"
#include "config/options.h"
#include "http/server.h"
#include "stage/filter_stage.h"
#include "web/metrics.h"

namespace weir {

// The parts of a running collector.
struct RunningParts {
  Kept& kept;
  ReceiveClock& clock;
  TemplateStore& templates;
  AllowedSenders& allowed;
  Outputs& outputs;
  Pipeline& pipeline;
  FilterStage& where;
  HttpServer* http;  // null: there is none
};

class Reload {
 public:
  using Load = std::function<LoadedConfig()>;  // throws usage_error
  // `loaded`: the configuration that the collector was started with. `load`: empty if there is nothing to read again.
  Reload(LoadedConfig loaded, Load load, const RunningParts& parts);
  void run();
  ReloadFigures figures() const { return {successful_.load(), success_ns_.load()}; }

 private:
  using Keys = std::vector<std::string_view>;
  void change(const LoadedConfig& wanted);
  OutputChange prepare_outputs(CollectConfig& config, Keys& restart);
  void apply(const CollectConfig& config, const Keys& changed, OutputChange outputs);

  LoadedConfig running_;  // for options that need a restart: their values at the start
  const Load load_;
  RunningParts parts_;
  std::atomic<bool> successful_{true};
  std::atomic<int64_t> success_ns_;
};

}  // namespace weir
