// SPDX-License-Identifier: Apache-2.0
// Values of a filter as text: read by the parser, written by the printer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/range_set.h"
#include "base/time_text.h"
#include "filter/vocabulary.h"

namespace weir {

// The key of a number of that kind (number_key.h); nullopt for any other text. It may be larger than the subject
// allows.
std::optional<uint64_t> parse_value(ValueKind kind, std::string_view text, const TimeContext& times);
// Also "A-B" and "A..B"; the latter alone where a value may contain a minus. nullopt too if A is larger than B.
std::optional<Range<uint64_t>> parse_value_range(ValueKind kind, std::string_view text, const TimeContext& times);

// The reverse. parse_value() reads the text of a key as that key.
std::string value_text(ValueKind kind, uint64_t key);
std::string value_range_text(ValueKind kind, const Range<uint64_t>& range);

}  // namespace weir
