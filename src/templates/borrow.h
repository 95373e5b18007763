// SPDX-License-Identifier: Apache-2.0
// Where a session takes sampling rates and names from if its own options data announced none.
#pragma once

#include <cstdint>

namespace weir {

enum class Borrow : uint8_t {
  off,
  port,    // from the exporter's other source ports for the same observation domain
  domain,  // else from the exporter's only other domain that announced any
};

}  // namespace weir
