// SPDX-License-Identifier: Apache-2.0
// docs/reference/filter.md, made from the vocabulary.
#pragma once

#include <string>

namespace weir {

// Without the line that says that the page is generated.
std::string filter_reference();

}  // namespace weir
