// SPDX-License-Identifier: Apache-2.0
#include "web/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <sstream>

#include "os/clock.h"

namespace weir {
namespace {

LedgerRow entry(IpAddress exporter, Protocol protocol, uint32_t domain, int64_t records, int64_t first_seen_ns) {
  LedgerRow row;
  row.key = {exporter, protocol, domain};
  row.records = records;
  row.stored = records - 3;
  row.filtered = 1;
  row.sink_dropped = 2;
  row.first_seen_ns = row.last_seen_ns = first_seen_ns;
  return row;
}

MetricsInput sample() {
  MetricsInput input;
  input.build = {"0.1.0", "abc\"def", "g++ 12"};
  input.process = {1.5, 1 << 20, 10, 1024, 1'700'000'000.25};
  input.ledger.entries = {entry(IpAddress::v4(0xc0000201), Protocol::netflow5, 1, 100, 1'700'000'000'500'000'000),
                          entry(IpAddress::v4(0xc0000201), Protocol::ipfix, 1, 50, 1'700'000'001'000'000'000),
                          entry(IpAddress::v4(0xc0000202), Protocol::netflow9, 0, 9, 1'600'000'000'000'000'000)};
  input.ledger.entries[0].sequence_lost = 5;
  input.ledger.entries[1].sequence_lost = 6;
  input.ledger.entries[2].sequence_lost = 7;
  input.ledger.entries[2].clock_skew_ns = -1'250'000'000;
  input.ledger.entries[2].malformed_by_reason[static_cast<size_t>(Malformed::short_set)] = 4;
  input.ledger.sockets = {{"netflow://:2055", 0, 300, 1, 10, 0}, {"netflow://:2055", 1, 200, 2, 20, 8}};
  input.sinks = {{"file", 141, 0, {{"disk_full", 2}}, {{"disk_full", 77}}}};
  return input;
}

// The value of the sample line with exactly this name and labels; -1 if there is none.
double value(const std::string& text, const std::string& series) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(series + " ")) return std::atof(line.c_str() + series.size() + 1);
  return -1;
}

// Sum over all series of a name, like PromQL's sum().
double sum(const std::string& text, const std::string& name) {
  std::istringstream lines(text);
  double total = 0;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name + "{") || line.starts_with(name + " "))
      total += std::atof(line.c_str() + line.rfind(' '));
  return total;
}

size_t count(const std::string& text, const std::string& start) {
  std::istringstream lines(text);
  size_t n = 0;
  for (std::string line; std::getline(lines, line);) n += line.starts_with(start);
  return n;
}

TEST(Metrics, ClockAndReceiveErrors) {
  MetricsInput input = sample();
  EXPECT_EQ(value(metrics_text(input, MetricsFormat::text), "weir_clock_held"), 0);
  EXPECT_EQ(metrics_text(input, MetricsFormat::text).find("weir_config_last_reload"), std::string::npos);
  input.reload = ReloadFigures{false, 1'795'000'000'999'999'999};
  input.clock_held = true;
  input.ledger.sockets[0].receive_errors = {1, 0, 5};
  input.ledger.sockets[1].receive_errors = {2, 0, 7};
  std::string text = metrics_text(input, MetricsFormat::text);
  EXPECT_EQ(value(text, "weir_clock_held"), 1);
  EXPECT_EQ(value(text, "weir_config_last_reload_successful"), 0);
  EXPECT_EQ(value(text, "weir_config_last_reload_success_timestamp_seconds"), 1'795'000'000);
  EXPECT_EQ(value(text, R"(weir_receive_errors_total{listener="netflow://:2055",reason="ENOMEM"})"), 3);
  EXPECT_EQ(value(text, R"(weir_receive_errors_total{listener="netflow://:2055",reason="ENOBUFS"})"), 0);
  EXPECT_EQ(value(text, R"(weir_receive_errors_total{listener="netflow://:2055",reason="other"})"), 12);
}

TEST(Metrics, Values) {
  std::string text = metrics_text(sample(), MetricsFormat::text);
  EXPECT_EQ(value(text, R"(weir_build_info{version="0.1.0",revision="abc\"def",compiler="g++ 12"})"), 1);
  EXPECT_EQ(value(text, R"(weir_receive_datagrams_total{listener="netflow://:2055"})"), 3);
  EXPECT_EQ(value(text, R"(weir_receive_kernel_drops_total{listener="netflow://:2055"})"), 8);
  EXPECT_EQ(value(text, R"(weir_receive_buffer_bytes{listener="netflow://:2055"})"), 200);
  EXPECT_EQ(value(text, R"(weir_exporter_records_total{exporter="192.0.2.1",domain="1",protocol="v5"})"), 100);
  EXPECT_EQ(value(text, R"(weir_exporter_sequence_lost_total{exporter="192.0.2.1",domain="1",unit="records"})"), 11);
  EXPECT_EQ(value(text, R"(weir_exporter_sequence_lost_total{exporter="192.0.2.2",domain="0",unit="datagrams"})"), 7);
  EXPECT_EQ(value(text, R"(weir_malformed_total{reason="short_set"})"), 4);
  EXPECT_EQ(value(text, R"(weir_malformed_total{reason="scope"})"), 0);
  EXPECT_EQ(value(text, R"(weir_sink_errors_total{sink="file",reason="disk_full"})"), 2);
  EXPECT_EQ(value(text, R"(weir_sink_dropped_records_total{sink="file",reason="disk_full"})"), 77);
  EXPECT_EQ(value(text, "process_open_fds"), 10);
  EXPECT_NE(text.find("weir_exporter_last_seen_timestamp_seconds{exporter=\"192.0.2.1\"} 1700000001.000000000\n"),
            std::string::npos);
  EXPECT_NE(text.find("weir_exporter_clock_skew_seconds{exporter=\"192.0.2.2\"} -1.250000000\n"), std::string::npos);
}

TEST(Metrics, Store) {
  MetricsInput input = sample();
  EXPECT_EQ(metrics_text(input, MetricsFormat::text).find("weir_store_"), std::string::npos);
  constexpr double kBounds[] = {0.5, 2};
  StoreMetrics& store = input.store.emplace();
  store.stored_rows = 1000;
  store.rows = 900;
  store.bytes = 12'345;
  store.segments = {4, 3, 2};
  store.oldest_ns = 1'700'000'000'250'000'000;
  store.unlisted_files = 2;
  store.unlisted_bytes = 777;
  store.removed_rows = {{"keep", 60}, {"max_size", 40}};
  store.merge_bounds = kBounds;
  store.merges = {5, 1, 2};
  store.merge_seconds = 9.5;
  std::string text = metrics_text(input, MetricsFormat::openmetrics);
  EXPECT_EQ(value(text, "weir_store_rows_total"), 1000);
  EXPECT_EQ(value(text, R"(weir_store_bytes{tier="hot"})"), 12'345);
  EXPECT_EQ(value(text, R"(weir_store_segments{tier="hot",level="1"})"), 3);
  EXPECT_EQ(value(text, R"(weir_store_oldest_timestamp_seconds{tier="hot"})"), 1'700'000'000.25);
  EXPECT_EQ(value(text, "weir_store_unlisted_files"), 2);
  EXPECT_EQ(value(text, "weir_store_unlisted_bytes"), 777);
  EXPECT_EQ(value(text, R"(weir_store_removed_rows_total{reason="max_size"})"), 40);
  // Buckets of a histogram are cumulative.
  EXPECT_EQ(value(text, R"(weir_store_merge_duration_seconds_bucket{le="0.5"})"), 5);
  EXPECT_EQ(value(text, R"(weir_store_merge_duration_seconds_bucket{le="2"})"), 6);
  EXPECT_EQ(value(text, R"(weir_store_merge_duration_seconds_bucket{le="+Inf"})"), 8);
  EXPECT_EQ(value(text, "weir_store_merge_duration_seconds_count"), 8);
  EXPECT_EQ(value(text, "weir_store_merge_duration_seconds_sum"), 9.5);
  EXPECT_NE(text.find("# TYPE weir_store_merge_duration_seconds histogram\n"), std::string::npos);
}

TEST(Metrics, RecordsAreStoredOrDropped) {
  std::string text = metrics_text(sample(), MetricsFormat::text);
  EXPECT_EQ(sum(text, "weir_exporter_records_total"), 159);
  EXPECT_EQ(sum(text, "weir_exporter_records_total"),
            sum(text, "weir_exporter_stored_records_total") + sum(text, "weir_dropped_records_total"));
}

TEST(Metrics, OpenMetricsNamesFamiliesWithoutSuffix) {
  std::string text = metrics_text(sample(), MetricsFormat::openmetrics);
  EXPECT_TRUE(text.ends_with("# EOF\n"));
  EXPECT_NE(text.find("# TYPE weir_exporter_records counter\n"), std::string::npos);
  EXPECT_NE(text.find("# TYPE weir_build info\n"), std::string::npos);
  EXPECT_EQ(metrics_text(sample(), MetricsFormat::text).find("# EOF"), std::string::npos);
}

// Every family appears once, and no series appears twice.
TEST(Metrics, NoSeriesTwice) {
  for (MetricsFormat format : {MetricsFormat::text, MetricsFormat::openmetrics}) {
    std::istringstream lines(metrics_text(sample(), format));
    std::set<std::string> seen;
    for (std::string line; std::getline(lines, line);)
      EXPECT_TRUE(seen.insert(line.starts_with("#") ? line : line.substr(0, line.rfind(' '))).second) << line;
  }
}

MetricsInput many(uint32_t exporters) {
  MetricsInput input = sample();
  input.ledger.entries.clear();
  for (uint32_t i = 0; i < exporters; ++i)
    input.ledger.entries.push_back(entry(IpAddress::v4(i + 1), Protocol::ipfix, i, 10, 2'000'000 - i));
  return input;
}

TEST(Metrics, ExportersBeyondTheLimitAreSummedAsOther) {
  std::string text = metrics_text(many(kMetricExporters + 500), MetricsFormat::text);
  EXPECT_EQ(count(text, "weir_exporter_records_total{"), kMetricExporters + 1);
  EXPECT_EQ(value(text, R"(weir_exporter_records_total{exporter="other",domain="other",protocol="ipfix"})"), 5'000);
  EXPECT_EQ(sum(text, "weir_exporter_records_total"), 15'000);
  // The exporters seen first are shown: here those at the end of the list.
  EXPECT_EQ(count(text, R"(weir_exporter_records_total{exporter="0.0.5.220")"), 1u);
  EXPECT_EQ(count(text, R"(weir_exporter_records_total{exporter="0.0.0.1")"), 0u);
  EXPECT_EQ(count(text, R"(weir_exporter_clock_skew_seconds{exporter="other")"), 0u);
}

TEST(Metrics, TheDomainsOfOneExporterAreLimited) {
  MetricsInput input;
  for (uint32_t i = 0; i < 1'000; ++i)
    input.ledger.entries.push_back(entry(IpAddress::v4(1), Protocol::netflow9, i, 10, i + 1));
  std::string text = metrics_text(input, MetricsFormat::text);
  EXPECT_EQ(count(text, "weir_exporter_records_total{"), kMetricDomains + 1);
  EXPECT_EQ(sum(text, "weir_exporter_records_total"), 10'000);
}

// CPU time, the lowest of five runs, so that a busy machine does not matter.
int64_t cost_of(size_t exporters) {
  MetricsInput input = many(exporters);
  int64_t best_ns = INT64_MAX;
  for (int i = 0; i < 5; ++i) {
    int64_t start_ns = os::thread_cpu_ns();
    EXPECT_LT(metrics_text(input, MetricsFormat::text).size(), 4u << 20);
    best_ns = std::min(best_ns, os::thread_cpu_ns() - start_ns);
  }
  return best_ns;
}

// Ten times as many exporters cost about ten times as much, in any build; quadratic code would cost a hundred times.
TEST(Metrics, TenThousandExportersCostTenTimesAThousand) { EXPECT_LT(cost_of(10'000), 50 * cost_of(1'000)); }

TEST(Metrics, LossNeverDecreases) {
  LossHighWater high;
  auto apply = [&](int64_t lost) {
    LedgerSnapshot rows = sample().ledger;
    rows.entries[0].sequence_lost = lost;
    high.apply(rows);
    return rows.entries[0].sequence_lost;
  };
  EXPECT_EQ(apply(10), 10);
  EXPECT_EQ(apply(8), 10);
  EXPECT_EQ(apply(11), 11);
}

TEST(Metrics, FormatByAcceptHeader) {
  EXPECT_EQ(metrics_format(""), MetricsFormat::text);
  EXPECT_EQ(metrics_format("*/*"), MetricsFormat::text);
  EXPECT_EQ(metrics_format("text/plain"), MetricsFormat::text);
  // The header that Prometheus 2.42 sends.
  EXPECT_EQ(
      metrics_format("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
      MetricsFormat::openmetrics);
  EXPECT_EQ(metrics_format("application/openmetrics-text; q=0.0, text/plain"), MetricsFormat::text);
}

TEST(Metrics, PromtoolAcceptsTheText) {
  if (std::system("command -v promtool >/dev/null") != 0)
    GTEST_SKIP() << "promtool is missing: apt-get install prometheus";
  FILE* promtool = ::popen("promtool check metrics 2>&1", "w");
  ASSERT_NE(promtool, nullptr);
  std::string text = metrics_text(sample(), MetricsFormat::text);
  std::fwrite(text.data(), 1, text.size(), promtool);
  EXPECT_EQ(::pclose(promtool), 0);
}

}  // namespace
}  // namespace weir
