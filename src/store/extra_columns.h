// SPDX-License-Identifier: Apache-2.0
// The table `extra_fields` of catalog.db: which fields configurations have added to a store (docs/formats/catalog.md).
#pragma once

#include <vector>

#include "catalog/database.h"
#include "store/columns.h"

namespace weir {

// Every one, by id. Throws usage_error where a newer version has added one of a type that this version does not know.
std::vector<ExtraColumn> read_extra_columns(Database& database);

// Throws usage_error where the table adds a field that `known` has with another type.
void check_extra_columns(const std::vector<ExtraColumn>& known, const FieldTable& fields);

// Adds those that are new, within a transaction of the caller's, and returns every one.
std::vector<ExtraColumn> add_extra_columns(Database& database, const FieldTable& fields);

}  // namespace weir
