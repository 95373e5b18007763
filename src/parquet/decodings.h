// SPDX-License-Identifier: Apache-2.0
// Decodes Parquet's encodings, the reverse of encodings.h. The bytes may be damaged: false if they do not contain
// `count` values or contain impossible ones.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace weir {

// `values` gets exactly `count` values.
bool decode_hybrid(std::string_view in, unsigned width, size_t count, std::vector<uint32_t>& values);

}  // namespace weir
