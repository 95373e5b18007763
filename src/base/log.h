// SPDX-License-Identifier: Apache-2.0
// Messages for the operator, on stderr. For set-up, rare events and summaries; never per
// datagram or record (those are counted instead). Any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

enum class LogFormat : uint8_t { text, json, ecs };  // ecs: Elastic Common Schema, one JSON object per line
void set_log_format(LogFormat format);               // call before the first message

// Less important messages are not written. May be called at any time.
enum class LogLevel : uint8_t { error, warning, info, debug };
void set_log_level(LogLevel level);

// `component` is the folder or subcommand that logs: "receive", "templates", "collect".
void log_debug(std::string_view component, std::string_view message);
void log_info(std::string_view component, std::string_view message);
void log_warning(std::string_view component, std::string_view message);
void log_error(std::string_view component, std::string_view message);

}  // namespace weir
