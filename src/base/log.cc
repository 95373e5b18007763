// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#define SPDLOG_HEADER_ONLY
#define SPDLOG_FMT_EXTERNAL
#define FMT_HEADER_ONLY
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

namespace weir {
namespace {

LogFormat g_format = LogFormat::text;

// systemd sets JOURNAL_STREAM when stderr goes to the journal, which reads "<N>" as a priority.
std::shared_ptr<spdlog::logger> make_logger() {
  bool journal = std::getenv("JOURNAL_STREAM") != nullptr;
  bool plain = journal || std::getenv("NO_COLOR") != nullptr;
  std::shared_ptr<spdlog::sinks::sink> sink;
  if (plain)
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  else
    sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>("weir", sink);
  if (g_format == LogFormat::json || journal)
    logger->set_pattern("%v");
  else
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  return logger;
}

spdlog::logger& logger() {
  static std::shared_ptr<spdlog::logger> instance = make_logger();
  return *instance;
}

void write(spdlog::level::level_enum level, int priority, std::string_view component, std::string_view message) {
  if (g_format == LogFormat::json) {
    auto now =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
    nlohmann::ordered_json line{{"ts", static_cast<double>(now.count()) / 1000},
                                {"level", std::string(spdlog::level::to_string_view(level).data())},
                                {"msg", message},
                                {"component", component}};
    logger().log(level, "{}", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  } else if (std::getenv("JOURNAL_STREAM") != nullptr) {
    logger().log(level, "<{}>{}: {}", priority, component, message);
  } else {
    logger().log(level, "{}: {}", component, message);
  }
}

}  // namespace

void set_log_format(LogFormat format) { g_format = format; }
void log_info(std::string_view component, std::string_view message) {
  write(spdlog::level::info, 6, component, message);
}
void log_warning(std::string_view component, std::string_view message) {
  write(spdlog::level::warn, 4, component, message);
}
void log_error(std::string_view component, std::string_view message) {
  write(spdlog::level::err, 3, component, message);
}

}  // namespace weir
