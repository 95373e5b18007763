// SPDX-License-Identifier: Apache-2.0
// TLS contexts for the HTTP server and client: TLS 1.2 and later.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

namespace weir {

// For a server: its certificate (followed by the chain) and key, PEM files. Throws usage_error: which file, and what is
// wrong with it.
std::unique_ptr<boost::asio::ssl::context> server_tls(const std::string& certificate, const std::string& key_file);

// For a client that trusts the authorities in a PEM file; empty: the system's. Throws usage_error.
std::unique_ptr<boost::asio::ssl::context> client_tls(const std::string& authorities);

}  // namespace weir
