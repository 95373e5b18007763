// SPDX-License-Identifier: Apache-2.0
// Reads the elements whose values are appended to a list field of the record.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ip_address.h"
#include "elements/elements.h"
#include "templates/fits.h"

namespace weir {

// Fields of the record that are lists.
inline constexpr Field kListFields[] = {Field::bgp_communities, Field::as_path, Field::mpls_ttl,
                                        Field::mpls_label,      Field::mpls_ip, Field::ipv6_routing_header_addresses};

// A section of a label stack without TTL (IE 70 to 79); a record always has as many as its template. Whether it is
// unused (all zero), and whether it is the last one (its S bit, RFC 3032 §2.1).
bool is_no_label(const FieldBytes& section);
bool is_bottom_label(const FieldBytes& section);

// Appends the element's values to `numbers` or `addresses`, depending on its field: at most `space` values. Returns how
// many were appended. `convert` is one of the list kinds.
uint32_t append_values(Convert convert, const FieldBytes& element, uint32_t space, std::vector<uint32_t>& numbers,
                       std::vector<IpAddress>& addresses);

}  // namespace weir
