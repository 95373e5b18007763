// SPDX-License-Identifier: Apache-2.0
#include "flow/fields.h"

namespace weir {

const FieldInfo* find_field(std::string_view name) {
  for (const FieldInfo& field : kFields)
    if (field.name == name) return &field;
  return nullptr;
}

}  // namespace weir
