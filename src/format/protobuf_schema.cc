// SPDX-License-Identifier: Apache-2.0
#include "format/protobuf_writer.h"
#include "format/spelling.h"

namespace weir {
namespace {

std::string_view type_of(const FieldInfo& field) {
  if (field.spelling == Spelling::type) return "FlowType";
  if (field.spelling == Spelling::layer) return "LayerStack";
  if (field.spelling == Spelling::address) return "bytes";
  if (field.spelling == Spelling::boolean) return "bool";
  switch (field.column) {
    case Column::u64:
    case Column::time_ns:
      return "uint64";
    case Column::i64:
      return "int64";
    case Column::f64:
      return "double";
    case Column::text:
      return "string";
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

std::string line_of(const FieldInfo& field, const std::string& meaning) {
  bool list = field.column == Column::list_u32 || field.column == Column::list_address;
  std::string line = list ? "  repeated " : "  ";
  line += std::string(type_of(field)) + " " + std::string(field.name) + " = " + std::to_string(field.protobuf_number);
  return line + ";  // " + meaning + "\n";
}

std::string meaning_of(const FieldTable& table, const FieldInfo& field) {
  if (!is_extra(field.field)) return std::string(field.meaning);
  const ExtraField& extra = table.extras()[static_cast<size_t>(field.field) - kFieldCount];
  return "element " + extra.element_text() + ", " + std::string(name_of(extra.type));
}

}  // namespace

std::string protobuf_schema(const FieldTable& table) {
  std::string text =
      "// SPDX-License-Identifier: Apache-2.0\n"
      "// What `--format protobuf` writes: before each message its length as a varint. Made from the field table\n"
      "// (src/flow/fields.h). The first fields are GoFlow2's, with its names and numbers, so its consumers read\n"
      "// these messages; Weir's own are numbered from 1000, those that a configuration adds from 2000. Addresses are\n"
      "// 4 or 16 bytes, networks prefix lengths.\n"
      "syntax = \"proto3\";\n"
      "package flowpb;\n"
      "\n"
      "message FlowMessage {\n";
  text += enumerations();
  for (const FieldInfo& field : table.all()) {
    auto at = static_cast<size_t>(field.field);
    if (at == 0 || at == kGoflow2FieldCount || at == kFieldCount) text += "\n";
    text += line_of(field, meaning_of(table, field));
  }
  return text + "}\n";
}

}  // namespace weir
