// SPDX-License-Identifier: Apache-2.0
// Secrets stand in files of their own, never in a configuration, a flag or a variable.
#pragma once

#include <string>

#include "base/secret.h"

namespace weir {

// Where a secret file is: a relative path is looked for in $CREDENTIALS_DIRECTORY, where systemd puts what
// LoadCredential= names.
std::string secret_path(const std::string& path);

// Its first line. Throws usage_error: it cannot be read, is empty, or is longer than 4 KiB.
Secret read_secret(const std::string& path);

}  // namespace weir
