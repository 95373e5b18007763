// SPDX-License-Identifier: Apache-2.0
#include "web/build_info.h"

// Both are defined by CMake.
#ifndef WEIR_VERSION
#define WEIR_VERSION "unknown"
#endif
#ifndef WEIR_REVISION
#define WEIR_REVISION "unknown"
#endif

namespace weir {

BuildInfo build_info() {
#ifdef __clang__
  return {WEIR_VERSION, WEIR_REVISION, __VERSION__};
#else
  return {WEIR_VERSION, WEIR_REVISION, "GCC " __VERSION__};
#endif
}

}  // namespace weir
