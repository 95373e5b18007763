// SPDX-License-Identifier: Apache-2.0
// [[token]]: who may send HTTP requests.
#pragma once

#include <vector>

#include "config/repeated.h"
#include "http/server.h"

namespace weir {

inline constexpr std::string_view kTokenTable = "token";
std::span<const Option<HttpToken>> token_options();
const RepeatedTable& token_table_type();
// Checks `added` against the earlier ones: no name twice.
void check_token(const std::vector<HttpToken>& before, const HttpToken& added);

struct CollectConfig;
// The HTTP server's configuration, from collect.http and related options.
HttpServerConfig http_server_config(const CollectConfig& config);

}  // namespace weir
