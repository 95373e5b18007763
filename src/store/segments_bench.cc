// SPDX-License-Identifier: Apache-2.0
// The cost of a flush besides writing its file, by the number of exporters that have rows in it, and the cost of
// reading the list while it is long.
#include <benchmark/benchmark.h>

#include <filesystem>

#include "os/clock.h"
#include "os/file.h"
#include "store/segments.h"

namespace weir {
namespace {

struct Folder {
  Folder() : path(os::temporary_path("segments_bench")) { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  const std::string path;
};

Segment made_up(Segments& segments, int64_t hour) {
  int error = 0;
  Segment segment;
  segment.path = segments.new_path(hour, error);
  segment.hour = hour;
  os::create_file(segments.file(segment.path) + kUnfinishedSuffix);
  return segment;
}

void list_a_segment(benchmark::State& state) {
  Folder folder;
  Segments segments = Segments::open(folder.path);
  std::string error;
  std::vector<StoredCount> stored;
  for (uint32_t i = 0; i < state.range(0); ++i)
    stored.push_back({{IpAddress::v4(0x0a000000 + i), Protocol::netflow9, 0}, 1});
  for (auto _ : state) {
    state.PauseTiming();
    Segment segment = made_up(segments, 500'000);
    for (StoredCount& count : stored) ++count.stored;
    segments.ledger_saved(os::monotonic_ns());
    state.ResumeTiming();
    if (segments.change({segment}, {}, stored, error) != Change::done) state.SkipWithError(error.c_str());
  }
}
BENCHMARK(list_a_segment)->Arg(4)->Arg(1'000)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

void look_at_the_list(benchmark::State& state) {
  Folder folder;
  Segments segments = Segments::open(folder.path);
  std::string error;
  std::vector<Segment> all;
  for (int64_t i = 0; i < state.range(0); ++i) all.push_back(made_up(segments, 490'000 + i / 10));
  if (segments.change(all, {}, {}, error) != Change::done) state.SkipWithError(error.c_str());
  for (auto _ : state) benchmark::DoNotOptimize(segments.live().figures().bytes());
}
BENCHMARK(look_at_the_list)->Arg(100)->Arg(50'000)->Iterations(1'000)->Unit(benchmark::kMicrosecond);

void change_the_list(benchmark::State& state) {
  Folder folder;
  Segments segments = Segments::open(folder.path);
  std::string error;
  std::vector<Segment> all;
  for (int64_t i = 0; i < state.range(0); ++i) all.push_back(made_up(segments, 490'000 + i / 10));
  if (segments.change(all, {}, {}, error) != Change::done) state.SkipWithError(error.c_str());
  for (auto _ : state) {
    state.PauseTiming();
    Segment segment = made_up(segments, 500'000);
    state.ResumeTiming();
    if (segments.change({segment}, {}, {}, error) != Change::done) state.SkipWithError(error.c_str());
  }
}
BENCHMARK(change_the_list)->Arg(100)->Arg(50'000)->Iterations(20)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weir

BENCHMARK_MAIN();
