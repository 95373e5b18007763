// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#define SPDLOG_HEADER_ONLY
#define SPDLOG_FMT_EXTERNAL
#define FMT_HEADER_ONLY
#include <fmt/chrono.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

namespace weir {
namespace {

LogFormat g_format = LogFormat::text;
std::atomic<LogLevel> g_level{LogLevel::info};

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
  logger->set_level(spdlog::level::debug);  // write() has already filtered by level
  if (g_format != LogFormat::text || journal)
    logger->set_pattern("%v");
  else
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  return logger;
}

spdlog::logger& logger() {
  static std::shared_ptr<spdlog::logger> instance = make_logger();
  return *instance;
}

using Json = nlohmann::ordered_json;

Json json_line(std::string_view level, std::string_view component, std::string_view message) {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  if (g_format == LogFormat::json)
    return {{"ts", static_cast<double>(now.time_since_epoch().count()) / 1000},
            {"level", level},
            {"msg", message},
            {"component", component}};
  return {{"@timestamp", fmt::format("{:%Y-%m-%dT%H:%M:}{:%S}Z", now, now.time_since_epoch())},
          {"log.level", level},
          {"message", message},
          {"ecs.version", "8.11.0"},
          {"service.name", "weir"},
          {"log.logger", component}};
}

// `priority`: the syslog priority.
void write(LogLevel weight, spdlog::level::level_enum level, int priority, std::string_view component,
           std::string_view message) {
  if (weight > g_level.load(std::memory_order_relaxed)) return;
  if (g_format != LogFormat::text) {
    const std::string name = spdlog::level::to_string_view(level).data();
    logger().log(level, "{}", json_line(name, component, message).dump(-1, ' ', false, Json::error_handler_t::replace));
  } else if (std::getenv("JOURNAL_STREAM") != nullptr) {
    logger().log(level, "<{}>{}: {}", priority, component, message);
  } else {
    logger().log(level, "{}: {}", component, message);
  }
}

}  // namespace

void set_log_format(LogFormat format) { g_format = format; }
void set_log_level(LogLevel level) { g_level.store(level, std::memory_order_relaxed); }
void log_debug(std::string_view component, std::string_view message) {
  write(LogLevel::debug, spdlog::level::debug, 7, component, message);
}
void log_info(std::string_view component, std::string_view message) {
  write(LogLevel::info, spdlog::level::info, 6, component, message);
}
void log_warning(std::string_view component, std::string_view message) {
  write(LogLevel::warning, spdlog::level::warn, 4, component, message);
}
void log_error(std::string_view component, std::string_view message) {
  write(LogLevel::error, spdlog::level::err, 3, component, message);
}

}  // namespace weir
