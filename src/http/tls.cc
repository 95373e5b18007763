// SPDX-License-Identifier: Apache-2.0
#include "http/tls.h"

#include "base/error.h"

namespace weir {

namespace ssl = boost::asio::ssl;

static std::unique_ptr<ssl::context> context(ssl::context::method method) {
  auto made = std::make_unique<ssl::context>(method);
  made->set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 | ssl::context::no_sslv3 |
                    ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
  return made;
}

// Runs `work`; if it fails, the error names the file.
template <class Work>
static void with_file(const std::string& what, const std::string& file, Work work) {
  boost::system::error_code code;
  work(code);
  if (code) throw usage_error("cannot use the " + what + " " + file + ": " + code.message() + "; it must be PEM");
}

std::unique_ptr<ssl::context> server_tls(const std::string& certificate, const std::string& key_file) {
  auto made = context(ssl::context::tls_server);
  with_file("certificate", certificate, [&](auto& code) { made->use_certificate_chain_file(certificate, code); });
  with_file("key", key_file, [&](auto& code) { made->use_private_key_file(key_file, ssl::context::pem, code); });
  return made;
}

std::unique_ptr<ssl::context> client_tls(const std::string& authorities) {
  auto made = context(ssl::context::tls_client);
  made->set_verify_mode(ssl::verify_peer);
  if (authorities.empty())
    with_file("authorities of the system", "", [&](auto& code) { made->set_default_verify_paths(code); });
  else
    with_file("file of authorities", authorities, [&](auto& code) { made->load_verify_file(authorities, code); });
  return made;
}

}  // namespace weir
