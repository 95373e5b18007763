// SPDX-License-Identifier: Apache-2.0
#include "decode/testing/decode_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) { return weir::fuzz_decoder(7, data, size); }
