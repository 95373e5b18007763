// SPDX-License-Identifier: Apache-2.0
#include "collect/collect.h"

#include "base/error.h"
#include "base/log.h"
#include "collect/collector.h"
#include "os/process.h"

namespace weir {

int collect(const LoadedConfig& loaded, const std::function<LoadedConfig()>& load) {
  set_log_format(loaded.config.log_format);
  set_log_level(loaded.config.log_level);
  for (const std::string& warning : loaded.warnings) log_warning("collect", warning);
  os::raise_open_files();
  say_starting(loaded.config.keeps_nothing ? "none" : loaded.config.data);

  Collector collector(loaded, load);
  if (collector.was_stopped()) return static_cast<int>(ExitCode::ok);
  collector.open();
  collector.start();
  const Collector::End end = collector.run();
  return collector.stop(end);
}

}  // namespace weir
