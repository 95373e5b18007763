// SPDX-License-Identifier: Apache-2.0
#include "parquet/decompressor.h"

#include <zstd.h>

#include "base/assert.h"

namespace weir {

Decompressor::Decompressor() : context_(ZSTD_createDCtx()) { WEIR_ASSERT(context_); }

void Decompressor::Free::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

bool Decompressor::decompress(std::span<const char> packed, std::span<char> out) {
  const size_t size = ZSTD_decompressDCtx(context_.get(), out.data(), out.size(), packed.data(), packed.size());
  return !ZSTD_isError(size) && size == out.size();
}

}  // namespace weir
