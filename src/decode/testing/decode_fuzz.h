// SPDX-License-Identifier: Apache-2.0
// Code shared by the fuzzers of the decoders. The version number of every datagram of the input (fuzz_input.h) is set,
// so that all of them reach the decoder under test.
#pragma once

#include <cstdint>
#include <vector>

#include "base/assert.h"
#include "decode/decoder.h"
#include "decode/testing/fuzz_input.h"
#include "os/clock.h"

namespace weir {

// Added fields of every type, for elements that occur in the corpora.
inline const FieldTable& fuzzed_fields() {
  using enum ElementType;
  static const FieldTable table({{"a", 0, 1, unsigned_number},
                                 {"b", 0, 2, signed_number},
                                 {"c", 0, 10, float_number},
                                 {"d", 0, 4, boolean},
                                 {"e", 0, 8, ip_address},
                                 {"f", 0, 56, mac_address},
                                 {"g", 0, 82, string},
                                 {"h", 0, 96, octets},
                                 {"i", 0, 150, datetime},
                                 {"j", 0, 154, datetime_ntp},
                                 {"k", 9, 1, string}});
  return table;
}

// Reads every value that a batch claims to contain.
inline void read_everything(const FlowBatch& batch) {
  uint32_t rows = 0;
  uint64_t sum = 0;
  for (const Run& run : batch.runs()) {
    WEIR_ASSERT(run.first_row == rows);
    rows += run.rows;
    for (const FieldInfo& field : fuzzed_fields().all()) {
      if (!run.mask.has(field.field)) continue;
      for (uint32_t row = run.first_row; row < rows; ++row) {
        if (field.column == Column::text) {
          const TextRef& text = batch.column<TextRef>(field.field)[row];
          WEIR_ASSERT(text.length <= limits::kTextBytes && text.first + text.length <= batch.texts().size());
          for (char c : batch.texts().view(text)) sum += static_cast<uint8_t>(c);
        } else if (field.column == Column::address)
          sum += batch.column<IpAddress>(field.field)[row].bytes[15];
        else if (field.column == Column::list_u32 || field.column == Column::list_address) {
          const ListRef& list = batch.column<ListRef>(field.field)[row];
          size_t values =
              field.column == Column::list_u32 ? batch.list_numbers().size() : batch.list_addresses().size();
          WEIR_ASSERT(list.count == 0 || list.first + list.count <= values);
        } else if (is_extra(field.field)) {
          sum += field.column == Column::u8 ? batch.column<uint8_t>(field.field)[row]
                                            : batch.column<uint64_t>(field.field)[row];
        } else {
          sum += batch.number(field.field, row);
        }
      }
    }
  }
  WEIR_ASSERT(rows == batch.rows());
  volatile uint64_t keep = sum;
  (void)keep;
}

inline int fuzz_decoder(uint16_t version, const uint8_t* data, size_t size, DecodeObserver* observer = nullptr) {
  TemplateStoreConfig config;
  config.hold = {1'000'000'000, 1 << 14, 1 << 16};
  config.fallback_after_ns = 1;
  config.fields = &fuzzed_fields();
  config.max_templates_per_exporter = 64;
  config.max_templates = 128;
  Ledger ledger(0, 64);
  TemplateStore templates(config);
  Streams streams(ledger, templates);
  static BatchPool pool;
  uint64_t rows = 0;
  Decoder decoder({0, observer}, templates, streams, ledger, pool, [&](std::unique_ptr<FlowBatch> batch) {
    read_everything(*batch);
    rows += batch->rows();
    pool.give_back(std::move(batch));
  });
  std::vector<uint8_t> copy;
  for_each_datagram({data, size}, [&](uint8_t sender, Bytes datagram) {
    copy.assign(datagram.begin(), datagram.end());
    if (copy.size() >= 2) store_be(copy.data(), version);
    if (version == 0 && copy.size() >= 4) store_be<uint16_t>(copy.data() + 2, 5);  // sFlow's version has four octets
    decoder.decode({copy, IpAddress::v4(0xc0000200 + (sender & 1)), static_cast<uint16_t>(sender >> 1 & 3), 1});
    if (sender & 0x80) decoder.tick(os::monotonic_ns(), true);
  });
  decoder.tick(os::monotonic_ns(), true);
  decoder.give_up_held();
  decoder.flush();
  int64_t records = 0, held = 0;
  for (const LedgerRow& row : ledger.rows().entries) records += row.records, held += row.held;
  WEIR_ASSERT(records == static_cast<int64_t>(rows));
  WEIR_ASSERT(held == 0);
  return 0;
}

}  // namespace weir
