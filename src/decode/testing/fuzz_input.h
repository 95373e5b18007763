// SPDX-License-Identifier: Apache-2.0
// Input of the decoders' fuzzers := (length u16, sender u8, datagram)*.
#pragma once

#include <algorithm>

#include "base/bytes.h"

namespace weir {

// visit(sender, datagram). The last length may be more than there is.
template <class Visit>
void for_each_datagram(Bytes input, Visit visit) {
  while (input.size() >= 3) {
    size_t length = std::min<size_t>(load_be16(input.data()), input.size() - 3);
    visit(input[2], input.subspan(3, length));
    input = input.subspan(3 + length);
  }
}

}  // namespace weir
