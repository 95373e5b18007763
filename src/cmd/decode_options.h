// SPDX-License-Identifier: Apache-2.0
// Parses the arguments of `weir decode`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cmd/cmd.h"
#include "config/collect_config.h"
#include "flow/field_table.h"

namespace weir {

struct DecodeOptions {
  std::vector<std::string> files;  // empty: only help was requested
  std::string format;              // json, csv, protobuf, table, none
  std::shared_ptr<const FieldTable> field_table;
  std::string where;            // a filter; empty: every record
  std::vector<Field> fields;    // empty: all (table: as many as fit in a line)
  std::vector<uint16_t> ports;  // empty: anything that looks like flow export
  uint64_t hold_bytes = 1u << 30;
  uint64_t sampling_rate = 0;
  Borrow borrow = Borrow::domain;
  IgnorePorts ignore_ports;
  std::shared_ptr<const ExporterRules> exporters;
  uint64_t max_errors = 10;  // maximum lines for each reason
  bool quiet = false;
  bool counters = false;  // instead of flow records: counter samples
  // Instead of flow records: print what was received.
  bool templates = false, elements = false, sets = false;
  bool shows_wire() const { return templates || elements || sets; }
};

// Throws usage_error.
DecodeOptions parse_decode_options(const Arguments& arguments);

}  // namespace weir
