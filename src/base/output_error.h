// SPDX-License-Identifier: Apache-2.0
// Why an output did not deliver records.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {

// The names are labels of metrics, keys in JSON and rows of catalog.db: append only.
enum class OutputError : uint8_t {
  queue_full,      // the output is slower than the stream
  no_space,        // disk or quota full
  file_too_large,  // the file size limit of the file system or the process
  closed_pipe,     // the pipe has no reader any more
  stuck_pipe,      // at stop, the reader of the pipe does not read
  input_output,    // any other file system error
  stopped,         // offered after stop()
  crash,           // lost in the previous run, which did not stop in order
  stop_timeout,    // still queued when the time allowed for stopping was over
  not_configured,  // decoded while the output was not configured
  unknown,         // lost by a Weir version that did not record the reason
};
inline constexpr size_t kOutputErrorCount = 11;
inline constexpr std::array<std::string_view, kOutputErrorCount> kOutputErrorNames{
    "queue_full", "no_space", "file_too_large", "closed_pipe",    "stuck_pipe", "input_output",
    "stopped",    "crash",    "stop_timeout",   "not_configured", "unknown"};

inline std::string_view name_of(OutputError reason) { return kOutputErrorNames[static_cast<size_t>(reason)]; }

}  // namespace weir
