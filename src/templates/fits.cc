// SPDX-License-Identifier: Apache-2.0
#include "templates/fits.h"

namespace weir {

size_t walk_record(const Plan& plan, Bytes bytes, FieldBytes* fields) {
  size_t at = 0;
  bool variable = !plan.fixed;
  for (size_t i = 0; i < plan.lengths.size(); ++i) {
    size_t length = plan.lengths[i];
    if (variable && length == kVariableLength) {
      if (bytes.size() - at < 1) return 0;
      length = bytes[at++];
      if (length == 255) {
        if (bytes.size() - at < 2) return 0;
        length = load_be16(bytes.data() + at);
        at += 2;
      }
    }
    if (bytes.size() - at < length) return 0;
    if (fields) fields[i] = {bytes.data() + at, static_cast<uint32_t>(length)};
    at += length;
  }
  return at;
}

bool fits(const Plan& plan, Bytes body) {
  static constexpr size_t kMaxPadding = 3;
  size_t records = 0;
  while (body.size() >= plan.record_length) {
    size_t length = plan.fixed ? plan.record_length : walk_record(plan, body, nullptr);
    if (length == 0) break;
    body = body.subspan(length);
    ++records;
  }
  return records > 0 && body.size() <= kMaxPadding;
}

}  // namespace weir
