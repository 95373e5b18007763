// SPDX-License-Identifier: Apache-2.0
// Compares the decoder with the plain decoders. Input: a byte that selects the protocol, then datagrams
// (decoded_alike.h).
#include "decode/testing/decoded_alike.h"
#include "decode/testing/export_mutator.h"

static weir::Protocol protocol_of(uint8_t choice) {
  using enum weir::Protocol;
  static constexpr weir::Protocol kChoices[] = {netflow9, ipfix,    netflow9, ipfix,    netflow9, ipfix,
                                                netflow1, netflow5, netflow7, netflow9, ipfix,    ipfix};
  return kChoices[choice % std::size(kChoices)];
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  std::string failure;
  weir::decode_both(protocol_of(data[0]), {data + 1, size - 1}, failure);
  if (!failure.empty()) std::fprintf(stderr, "the decoders differ: %s\n", failure.c_str());
  WEIR_ASSERT(failure.empty());
  return 0;
}

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t limit);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t limit, unsigned seed) {
  if (size < 1 || limit < 2) return LLVMFuzzerMutate(data, size, limit);
  if (seed % 16 == 0) data[0] = static_cast<uint8_t>(seed >> 4);
  weir::Protocol protocol = protocol_of(data[0]);
  bool has_templates = protocol == weir::Protocol::netflow9 || protocol == weir::Protocol::ipfix;
  if (!has_templates) return 1 + LLVMFuzzerMutate(data + 1, size - 1, limit - 1);
  return 1 + weir::mutate_export(protocol, data + 1, size - 1, limit - 1, seed, LLVMFuzzerMutate);
}
