// SPDX-License-Identifier: Apache-2.0
// A start that fails because the disk is full is no mistake of whoever started it: it is said so, and has the exit code
// of failures, so that it is tried again.
#pragma once

#include <string>

#include "base/error.h"

namespace weir {

// Throws runtime_failure where that was the reason.
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
