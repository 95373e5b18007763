// SPDX-License-Identifier: Apache-2.0
// JSON lines and CSV: one spelling of values, two ways to put them into a line.
#pragma once

#include "format/planned_writer.h"

namespace weir {

std::unique_ptr<RecordWriter> make_json_writer(const std::vector<Field>& fields, const FieldTable& table);
std::unique_ptr<RecordWriter> make_csv_writer(const std::vector<Field>& fields, const FieldTable& table);

}  // namespace weir
