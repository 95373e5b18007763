// SPDX-License-Identifier: Apache-2.0
// Reports a start that fails because the disk is full: not an error of the user, so it has its own message and the exit
// code of run-time failures, so that the start is retried.
#pragma once

#include <string>

#include "base/error.h"

namespace weir {

// Throws runtime_failure if that was the reason.
void throw_if_disk_full(const std::string& data, const Error& error);

// The result of `open`, which opens something in the data directory.
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
