// SPDX-License-Identifier: Apache-2.0
#include "sink/protobuf_writer.h"
#include "sink/spelling.h"

namespace weir {
namespace {

std::string_view type_of(const FieldInfo& field) {
  if (field.spelling == Spelling::type) return "FlowType";
  if (field.spelling == Spelling::layer) return "LayerStack";
  if (field.spelling == Spelling::address) return "bytes";
  if (field.column == Column::text) return "string";
  switch (field.column) {
    case Column::u64:
    case Column::time_ns:
      return "uint64";
    case Column::run:
      return field.sql_type == "BIGINT" ? "uint64" : "uint32";
    default:
      return "uint32";
  }
}

std::string enumerations() {
  std::string text = "  enum FlowType {\n";
  for (FlowType type : kFlowTypes)
    text += "    " + std::string(flow_type_name(type)) + " = " + std::to_string(static_cast<unsigned>(type)) + ";\n";
  text += "  }\n  enum LayerStack {\n";
  for (const LayerName& layer : kLayerNames)
    text += "    " + std::string(layer.name) + " = " + std::to_string(layer.number) + ";\n";
  return text + "  }\n";
}

std::string line_of(const FieldInfo& field) {
  bool list = field.column == Column::list_u32 || field.column == Column::list_address;
  std::string line = list ? "  repeated " : "  ";
  line += std::string(type_of(field)) + " " + std::string(field.name) + " = " + std::to_string(field.protobuf_number);
  return line + ";  // " + std::string(field.meaning) + "\n";
}

}  // namespace

std::string protobuf_schema() {
  std::string text =
      "// SPDX-License-Identifier: Apache-2.0\n"
      "// What `--format protobuf` writes: before each message its length as a varint. Made from the field table\n"
      "// (src/flow/fields.h). The first fields are GoFlow2's, with its names and numbers, so its consumers read\n"
      "// these messages; Weir's own are numbered from 1000. Addresses are 4 or 16 bytes, networks prefix lengths.\n"
      "syntax = \"proto3\";\n"
      "package flowpb;\n"
      "\n"
      "message FlowMessage {\n";
  text += enumerations();
  for (const FieldInfo& field : kFields) {
    if (field.field == kFields[0].field || field.field == kFields[kGoflow2FieldCount].field) text += "\n";
    text += line_of(field);
  }
  return text + "}\n";
}

}  // namespace weir
