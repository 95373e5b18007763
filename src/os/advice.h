// SPDX-License-Identifier: Apache-2.0
// Advice for operators on a failed file operation, by error.
#pragma once

#include <string_view>

namespace weir::os {

// "raise the limit of open files (…)", "free space on that disk, …", for any errno; no full stop.
std::string_view advice(int error);

}  // namespace weir::os
