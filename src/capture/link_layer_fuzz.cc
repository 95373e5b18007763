// SPDX-License-Identifier: Apache-2.0
// A sequence of frames with any bytes, of any link type, given to one decoder (so that fragments can interact): each is
// read only within its bounds, and a datagram lies completely within its frame or the reassembly table.
// Input: per frame: link type 1 byte (an index), length 2 bytes, missing bytes 1, then the frame.
#include <cstdlib>
#include <memory>

#include "base/assert.h"
#include "capture/link_layer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static constexpr uint32_t kLinkTypes[] = {0, 1, 9, 12, 14, 50, 51, 101, 104, 108, 113, 228, 229, 276, 147};
  weir::LinkLayer link_layer;
  weir::ByteReader in({data, size});
  int64_t now = 1;
  while (in.remaining() >= 4) {
    uint32_t link_type = kLinkTypes[in.u8() % std::size(kLinkTypes)];
    size_t length = std::min<size_t>(in.u16(), in.remaining() ? in.remaining() - 1 : 0);
    uint32_t missing = in.u8();
    weir::Bytes borrowed = in.take(length);
    // An exact-size copy, so that the sanitizer knows its bounds.
    std::unique_ptr<uint8_t[]> frame(new uint8_t[length]);
    std::copy(borrowed.begin(), borrowed.end(), frame.get());
    weir::UdpPayload out;
    auto outcome = link_layer.decode(link_type, {frame.get(), length}, static_cast<uint32_t>(length) + missing,
                                     now += missing * 1'000'000'000ll, out);
    WEIR_ASSERT(static_cast<size_t>(outcome) < weir::kFrameOutcomeCount);
    if (outcome != weir::FrameOutcome::datagram) continue;
    WEIR_ASSERT(out.bytes.size() <= 65'527);
    uint64_t sum = 0;
    for (uint8_t byte : out.bytes) sum += byte;
    asm volatile("" : : "g"(sum));  // keeps the reads from being optimised away
  }
  return 0;
}
