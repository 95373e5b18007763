// SPDX-License-Identifier: Apache-2.0
// The cost of a filter over batches: ns/row. Half of the rows pass the first test.
#include <benchmark/benchmark.h>

#include <random>

#include "filter/predicate.h"

namespace weir {
namespace {

constexpr uint32_t kRowsOfRun = 24;  // of a NetFlow datagram

void fill(FlowBatch& batch) {
  std::mt19937_64 random(1);
  while (batch.space() > 0) {
    Run& run = batch.append_run(std::min(kRowsOfRun, batch.space()));
    for (Field field : {Field::src_addr, Field::dst_addr, Field::dst_port, Field::proto, Field::bytes})
      run.mask.set(field);
    for (uint32_t row = run.first_row; row < run.first_row + run.rows; ++row) {
      const auto low = static_cast<uint32_t>(random() & 0xffffff);
      batch.column<IpAddress>(Field::src_addr)[row] = IpAddress::v4((random() % 2 ? 0x0a000000u : 0xc6000000u) | low);
      batch.column<IpAddress>(Field::dst_addr)[row] = IpAddress::v4(static_cast<uint32_t>(random()));
      batch.column<uint16_t>(Field::dst_port)[row] = random() % 2 ? uint16_t{443} : static_cast<uint16_t>(random());
      batch.column<uint8_t>(Field::proto)[row] = random() % 4 ? 6 : 17;
      batch.column<uint64_t>(Field::bytes)[row] = random() % 4'000'000;
    }
  }
}

void evaluate(benchmark::State& state, const char* expression) {
  FlowBatch batch;
  fill(batch);
  const auto predicate = make_predicate(expression, FieldTable::plain(), 0);
  PredicateScratch scratch;
  for (auto _ : state) benchmark::DoNotOptimize(predicate->evaluate(batch, scratch).data());
  const auto rows = static_cast<double>(state.iterations()) * batch.rows();
  state.counters["s/row"] = benchmark::Counter(rows, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["rows/s"] = benchmark::Counter(rows, benchmark::Counter::kIsRate);
}

BENCHMARK_CAPTURE(evaluate, four_tests, "src net 10.0.0.0/8 and dst port 443 and proto tcp and bytes > 1M");
BENCHMARK_CAPTURE(evaluate, address, "src net 10.0.0.0/8");
BENCHMARK_CAPTURE(evaluate, either_address, "net 10.0.0.0/8");
BENCHMARK_CAPTURE(evaluate, ipv6, "net 2001:db8::/32");
BENCHMARK_CAPTURE(evaluate, ports, "dst port in [22 53 80 443 8000-8099 8443]");
BENCHMARK_CAPTURE(evaluate, not_or, "not (proto udp or dst port 53)");

}  // namespace
}  // namespace weir

BENCHMARK_MAIN();
