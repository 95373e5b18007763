// SPDX-License-Identifier: Apache-2.0
// The only exception type of set-up code: what was wrong, where, and what to do about it.
// Never thrown on the data path, where bad input is counted under an enumerated reason.
#pragma once

#include <stdexcept>
#include <string>

namespace weir {

enum class ExitCode : int { ok = 0, runtime_failure = 1, usage = 2 };

class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

// Bad flag, key, file or address: exit code 2. The message names the place (file:line, flag).
inline Error usage_error(const std::string& message) { return Error(ExitCode::usage, message); }
// The environment failed (disk, socket, peer): exit code 1.
inline Error runtime_failure(const std::string& message) { return Error(ExitCode::runtime_failure, message); }

}  // namespace weir
