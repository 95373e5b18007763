// SPDX-License-Identifier: Apache-2.0
#include "config/secret_file.h"

#include <vector>

#include "base/error.h"
#include "os/file.h"

namespace weir {

static constexpr size_t kMaxSecretOctets = 4u << 10;

std::string secret_path(const std::string& path) {
  const std::string folder = os::environment("CREDENTIALS_DIRECTORY");
  return path.starts_with("/") || folder.empty() ? path : folder + "/" + path;
}

Secret read_secret(const std::string& path) {
  if (path.empty()) throw usage_error("an empty path; name the file that holds the secret");
  const std::string where = secret_path(path);
  const std::vector<uint8_t> bytes = os::read_file(where);
  std::string text(bytes.begin(), bytes.end());
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  if (text.empty()) throw usage_error(where + " is empty; its first line is to be the secret");
  if (text.size() > kMaxSecretOctets) throw usage_error(where + " is too long for a secret; at most 4 KiB");
  return Secret(std::move(text));
}

}  // namespace weir
