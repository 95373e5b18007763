// SPDX-License-Identifier: Apache-2.0
// Finds the elements of an options template whose values describe flow records.
#pragma once

#include <cstdint>
#include <vector>

#include "wire/template_record.h"

namespace weir {

enum class OptionRole : uint8_t {
  // what the record is about; one record may have several of these
  interface,    // IE 10, 14; scope type Interface
  vrf,          // IE 234, 235
  application,  // IE 95
  sampler_id,   // IE 48, 302
  // the same, but only as a scope field (RFC 7011 §3.4.2.1, RFC 3954 §6.1)
  template_id,  // IE 145; scope type Template
  line_card,    // IE 141; scope type Line Card
  point,        // IE 138
  domain,       // IE 149
  // sampling
  interval,           // IE 34, 50: one packet in this many
  algorithm,          // IE 304: which of the pairs below applies
  packet_interval,    // IE 305: packets selected ...
  packet_space,       // IE 306: ... then packets skipped
  time_interval,      // IE 307: microseconds observed ...
  time_space,         // IE 308: ... then microseconds not observed
  sample_size,        // IE 309: packets selected ...
  sample_population,  // IE 310: ... out of this many
  probability,        // IE 311: float
  // others
  system_init_ms,           // IE 160
  interface_name,           // IE 82
  interface_description,    // IE 83
  vrf_name,                 // IE 236
  application_name,         // IE 96
  application_description,  // IE 94
  kCount
};
inline constexpr size_t kOptionRoleCount = static_cast<size_t>(OptionRole::kCount);
inline constexpr bool is_text(OptionRole r) { return r >= OptionRole::interface_name; }

struct OptionStep {
  OptionRole role;
  uint16_t position;  // index of the field in the template
};

// In the template's order.
std::vector<OptionStep> option_steps(const TemplateRecord& record);

}  // namespace weir
