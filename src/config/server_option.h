// SPDX-License-Identifier: Apache-2.0
// --server and its related options, for commands that query a running collector.
#pragma once

#include <string>

#include "http/client.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace weir {

struct ServerOptions {
  std::string url;          // empty: no collector is queried
  std::string token_file;   // default: the file that WEIR_TOKEN_FILE names
  std::string authorities;  // PEM file
};

// Adds --server, --token-file and --server-ca. Returns the first.
CLI::Option* add_server_options(CLI::App& app, ServerOptions& options);

// GET of `path`, with the token. Throws runtime_failure if the answer is not 200: why, and what to do.
HttpAnswer ask_server(const ServerOptions& options, const std::string& path);

}  // namespace weir
