// SPDX-License-Identifier: Apache-2.0
// Compares Decoder with the plain decoders: the same datagrams must give the same records. For tests and fuzzers.
#pragma once

#include <cstdio>
#include <string>

#include "base/assert.h"
#include "decode/decoder.h"
#include "decode/testing/fuzz_input.h"
#include "decode/testing/plain_decoder.h"
#include "decode/testing/plain_netflow5.h"

namespace weir {

// A row's value of a field; nothing if it has none.
inline std::optional<PlainValue> value_of(const FlowBatch& batch, const Run& run, uint32_t row, Field field) {
  if (!run.mask.has(field)) return {};
  switch (info(field).column) {
    case Column::address:
      return batch.column<IpAddress>(field)[row];
    case Column::list_u32: {
      ListRef list = batch.column<ListRef>(field)[row];
      auto first = batch.list_numbers().begin() + list.first;
      return std::vector<uint32_t>(first, first + list.count);
    }
    case Column::list_address: {
      ListRef list = batch.column<ListRef>(field)[row];
      auto first = batch.list_addresses().begin() + list.first;
      return std::vector<IpAddress>(first, first + list.count);
    }
    default:
      return batch.number(field, row);
  }
}

inline std::string to_text(const std::optional<PlainValue>& value) {
  if (!value) return "nothing";
  if (const auto* number = std::get_if<uint64_t>(&*value)) return std::to_string(*number);
  if (const auto* address = std::get_if<IpAddress>(&*value)) return address->to_string();
  if (const auto* numbers = std::get_if<std::vector<uint32_t>>(&*value))
    return "a list of " + std::to_string(numbers->size());
  return "a list of " + std::to_string(std::get<std::vector<IpAddress>>(*value).size()) + " addresses";
}

// Fields that depend on more than the record are not compared.
inline bool is_compared(const FieldInfo& field) {
  return field.column != Column::run && field.column != Column::text && field.field != Field::time_quality &&
         field.field != Field::sampling_rate && field.field != Field::sender_address;
}

// A batch has the column if any of its rows has impossible times.
inline bool same_time_quality(const FlowBatch& batch, const Run& run, uint32_t row, const PlainRecord& plain) {
  uint64_t quality = run.mask.has(Field::time_quality) ? batch.number(Field::time_quality, row) : 0;
  return quality == plain.time_quality;
}

// Describes a field that differs; empty if none does.
inline std::string difference(const FlowBatch& batch, const Run& run, uint32_t row, const PlainRecord& plain) {
  for (const FieldInfo& field : kFields) {
    if (!is_compared(field)) continue;
    auto expected = plain.values.find(field.field);
    bool expects = expected != plain.values.end();
    bool list = field.column == Column::list_u32 || field.column == Column::list_address;
    if (plain.has_packet && (!expects || list)) continue;
    std::optional<PlainValue> value = value_of(batch, run, row, field.field);
    // A run has the column if any of its rows has counters for the other direction.
    const bool is_reverse = field.field == Field::reverse_bytes || field.field == Field::reverse_packets;
    if (is_reverse && !expects && value == PlainValue(uint64_t{0})) continue;
    if (value.has_value() != expects || (value && *value != expected->second))
      return std::string(field.name) + " of a record with " + plain.elements + "is " + to_text(value) + ", plainly " +
             to_text(expects ? std::optional(expected->second) : std::nullopt);
  }
  if (!plain.has_packet && !same_time_quality(batch, run, row, plain))
    return "time_quality of a record with " + plain.elements;
  return {};
}

inline uint16_t version_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::netflow1:
      return 1;
    case Protocol::netflow5:
      return 5;
    case Protocol::netflow7:
      return 7;
    case Protocol::netflow9:
      return 9;
    default:
      return 10;
  }
}

// Rewrites the header so that all datagrams belong to one stream and come in order: this one is the n-th.
inline void put_in_order(Protocol protocol, uint32_t n, std::vector<uint8_t>& datagram) {
  store_be(&datagram[0], version_of(protocol));
  if (protocol == Protocol::ipfix) {
    store_be(&datagram[4], 1'700'000'000 + n);
    store_be(&datagram[8], n << 12);
    store_be(&datagram[12], uint32_t{0});
  } else if (protocol == Protocol::netflow9) {
    store_be(&datagram[4], 3'600'000 + n * 1'000);
    store_be(&datagram[8], 1'700'000'000 + n);
    store_be(&datagram[12], n);
    store_be(&datagram[16], uint32_t{0});
  } else if (datagram.size() >= 22) {
    store_be(&datagram[20], uint16_t{0});  // engine
  }
}

// Decodes the input of a fuzzer (fuzz_input.h) as one stream, ignoring senders. Returns how many records were compared;
// `failure` says what differs.
inline size_t decode_both(Protocol protocol, Bytes input, std::string& failure) {
  TemplateStoreConfig config;
  config.hold = {0, 1 << 24, 1 << 24};
  Ledger ledger(0, 64);
  TemplateStore templates(config);
  Streams streams(ledger, templates);
  BatchPool pool;
  PlainDecoder plain(protocol);
  std::vector<PlainRecord> expected;
  size_t compared = 0;
  auto compare = [&](std::unique_ptr<FlowBatch> batch) {
    for (const Run& run : batch->runs())
      for (uint32_t row = run.first_row; row < run.first_row + run.rows; ++row, ++compared)
        if (failure.empty())
          failure = compared < expected.size() ? difference(*batch, run, row, expected[compared]) : "a record too many";
    pool.give_back(std::move(batch));
  };
  Decoder decoder({}, templates, streams, ledger, pool, compare);
  std::vector<uint8_t> datagram;
  uint32_t n = 0;
  for_each_datagram(input, [&](uint8_t, Bytes bytes) {
    if (bytes.size() < 20) return;
    datagram.assign(bytes.begin(), bytes.end());
    put_in_order(protocol, n++, datagram);
    std::ranges::move(
        version_of(protocol) >= 9 ? plain.decode(datagram) : plain_netflow5(version_of(protocol), datagram),
        std::back_inserter(expected));
    // Headers of the versions without templates are mostly left unchanged, so each datagram gets its own stream.
    const auto port = static_cast<uint16_t>(version_of(protocol) >= 9 ? 2055 : n);
    decoder.decode({datagram, IpAddress::v4(0xc0000201), port, 1'700'000'000'000'000'000});
  });
  decoder.flush();
  if (failure.empty() && compared < expected.size()) failure = "a record too few";
  return compared;
}

}  // namespace weir
