// SPDX-License-Identifier: Apache-2.0
// Splits the input of the decoders' fuzzers into datagrams. Input := (length u16, sender u8, datagram)*.
#pragma once

#include <algorithm>

#include "base/bytes.h"

namespace weir {

// Calls visit(sender, datagram) for each. The last length may exceed what is left of the input.
template <class Visit>
void for_each_datagram(Bytes input, Visit visit) {
  while (input.size() >= 3) {
    size_t length = std::min<size_t>(load_be16(input.data()), input.size() - 3);
    visit(input[2], input.subspan(3, length));
    input = input.subspan(3 + length);
  }
}

}  // namespace weir
