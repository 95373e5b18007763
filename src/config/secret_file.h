// SPDX-License-Identifier: Apache-2.0
// Reads secrets from their own files; they never appear in a configuration, a flag or a variable.
#pragma once

#include <string>

#include "base/secret.h"

namespace weir {

// The location of a secret file: a relative path is relative to $CREDENTIALS_DIRECTORY, where systemd puts the files
// named in LoadCredential=.
std::string secret_path(const std::string& path);

// The file's first line. Throws usage_error if it cannot be read, is empty, or is longer than 4 KiB.
Secret read_secret(const std::string& path);

}  // namespace weir
