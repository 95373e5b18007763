// SPDX-License-Identifier: Apache-2.0
// The table `extra_fields` of catalog.db: the fields that configurations have added to a store
// (docs/formats/catalog.md).
#pragma once

#include <vector>

#include "catalog/database.h"
#include "store/columns.h"

namespace weir {

// All of them, by id. Throws usage_error if a newer version has added one of a type that this version does not know.
std::vector<ExtraColumn> read_extra_columns(Database& database);

// Throws usage_error if `fields` adds a field that `known` contains with another type, or too many fields.
void check_extra_columns(const std::vector<ExtraColumn>& known, const FieldTable& fields);

// Adds the fields that are new, within the caller's transaction, and returns all of them.
std::vector<ExtraColumn> add_extra_columns(Database& database, const FieldTable& fields);

}  // namespace weir
