// SPDX-License-Identifier: Apache-2.0
// An HTTP request that is not one: never a crash, and an answer that does not depend on how the bytes were cut.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "web/http_request.h"

namespace weir {
namespace {

bool is_clean(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c <= ' ' || c == 0x7f; });
}

void check(std::string_view bytes) {
  const RequestHead head = parse_request_head(bytes);
  WEIR_ASSERT(head.bytes <= bytes.size());
  WEIR_ASSERT((head.refusal != 0) == !head.why.empty());
  if (head.refusal != 0 || head.bytes == 0) return;
  WEIR_ASSERT(head.bytes <= kRequestHeadBytes + 4 && head.body_bytes <= kRequestBodyBytes);
  WEIR_ASSERT(is_clean(head.method) && is_clean(head.request.path) && !head.request.path.contains('?'));
  // What comes after the head changes nothing, and no part of it is taken for the whole.
  const RequestHead alone = parse_request_head(bytes.substr(0, head.bytes));
  WEIR_ASSERT(alone.bytes == head.bytes && alone.request.path == head.request.path);
  for (size_t size : {head.bytes - 1, head.bytes / 2}) {
    const RequestHead part = parse_request_head(bytes.substr(0, size));
    WEIR_ASSERT(part.bytes == 0 && part.refusal == 0);
  }
}

}  // namespace
}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weir::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
