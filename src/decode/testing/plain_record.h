// SPDX-License-Identifier: Apache-2.0
// PlainRecord: a flow record as the plain decoders produce it, with its values in a map.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/ip_address.h"
#include "base/time_units.h"
#include "flow/fields.h"

namespace weir {

using PlainValue = std::variant<uint64_t, IpAddress, std::vector<uint32_t>, std::vector<IpAddress>>;
struct PlainRecord {
  std::map<Field, PlainValue> values;
  bool has_packet = false;    // it has a packet's first octets (IE 104, 313, 315, 317), which fill missing fields
  uint64_t time_quality = 0;  // 1: ends before it starts; 2: more than a day after its export; 3: both
  std::string elements;       // "8:4 29305/1:8": the template's, to show where the decoders differ
};

// A record with only one of the two times is judged as if both were that time.
inline uint64_t plain_time_quality(int64_t export_ns, const PlainRecord& record) {
  auto time = [&](Field field, Field otherwise) {
    auto found = record.values.find(field);
    if (found == record.values.end()) found = record.values.find(otherwise);
    return found == record.values.end() ? INT64_MIN : static_cast<int64_t>(std::get<uint64_t>(found->second));
  };
  int64_t start = time(Field::time_flow_start_ns, Field::time_flow_end_ns);
  int64_t end = time(Field::time_flow_end_ns, Field::time_flow_start_ns);
  return (start > end ? 1 : 0) + (std::max(start, end) > export_ns + kDay ? 2 : 0);
}

}  // namespace weir
