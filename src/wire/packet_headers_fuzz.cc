// SPDX-License-Identifier: Apache-2.0
// Input := start u8, section. Everything that the parser reports is read again, so that a wrong count or view is
// detected.
#include <vector>

#include "base/assert.h"
#include "wire/packet_headers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::vector<uint8_t> section(data + 1, data + size);
  section.shrink_to_fit();
  weir::PacketHeaders headers;
  weir::parse_packet_headers(static_cast<weir::HeaderStart>(data[0] & 3), section, headers);
  WEIR_ASSERT(headers.layers <= weir::PacketHeaders::kMaxLayers);
  WEIR_ASSERT(headers.labels <= weir::PacketHeaders::kMaxLabels);
  WEIR_ASSERT(headers.routing_addresses.size() % 16 == 0);
  size_t octets = 0;
  // All layers but the last are complete and contiguous.
  for (size_t i = 0; i + 1 < headers.layers; ++i) octets += headers.layer_size[i];
  WEIR_ASSERT(octets <= section.size());
  unsigned sum = 0;
  for (uint8_t b : headers.routing_addresses) sum += b;
  for (size_t i = 0; i < headers.labels; ++i) {
    WEIR_ASSERT(headers.label[i] < 1u << 20);
    sum += headers.label_ttl[i];
  }
  volatile unsigned keep = sum;
  (void)keep;
  return 0;
}
