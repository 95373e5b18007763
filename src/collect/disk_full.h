// SPDX-License-Identifier: Apache-2.0
// Recognises a start that fails because the disk is full. That is not an error of the user: it has its own message, and
// the exit code of run-time failures, so that a service manager starts Weir again.
#pragma once

#include <string>

#include "base/error.h"

namespace weir {

// Throws runtime_failure if `error` arose because the disk of the data directory is full; else returns.
void throw_if_disk_full(const std::string& data, const Error& error);

// The result of `open`, which opens something in the data directory. If it fails, passes its error on, or throws
// runtime_failure if the disk is full.
template <class Open>
auto naming_full_disk(const std::string& data, Open open) {
  try {
    return open();
  } catch (const Error& error) {
    throw_if_disk_full(data, error);
    throw;
  }
}

}  // namespace weir
