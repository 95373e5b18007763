// SPDX-License-Identifier: Apache-2.0
#include "config/server_option.h"

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "config/secret_file.h"
#include "os/file.h"

namespace weir {

static constexpr const char* kTokenVariable = "WEIR_TOKEN_FILE";

CLI::Option* add_server_options(CLI::App& app, ServerOptions& options) {
  CLI::Option* server =
      app.add_option("--server", options.url, "ask the running collector at this URL instead")->option_text("URL");
  app.add_option("--token-file", options.token_file,
                 std::string("file whose first line is the token that the collector requires (default: the one that ") +
                     kTokenVariable + " names)")
      ->option_text("FILE");
  app.add_option("--server-ca", options.authorities,
                 "PEM file of the CA that signed the collector's certificate, if the system does not know that CA")
      ->option_text("FILE");
  return server;
}

static std::string problem_of(const HttpAnswer& answer) {
  if (answer.status == 401) return "it wants a token: name the file that holds it with --token-file";
  return "is it weir collect's --http address?";
}

HttpAnswer ask_server(const ServerOptions& options, const std::string& path) {
  HttpRequest request;
  request.target = path;
  request.headers = {{"Accept", "application/json"}};
  request.authorities = options.authorities;
  const std::string file = options.token_file.empty() ? os::environment(kTokenVariable) : options.token_file;
  if (!file.empty()) request.token = read_secret(file);
  HttpAnswer answer = http_request(options.url, request);
  if (answer.status != 200)
    throw runtime_failure(options.url + " answers with status " + std::to_string(answer.status) + "; " +
                          problem_of(answer));
  return answer;
}

}  // namespace weir
