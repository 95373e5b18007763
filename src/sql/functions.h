// SPDX-License-Identifier: Apache-2.0
// Functions for addresses, ports and flags that every statement may use, beside DuckDB's own:
//
//   in_net(address, 'NETWORKS')       whether the address is in one of them: '10.0.0.0/8', '192.0.2.1-192.0.2.9',
//                                     several with commas (base/address_set.h)
//   net(address, 24[, 64])            its network, with that prefix length: of IPv4, of IPv6 (left out: 64)
//   service(port[, proto])            the service that usually has the port: 'https'; null if there is none
//   tcp_flags_text(flags)             'SA': the letters of the flags that are set
//
// Null gives null. A text that is no address is in no network, and has none.
#pragma once

#include <duckdb.h>

#include <string_view>

namespace weir {

// Throws SqlError if DuckDB refuses.
void register_functions(duckdb_connection connection);

// Whether DuckDB's message says that one of them refused its argument.
bool is_wrong_argument(std::string_view message);

}  // namespace weir
