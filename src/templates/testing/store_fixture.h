// SPDX-License-Identifier: Apache-2.0
// Shared by the tests of the template store.
#pragma once

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "base/bytes.h"
#include "wire/template_record.h"

namespace weir {

// A v9 data template: id, count, (type, length)... (RFC 3954 §5.2).
inline TemplateRecord v9_template(uint16_t id, std::vector<std::pair<uint16_t, uint16_t>> fields) {
  std::vector<uint8_t> wire(4 + 4 * fields.size());
  store_be(wire.data(), id);
  store_be(wire.data() + 2, static_cast<uint16_t>(fields.size()));
  for (size_t i = 0; i < fields.size(); ++i) {
    store_be(wire.data() + 4 + 4 * i, fields[i].first);
    store_be(wire.data() + 6 + 4 * i, fields[i].second);
  }
  ByteReader reader{Bytes(wire)};
  TemplateRecord record;
  EXPECT_EQ(read_template(reader, Protocol::netflow9, TemplateKind::data, record).read, TemplateRead::ok);
  return record;
}

}  // namespace weir
