// SPDX-License-Identifier: Apache-2.0
// Reload: what SIGHUP does: reads the configuration anew and changes in the running collector what can be changed
// there (config/live_options.h; [[exporter]], [[output]], [[token]]). What cannot is named, as it needs a restart.
//
//   threads  run() the owner's; figures() any
//   failure  what is wrong with the configuration is said; nothing has changed then
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
#include "web/metrics.h"

namespace weir {

// What a running collector is made of.
struct RunningParts {
  Kept& kept;
  ReceiveClock& clock;
  TemplateStore& templates;
  AllowedSenders& allowed;
  Outputs& outputs;
  Pipeline& pipeline;
  HttpServer* http;  // null: there is none
};

class Reload {
 public:
  using Load = std::function<LoadedConfig()>;  // throws usage_error
  // `loaded`: what the collector was started with. `load`: empty where there is nothing to read anew.
  Reload(LoadedConfig loaded, Load load, const RunningParts& parts);
  void run();
  ReloadFigures figures() const { return {successful_.load(), success_ns_.load()}; }

 private:
  using Keys = std::vector<std::string_view>;
  void change(const LoadedConfig& wanted);
  OutputChange prepare_outputs(CollectConfig& config, Keys& restart);
  void apply(const CollectConfig& config, const Keys& changed, OutputChange outputs);

  LoadedConfig running_;  // of what needs a restart: as it was at the start
  const Load load_;
  RunningParts parts_;
  std::atomic<bool> successful_{true};
  std::atomic<int64_t> success_ns_;
};

}  // namespace weir
