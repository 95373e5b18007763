// SPDX-License-Identifier: Apache-2.0
// The reverse of encodings.h. The bytes may be damaged: false where they do not hold `count` values, or hold others
// than can be.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace weir {

// `values` gets exactly `count`.
bool decode_hybrid(std::string_view in, unsigned width, size_t count, std::vector<uint32_t>& values);

}  // namespace weir
