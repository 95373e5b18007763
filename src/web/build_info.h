// SPDX-License-Identifier: Apache-2.0
// BuildInfo: version, revision and compiler of this weir.
#pragma once

#include <string>

namespace weir {

struct BuildInfo {
  std::string version, revision, compiler;
};

BuildInfo build_info();

}  // namespace weir
