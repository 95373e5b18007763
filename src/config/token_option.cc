// SPDX-License-Identifier: Apache-2.0
#include "config/token_option.h"

#include "base/error.h"
#include "config/collect_config.h"
#include "config/secret_file.h"

namespace weir {
namespace {

TableValues parse_short(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == text.npos)
    throw usage_error("\"" + text + "\" is no token; write NAME=FILE, as in grafana=/etc/weir/grafana.token");
  TableValues values;
  values.values.push_back({"name", {text.substr(0, equals), {}, {}}});
  values.values.push_back({"secret_file", {text.substr(equals + 1), {}, {}}});
  return values;
}

void set_name(HttpToken& token, const Value& value) {
  if (value.text.empty()) throw usage_error("an empty name; say whose token it is");
  token.name = value.text;
}

const Option<HttpToken> kOptions[] = {
    {{"name", "", ValueKind::text, "NAME", kNeeded, "", "Whose token it is, for the log"}, set_name},
    {{"secret_file", "", ValueKind::secret_file, "FILE", kNeeded, "",
      "The file whose first line is the token. A relative path starts from $CREDENTIALS_DIRECTORY (systemd's "
      "LoadCredential=)"},
     [](HttpToken& token, const Value& value) { token.secret = read_secret(value.text); }},
};

}  // namespace

std::span<const Option<HttpToken>> token_options() { return kOptions; }

const RepeatedTable& token_table_type() {
  static const RepeatedTable type{
      kTokenTable,
      "--token",
      "NAME=FILE,..",
      "Operating",
      "HTTP requests must carry one of these tokens (Authorization: Bearer), except the probes /-/ready and "
      "/-/healthy. The token is the first line of the file. If no token is configured, none is required. May be given "
      "several times",
      "[[token]]\nname = \"grafana\"\nsecret_file = \"/etc/weir/grafana.token\"",
      infos(token_options()),
      parse_short};
  return type;
}

void check_token(const std::vector<HttpToken>& before, const HttpToken& added) {
  for (const HttpToken& other : before)
    if (other.name == added.name) throw usage_error("token \"" + added.name + "\" is named twice");
}

HttpServerConfig http_server_config(const CollectConfig& config) {
  return {config.http, config.http_certificate, config.http_key, config.tokens};
}

}  // namespace weir
