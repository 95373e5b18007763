// SPDX-License-Identifier: Apache-2.0
// How the plain decoder reads records that have octet and packet counters twice.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>

#include "decode/testing/plain_record.h"

namespace weir {

// IE 23 and 24 (what left) in a record with IE 1 and 2 (what came): they count the other direction if any of them
// differs; they are the counters themselves if IE 1 and 2 are 0. `find` returns the value of an element id, if the
// record has it.
template <class Find>
void plain_post_counters(PlainRecord& record, Find find) {
  std::map<Field, uint64_t> post;
  bool same = true, none = true;
  for (auto [id, field, reverse] : {std::tuple(uint16_t{1}, Field::bytes, Field::reverse_bytes),
                                    std::tuple(uint16_t{2}, Field::packets, Field::reverse_packets)}) {
    std::optional<uint64_t> came = find(id), left = find(static_cast<uint16_t>(id + 22));
    if (!came || !left || record.values.contains(reverse)) continue;
    post[field] = *left;
    same = same && *came == *left;
    none = none && *came == 0;
  }
  for (auto [field, left] : post) {
    if (none) record.values[field] = left;
    const bool is_reverse = !none && !same && left != 0;
    if (is_reverse) record.values[field == Field::bytes ? Field::reverse_bytes : Field::reverse_packets] = left;
  }
}

}  // namespace weir
