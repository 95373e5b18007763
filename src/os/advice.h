// SPDX-License-Identifier: Apache-2.0
// What an operator can do about a file operation that failed: the advice that fits the error.
#pragma once

#include <string_view>

namespace weir::os {

// "raise the limit of open files (…)", "free space on that disk, …", for any errno; no full stop.
std::string_view advice(int error);

}  // namespace weir::os
