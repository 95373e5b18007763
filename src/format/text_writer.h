// SPDX-License-Identifier: Apache-2.0
// Writes JSON lines and CSV: values are spelled the same in both, only the layout of the line differs.
#pragma once

#include "format/planned_writer.h"

namespace weir {

std::unique_ptr<RecordWriter> make_json_writer(const std::vector<Field>& fields, const FieldTable& table);
std::unique_ptr<RecordWriter> make_csv_writer(const std::vector<Field>& fields, const FieldTable& table);

}  // namespace weir
