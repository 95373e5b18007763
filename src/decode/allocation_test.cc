// SPDX-License-Identifier: Apache-2.0
// Checks that decoding allocates nothing in the steady state: not per record, per datagram or per batch.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "decode/testing/decoder_fixture.h"
#include "os/clock.h"
#include "wire/sflow_encode.h"

static std::atomic<uint64_t> g_allocations{0};

// Not inlined, because the compiler would otherwise see free() release memory from operator new.
[[gnu::noinline]] void* operator new(size_t size) {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, size_t) noexcept { std::free(p); }

namespace weir {
namespace {

template <class T>
void put(std::vector<uint8_t>& out, T value) {
  out.resize(out.size() + sizeof(T));
  store_be(out.data() + out.size() - sizeof(T), value);
}

void put_template(std::vector<uint8_t>& out, uint16_t id, const std::vector<std::pair<uint16_t, uint16_t>>& fields) {
  put<uint16_t>(out, 0);
  put<uint16_t>(out, static_cast<uint16_t>(8 + 4 * fields.size()));
  put(out, id);
  put(out, static_cast<uint16_t>(fields.size()));
  for (auto [type, length] : fields) put(out, type), put(out, length);
}

// A v9 datagram with a template of common fields, an MPLS stack among them, and 20 records.
std::vector<uint8_t> datagram(uint32_t sequence) {
  static const std::vector<std::pair<uint16_t, uint16_t>> kFields = {
      {8, 4},  {12, 4}, {7, 2},  {11, 2}, {4, 1}, {1, 4}, {2, 4}, {10, 4}, {14, 4}, {16, 4},
      {17, 4}, {22, 4}, {21, 4}, {15, 4}, {5, 1}, {6, 1}, {9, 1}, {13, 1}, {70, 3}, {71, 3}};
  std::vector<uint8_t> out;
  put<uint16_t>(out, 9);
  put<uint16_t>(out, 21);
  for (uint32_t word : {100'000u, 1'700'000'000u, sequence, 0u}) put(out, word);
  put_template(out, 256, kFields);
  size_t record = 0;
  for (auto [type, length] : kFields) record += length;
  put<uint16_t>(out, 256);
  put<uint16_t>(out, static_cast<uint16_t>(4 + 20 * record));
  out.resize(out.size() + 20 * record, 1);
  return out;
}

TEST(Decoding, AMillionRecordsAllocateNothing) {
  TemplateStoreConfig config;
  config.hold = {limits::kHeldForNs, limits::kHeldBytesPerExporter, limits::kHeldBytes};
  Ledger ledger(0);
  TemplateStore templates(config);
  Streams streams(ledger, templates);
  BatchPool pool;
  uint64_t rows = 0;
  // Batches are handled as for the sinks: published, read, given back.
  Decoder decoder({}, templates, streams, ledger, pool, [&](std::unique_ptr<FlowBatch> batch) {
    BatchRef shared = pool.publish(std::move(batch));
    rows += shared->rows();
  });
  std::vector<uint8_t> bytes = datagram(0);
  auto send = [&](uint32_t sequence) {
    store_be(bytes.data() + 12, sequence);
    for (uint16_t port : {4000, 4001, 4002}) decoder.decode({bytes, IpAddress::v4(0xc0000201), port, 1});
  };
  uint32_t sequence = 0;
  while (rows < 100'000) send(sequence++);  // warm up: columns, arenas, the state of each sender
  uint64_t before = g_allocations.load(), rows_before = rows;
  while (rows < rows_before + 1'000'000) send(sequence++);
  EXPECT_EQ(g_allocations.load() - before, 0u);
}

// Samples of different packets, so that no two share a run: sequences are followed, lists filled.
TEST(Decoding, AMillionSamplesAllocateNothing) {
  std::vector<uint8_t> bytes(1'400);
  auto write = [&](uint32_t sequence) {
    SflowWriter writer(bytes);
    for (uint8_t n = 0; n < 5; ++n) {
      FlowSampleHeader sample;
      sample.sequence = sequence, sample.source.index = n, sample.sampling_rate = 100;
      SampledPacket packet;
      packet.src = packet.dst = packet.next_hop = IpAddress::v4(0xc0000200 + n);
      packet.proto = n % 2 ? 6 : 17, packet.length = 100;
      writer.add(sample, 0, packet);
    }
    return writer.finish({IpAddress::v4(0xc0000201), 0, sequence, sequence, 0});
  };
  Ledger ledger(0);
  TemplateStore templates({});
  Streams streams(ledger, templates);
  BatchPool pool;
  uint64_t rows = 0;
  Decoder decoder({}, templates, streams, ledger, pool, [&](std::unique_ptr<FlowBatch> batch) {
    BatchRef shared = pool.publish(std::move(batch));
    rows += shared->rows();
  });
  uint32_t sequence = 0;
  auto send = [&] {
    size_t size = write(++sequence);
    decoder.decode({Bytes(bytes).first(size), IpAddress::v4(0xc0000201), 4000, 1});
  };
  while (rows < 100'000) send();
  uint64_t before = g_allocations.load(), rows_before = rows;
  while (rows < rows_before + 1'000'000) send();
  EXPECT_EQ(g_allocations.load() - before, 0u);
  EXPECT_EQ(ledger.rows().entries.at(0).sequence_lost, 0);
}

// The slow path: names and rates from options data, lists and a packet inside each record.
TEST(Decoding, RecordsWithEverythingAllocateNothing) {
  Writer sets = ipfix_options_template(256, 1, {{10, 4}, {82, 8}, {34, 4}});
  sets.add(set(256, Writer().u32(1).text("eth1", 8).u32(100).u32(2).text("eth2", 8).u32(200)));
  sets.add(ipfix_template(257, {{12, 4}, {70, 3}}));
  sets.add(ipfix_template(258, {{10, 4}, {484, 0xffff}, {292, 0xffff}, {313, 0xffff}, {96, 0xffff}}));
  Writer records;
  for (uint32_t i = 0; i < 10; ++i) {
    records.u32(1 + i % 2).u8(9).u8(3).u16(483).u16(4).u32(i);
    records.u8(10).u8(3).u16(257).u32(0x0a000000 + i).put(i << 4, 3);
    records.u8(20).u16(0x4500).u16(100).u32(0).u16(0x4011).u16(0).u32(i).u32(i);
    records.u8(3).text("dns", 3);
  }
  Fixture f;
  uint64_t rows = 0;
  Decoder decoder({}, f.templates, f.streams, f.ledger, f.pool, [&](std::unique_ptr<FlowBatch> batch) {
    rows += batch->rows();
    f.pool.give_back(std::move(batch));
  });
  const Writer datagram = ipfix(0, sets.add(set(258, records)));
  auto send = [&] { decoder.decode({datagram.bytes, IpAddress::v4(0xc0000201), 4000, 1}); };
  while (rows < 20'000) send();
  uint64_t before = g_allocations.load(), rows_before = rows;
  while (rows < rows_before + 100'000) send();
  EXPECT_EQ(g_allocations.load() - before, 0u);
  EXPECT_EQ(f.entry(Protocol::ipfix).malformed.value(), 0);
}

}  // namespace
}  // namespace weir
