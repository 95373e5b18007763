// SPDX-License-Identifier: Apache-2.0
// A JSON Schema (draft 2020-12) of a configuration, which editors complete and check TOML with.
#pragma once

#include <string>

#include "config/schema.h"

namespace weir {

std::string json_schema(const Schema& schema);

}  // namespace weir
