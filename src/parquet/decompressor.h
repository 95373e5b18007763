// SPDX-License-Identifier: Apache-2.0
// Decompressor: zstd, for the pages of a segment.
//
//   threads  one at a time
#pragma once

#include <memory>
#include <span>

struct ZSTD_DCtx_s;

namespace weir {

class Decompressor {
 public:
  Decompressor();
  // Fills all of `out` from `packed`; false if the data is damaged or has another length.
  bool decompress(std::span<const char> packed, std::span<char> out);

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
};

}  // namespace weir
