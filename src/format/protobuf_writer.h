// SPDX-License-Identifier: Apache-2.0
// Writes flow records as Protobuf messages: GoFlow2's FlowMessage with Weir's own fields from 1000. Each message is
// preceded by its length as a varint; fields are in ascending order, zero values are left out (proto3).
#pragma once

#include "format/planned_writer.h"

namespace weir {

std::unique_ptr<RecordWriter> make_protobuf_writer(const std::vector<Field>& fields, const FieldTable& table);

// The schema of the messages, generated from the table; without added fields it is docs/formats/flow.proto.
std::string protobuf_schema(const FieldTable& table = FieldTable::plain());

}  // namespace weir
