// SPDX-License-Identifier: Apache-2.0
// Which weir this is.
#pragma once

#include <string>

namespace weir {

struct BuildInfo {
  std::string version, revision, compiler;
};

BuildInfo build_info();

}  // namespace weir
