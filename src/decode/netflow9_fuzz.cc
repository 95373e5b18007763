// SPDX-License-Identifier: Apache-2.0
#include "decode/testing/decode_fuzz.h"
#include "decode/testing/export_mutator.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) { return weir::fuzz_decoder(9, data, size); }

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t limit);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t limit, unsigned seed) {
  return weir::mutate_export(weir::Protocol::netflow9, data, size, limit, seed, LLVMFuzzerMutate);
}
