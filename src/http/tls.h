// SPDX-License-Identifier: Apache-2.0
// TLS of the HTTP server and client: 1.2 and later.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

namespace weir {

// Of a server: its certificate (with the chain behind it) and key, PEM files. Throws usage_error: which file, and what
// is wrong with it.
std::unique_ptr<boost::asio::ssl::context> server_tls(const std::string& certificate, const std::string& key_file);

// Of a client that trusts the authorities of a PEM file; empty: those of the system. Throws usage_error.
std::unique_ptr<boost::asio::ssl::context> client_tls(const std::string& authorities);

}  // namespace weir
