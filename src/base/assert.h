// SPDX-License-Identifier: Apache-2.0
// WEIR_ASSERT(condition): a violated internal invariant aborts the process, in release builds too.
// Never use it on input, which may contain anything.
#pragma once

#include <cstdio>
#include <cstdlib>

#define WEIR_ASSERT(condition)                                                                      \
  do {                                                                                              \
    if (__builtin_expect(!(condition), 0)) {                                                        \
      std::fprintf(stderr, "weir: broken invariant: %s (%s:%d)\n", #condition, __FILE__, __LINE__); \
      std::abort();                                                                                 \
    }                                                                                               \
  } while (false)
