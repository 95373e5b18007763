// SPDX-License-Identifier: Apache-2.0
// The cost of writing a record, per format: ns/record, and the size of a record in bytes.
#include <benchmark/benchmark.h>

#include "format/record_writer.h"
#include "format/testing/sample_flows.h"

namespace weir {
namespace {

void write_records(benchmark::State& state, RecordFormat format, const std::vector<Field>& fields) {
  FlowBatch batch;
  fill_with_router_flows(batch, FlowBatch::capacity());
  auto writer = make_record_writer(format, fields);
  std::string out;
  for (auto _ : state) {
    out.clear();
    writer->write(batch, out);
    benchmark::DoNotOptimize(out.data());
  }
  auto records = static_cast<double>(state.iterations()) * batch.rows();
  state.counters["s/record"] = benchmark::Counter(records, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["bytes/record"] = static_cast<double>(out.size()) / batch.rows();
}

const std::vector<Field> kFiveTuple{Field::time_received_ns, Field::src_addr, Field::dst_addr, Field::proto,
                                    Field::src_port,         Field::dst_port, Field::bytes,    Field::packets};

BENCHMARK_CAPTURE(write_records, json, RecordFormat::json, {});
BENCHMARK_CAPTURE(write_records, json_8_fields, RecordFormat::json, kFiveTuple);
BENCHMARK_CAPTURE(write_records, csv, RecordFormat::csv, {});
BENCHMARK_CAPTURE(write_records, protobuf, RecordFormat::protobuf, {});

}  // namespace
}  // namespace weir

BENCHMARK_MAIN();
