// SPDX-License-Identifier: Apache-2.0
// Messages for the operator, on stderr. For set-up, rare events and summaries; never per
// datagram or record (those are counted instead). Any thread.
#pragma once

#include <string_view>

namespace weir {

enum class LogFormat { text, json };
void set_log_format(LogFormat format);

// `component` is the folder or subcommand that speaks: "receive", "templates", "collect".
void log_info(std::string_view component, std::string_view message);
void log_warning(std::string_view component, std::string_view message);
void log_error(std::string_view component, std::string_view message);

}  // namespace weir
