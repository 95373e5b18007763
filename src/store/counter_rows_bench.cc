// SPDX-License-Identifier: Apache-2.0
// The cost of a flush of counter samples: 25,000 rows, the number that 1,000 agents with 50 interfaces each produce in
// 10 s when they send every 20 s.
#include <benchmark/benchmark.h>

#include <random>

#include "os/file.h"
#include "os/folder.h"
#include "store/segment_writer.h"

namespace weir {
namespace {

constexpr uint32_t kAgents = 500, kInterfaces = 50;

// An interface's counters after some weeks: large, and different from those of any other interface. Errors are rare.
std::vector<CounterSample> make_samples() {
  std::mt19937_64 random(7);
  std::vector<CounterSample> samples;
  for (uint32_t agent = 0; agent < kAgents; ++agent) {
    for (uint32_t interface = 1; interface <= kInterfaces; ++interface) {
      CounterSample& sample = samples.emplace_back();
      sample.received_ns = 1'795'262'400'000'000'000 + int64_t{agent} * 20'000'000;
      sample.agent = IpAddress::v4(0x0a000000 + agent);
      sample.uptime_ms = static_cast<uint32_t>(random());
      sample.sequence = 100'000 + agent;
      sample.source_index = interface;
      for (size_t i = 0; i < kCounterFieldCount; ++i) {
        const CounterStructure structure = kCounterFields[i].structure;
        if (structure != CounterStructure::interface && structure != CounterStructure::ethernet) continue;
        bool moves = structure == CounterStructure::interface && kCounterFields[i].kind != CounterKind::number32;
        sample.present.set(i);
        sample.values[i] = moves ? random() >> (wire_octets(kCounterFields[i].kind) == 8 ? 20 : 36) : i % 3;
      }
      sample.values[static_cast<size_t>(CounterField::if_index)] = interface;
      sample.values[static_cast<size_t>(CounterField::if_speed)] = 10'000'000'000;
    }
  }
  return samples;
}

void flush_counters(benchmark::State& state) {
  const std::vector<CounterSample> samples = make_samples();
  const std::string path = os::temporary_path("counter_rows_bench");
  SegmentFigures figures;
  for (auto _ : state) {
    SegmentWriter writer(path, store_columns(Table::counters), Table::counters);
    for (size_t at = 0; at < samples.size(); at += limits::kCounterBatchRows)
      writer.add(std::span(samples).subspan(at, std::min(limits::kCounterBatchRows, samples.size() - at)));
    writer.finish(figures);
    os::remove_file(path + ".tmp");
  }
  auto rows = static_cast<double>(samples.size());
  state.counters["bytes_per_row"] = static_cast<double>(figures.bytes) / rows;
  state.counters["rows_per_second"] =
      benchmark::Counter(rows * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK(flush_counters)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weir

BENCHMARK_MAIN();
