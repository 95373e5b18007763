// SPDX-License-Identifier: Apache-2.0
// Who may ask over HTTP: [[token]].
#pragma once

#include <vector>

#include "config/repeated.h"
#include "http/server.h"

namespace weir {

inline constexpr std::string_view kTokenTable = "token";
std::span<const Option<HttpToken>> token_options();
const RepeatedTable& token_table_type();
// `added` beside those before: no name twice.
void check_token(const std::vector<HttpToken>& before, const HttpToken& added);

struct CollectConfig;
// Of collect.http and what belongs to it.
HttpServerConfig http_server_config(const CollectConfig& config);

}  // namespace weir
