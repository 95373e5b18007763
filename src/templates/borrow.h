// SPDX-License-Identifier: Apache-2.0
// From whom a session takes sampling rates and names that options data told, where it was told none itself.
#pragma once

#include <cstdint>

namespace weir {

enum class Borrow : uint8_t {
  off,
  port,    // from other ports of the exporter for the same observation domain
  domain,  // else from the only other domain of the exporter that was told any
};

}  // namespace weir
