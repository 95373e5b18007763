// SPDX-License-Identifier: Apache-2.0
// The cost of an output from queue to file, CPU time of all threads: ns/record.
#include <benchmark/benchmark.h>

#include <thread>

#include "format/testing/sample_flows.h"
#include "os/clock.h"
#include "sink/file_output.h"

namespace weir {
namespace {

void output_records(benchmark::State& state, RecordFormat format, const char* path) {
  Ledger ledger(0);
  OutputCounts& entry = ledger.add_output("file");
  ledger.entry({});
  BatchPool pool;
  auto filled = pool.take();
  fill_with_router_flows(*filled, FlowBatch::capacity());
  BatchRef batch = pool.publish(std::move(filled));
  FileOutput output({.path = path, .format = format}, entry);
  output.start();
  double cpu = os::process_cpu_seconds();
  uint64_t records = 0;
  for (auto _ : state) {
    while (output.stats().queued_batches > 200) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    output.offer(batch);
    records += batch->rows();
  }
  output.stop();
  state.counters["cpu_s/record"] = (os::process_cpu_seconds() - cpu) / static_cast<double>(records);
  state.counters["lost"] = static_cast<double>(records - output.stats().sent_records);
}

BENCHMARK_CAPTURE(output_records, json_to_null, RecordFormat::json, "/dev/null")->Iterations(2'000)->UseRealTime();
BENCHMARK_CAPTURE(output_records, json_to_file, RecordFormat::json, "/tmp/weir_bench.json")
    ->Iterations(500)
    ->UseRealTime();
BENCHMARK_CAPTURE(output_records, protobuf_to_file, RecordFormat::protobuf, "/tmp/weir_bench.pb")
    ->Iterations(2'000)
    ->UseRealTime();

}  // namespace
}  // namespace weir

BENCHMARK_MAIN();
