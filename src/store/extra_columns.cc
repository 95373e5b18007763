// SPDX-License-Identifier: Apache-2.0
#include "store/extra_columns.h"

#include <algorithm>

#include "base/error.h"
#include "catalog/table_owner.h"

namespace weir {
namespace {

ExtraColumn column_of(const Statement& row) {
  ExtraColumn column;
  column.id = static_cast<int32_t>(row.integer(0));
  column.field.name = row.text(1);
  auto type = element_type(row.text(2));
  if (!type)
    throw SchemaError("a newer weir has added a field of the type " + std::string(row.text(2)) +
                      " to the store; use that weir");
  column.field.type = *type;
  std::string_view element = row.text(3);
  size_t slash = element.find('/');
  auto number = [](std::string_view digits) { return static_cast<uint32_t>(std::atoll(std::string(digits).c_str())); };
  column.field.pen = slash == element.npos ? 0 : number(element.substr(0, slash));
  column.field.element = static_cast<uint16_t>(number(element.substr(slash == element.npos ? 0 : slash + 1)));
  return column;
}

const ExtraColumn* find(const std::vector<ExtraColumn>& columns, const std::string& name) {
  auto found = std::ranges::find(columns, name, [](const ExtraColumn& c) { return c.field.name; });
  return found == columns.end() ? nullptr : &*found;
}

}  // namespace

std::vector<ExtraColumn> read_extra_columns(Database& database) {
  std::vector<ExtraColumn> columns;
  if (columns_of(database, "extra_fields").empty()) return columns;  // written by a version without added fields
  Statement row = database.prepare("SELECT id, name, type, element FROM extra_fields ORDER BY id");
  while (row.step()) columns.push_back(column_of(row));
  return columns;
}

void check_extra_columns(const std::vector<ExtraColumn>& known, const FieldTable& fields) {
  size_t added = 0;
  for (const ExtraField& field : fields.extras()) {
    const ExtraColumn* column = find(known, field.name);
    if (!column) {
      ++added;
    } else if (column->field.type != field.type) {
      throw usage_error("field \"" + field.name + "\" is of the type " + std::string(name_of(field.type)) +
                        ", but the store in this data directory has it as " + std::string(name_of(column->field.type)) +
                        "; a name keeps its type there: give this field another name, or name another data directory "
                        "with --data");
    }
  }
  if (known.size() + added > limits::kExtraColumns)
    throw usage_error("the store has had " + std::to_string(known.size()) + " added fields, and takes at most " +
                      std::to_string(limits::kExtraColumns) +
                      "; use names that it has, or another data directory with --data");
}

std::vector<ExtraColumn> add_extra_columns(Database& database, const FieldTable& fields) {
  std::vector<ExtraColumn> columns = read_extra_columns(database);
  check_extra_columns(columns, fields);
  Statement put = database.prepare(
      "INSERT INTO extra_fields (id, name, type, element) "
      "VALUES ((SELECT max(?, 1 + coalesce(max(id), 0)) FROM extra_fields), ?, ?, ?) "
      "ON CONFLICT (name) DO UPDATE SET element = excluded.element");
  for (const ExtraField& field : fields.extras())
    put.bind(1, kFirstExtraId).bind(2, field.name).bind(3, name_of(field.type)).bind(4, field.element_text()).run();
  return read_extra_columns(database);
}

}  // namespace weir
