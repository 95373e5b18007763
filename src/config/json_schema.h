// SPDX-License-Identifier: Apache-2.0
// Renders a schema as JSON Schema (draft 2020-12), which editors use to complete and check weir.toml.
#pragma once

#include <string>

#include "config/schema.h"

namespace weir {

std::string json_schema(const Schema& schema);

}  // namespace weir
