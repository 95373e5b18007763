// SPDX-License-Identifier: Apache-2.0
// Functions for addresses, ports, flags and times that every statement may use, beside DuckDB's own:
//
//   in_net(address, 'NETWORKS')       whether the address is in one of them: '10.0.0.0/8', '192.0.2.1-192.0.2.9',
//                                     several with commas (base/address_set.h)
//   net(address, 24[, 64])            its network, with that prefix length: of IPv4, of IPv6 (left out: 64)
//   service(port[, proto])            the service that usually has the port: 'https'; null if there is none
//   tcp_flags_text(flags)             'SA': the letters of the flags that are set
//   time_slot(time, '1d')             when the slot of that length that contains the time begins, by the clock of the
//                                     zone: '15m', '6h', '1d', 'week' (Monday), 'month', 'year'
//
// Null gives null. A text that is no address is in no network, and has none.
#pragma once

#include <duckdb.h>

#include <string_view>

#include "base/time_zone.h"

namespace weir {

// `zone`: of time_slot(). Throws SqlError if DuckDB refuses.
void register_functions(duckdb_connection connection, const TimeZone& zone);

// Whether DuckDB's message says that one of them refused its argument.
bool is_wrong_argument(std::string_view message);

}  // namespace weir
