// SPDX-License-Identifier: Apache-2.0
#include "web/metrics.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/text.h"
#include "ledger/ledger_columns.h"
#include "web/exposition.h"

namespace weir {
namespace {

// The sum of one or more ledger entries that are shown under one set of labels.
struct Series {
  std::string exporter, domain;
  Protocol protocol = Protocol::unknown;
  LedgerRow sum;
};

void add(LedgerRow& sum, const LedgerRow& row) {
  for (const LedgerColumn& column : kEntryCounters) sum.*column.value += row.*column.value;
  for (size_t i = 0; i < kMalformedCount; ++i) sum.malformed_by_reason[i] += row.malformed_by_reason[i];
  for (size_t i = 0; i < kRefusedCount; ++i) sum.refused_by_reason[i] += row.refused_by_reason[i];
  sum.templates += row.templates;
  if (row.last_seen_ns >= sum.last_seen_ns) {
    sum.last_seen_ns = row.last_seen_ns;
    if (row.key.protocol != Protocol::unknown) sum.clock_skew_ns = row.clock_skew_ns;
  }
}

std::vector<const LedgerRow*> by_first_sight(const LedgerSnapshot& ledger) {
  std::vector<const LedgerRow*> rows;
  for (const LedgerRow& row : ledger.entries) rows.push_back(&row);
  std::sort(rows.begin(), rows.end(), [](const LedgerRow* a, const LedgerRow* b) {
    return std::tie(a->first_seen_ns, a->key) < std::tie(b->first_seen_ns, b->key);
  });
  return rows;
}

std::vector<Series> make_series(const LedgerSnapshot& ledger) {
  absl::flat_hash_map<IpAddress, absl::flat_hash_map<uint32_t, bool>> shown;  // exporter, its domains
  std::map<std::tuple<IpAddress, std::string, Protocol>, LedgerRow> sums;
  for (const LedgerRow* row : by_first_sight(ledger)) {
    IpAddress exporter = row->key.exporter;
    if (!shown.contains(exporter) && shown.size() >= kMetricExporters) exporter = {};
    std::string domain = "other";
    if (!exporter.is_zero()) {
      auto& domains = shown[exporter];
      if (domains.size() < kMetricDomains || domains.contains(row->key.domain)) {
        domains[row->key.domain] = true;
        domain = std::to_string(row->key.domain);
      }
    }
    add(sums[{exporter, domain, row->key.protocol}], *row);
  }
  std::vector<Series> series;
  for (const auto& [labels, sum] : sums)
    series.push_back({exporter_name(std::get<0>(labels)), std::get<1>(labels), std::get<2>(labels), sum});
  return series;
}

// Sums the series of each exporter into one; they are adjacent in `series`.
std::vector<Series> per_exporter(const std::vector<Series>& series) {
  std::vector<Series> exporters;
  for (const Series& s : series) {
    if (exporters.empty() || exporters.back().exporter != s.exporter) {
      exporters.push_back(s);
      continue;
    }
    LedgerRow row = s.sum;
    row.key.protocol = s.protocol;
    add(exporters.back().sum, row);
  }
  return exporters;
}

LedgerRow total(const LedgerSnapshot& ledger) {
  LedgerRow sum;
  for (const LedgerRow& row : ledger.entries) add(sum, row);
  return sum;
}

void write_build_and_process(Exposition& out, const MetricsInput& input) {
  out.info("weir_build_info", "Version of Weir.");
  out.sample({{"version", input.build.version}, {"revision", input.build.revision}, {"compiler", input.build.compiler}},
             int64_t{1});
  out.gauge("weir_previous_shutdown_unclean", "1: the previous run did not stop cleanly (crash, kill -9, power loss).");
  out.sample({}, int64_t{input.previous_shutdown_unclean});
  if (input.reload) {
    out.gauge("weir_config_last_reload_successful",
              "1: the last reload (SIGHUP) succeeded, or there was none; 0: it "
              "failed, nothing was changed, and the log says why.");
    out.sample({}, int64_t{input.reload->successful});
    out.gauge("weir_config_last_reload_success_timestamp_seconds",
              "When a configuration was last applied, seconds since 1970 UTC.");
    out.sample({}, input.reload->success_ns / 1'000'000'000);
  }
  out.gauge("weir_clock_held", "1: the system clock disagrees with the times already in the store and is not trusted.");
  out.sample({}, int64_t{input.clock_held});
  const os::ProcessFigures& process = input.process;
  out.counter("process_cpu_seconds_total", "User and system CPU time.");
  out.sample({}, process.cpu_seconds);
  out.gauge("process_resident_memory_bytes", "Resident memory.");
  out.sample({}, static_cast<int64_t>(process.resident_bytes));
  out.gauge("process_open_fds", "Open file descriptors.");
  out.sample({}, static_cast<int64_t>(process.open_files));
  out.gauge("process_max_fds", "Limit of open file descriptors.");
  out.sample({}, static_cast<int64_t>(process.max_files));
  out.gauge("process_start_time_seconds", "When the process started, seconds since 1970 UTC.");
  out.sample({}, process.start_seconds);
}

void write_sockets(Exposition& out, const LedgerSnapshot& ledger) {
  std::map<std::string, SocketRow> listeners;
  for (const SocketRow& socket : ledger.sockets) {
    auto [listener, fresh] = listeners.try_emplace(socket.listener, socket);
    if (fresh) continue;
    SocketRow& sum = listener->second;
    sum.datagrams += socket.datagrams;
    sum.bytes += socket.bytes;
    sum.kernel_drops += socket.kernel_drops;
    sum.not_allowed += socket.not_allowed;
    for (size_t i = 0; i < kReceiveErrorCount; ++i) sum.receive_errors[i] += socket.receive_errors[i];
    sum.receive_buffer_bytes = std::min(sum.receive_buffer_bytes, socket.receive_buffer_bytes);
  }
  auto write = [&](auto SocketRow::* value) {
    for (const auto& [name, socket] : listeners) out.sample({{"listener", name}}, static_cast<int64_t>(socket.*value));
  };
  out.counter("weir_receive_datagrams_total", "Datagrams read from the listener's sockets.");
  write(&SocketRow::datagrams);
  out.counter("weir_receive_bytes_total", "Payload bytes of those datagrams.");
  write(&SocketRow::bytes);
  out.counter(
      "weir_receive_kernel_drops_total",
      "Datagrams that the kernel dropped because a receive buffer was full. Joined datagrams (GRO) count as one. "
      "Already included in the sequence loss of the exporters.");
  write(&SocketRow::kernel_drops);
  out.counter("weir_receive_not_allowed_total", "Datagrams discarded because their sender is not in collect.allow.");
  write(&SocketRow::not_allowed);
  out.counter("weir_receive_errors_total", "Attempts to read the listener's sockets that failed.");
  for (const auto& [name, socket] : listeners)
    for (size_t i = 0; i < kReceiveErrorCount; ++i)
      out.sample({{"listener", name}, {"reason", std::string(kReceiveErrorNames[i])}}, socket.receive_errors[i]);
  out.gauge("weir_receive_buffer_bytes",
            "Receive buffer that the kernel granted each socket of the listener (the smallest, if they differ).");
  write(&SocketRow::receive_buffer_bytes);
}

struct ExporterCounter {
  const char* name;
  const char* help;
  int64_t LedgerRow::* value;
};
constexpr ExporterCounter kExporterCounters[] = {
    {"weir_exporter_datagrams_total", "Datagrams received.", &LedgerRow::datagrams},
    {"weir_exporter_records_total", "Flow records decoded.", &LedgerRow::records},
    {"weir_exporter_stored_records_total", "Flow records written to the store (without a store: to the first output).",
     &LedgerRow::stored},
    {"weir_exporter_missing_template_sets_total", "Data sets that arrived before their template.",
     &LedgerRow::missing_template},
    {"weir_exporter_malformed_total", "Datagrams, sets and templates that break the protocol.", &LedgerRow::malformed},
    {"weir_exporter_duplicate_datagrams_total",
     "Datagrams received twice, or with a sequence number far from the expected one.", &LedgerRow::duplicates},
    {"weir_exporter_restarts_total", "Restarts of the exporter.", &LedgerRow::restarts},
    {"weir_exporter_counters_total", "Counter samples decoded.", &LedgerRow::counter_samples},
    {"weir_exporter_stored_counters_total", "Counter samples in the store.", &LedgerRow::counters_stored},
    {"weir_exporter_dropped_counters_total", "Counter samples that the store dropped.", &LedgerRow::counters_dropped},
};

void write_exporters(Exposition& out, const std::vector<Series>& series) {
  for (const ExporterCounter& counter : kExporterCounters) {
    out.counter(counter.name, counter.help);
    for (const Series& s : series)
      out.sample({{"exporter", s.exporter}, {"domain", s.domain}, {"protocol", protocol_name(s.protocol)}},
                 s.sum.*counter.value);
  }
}

// v5 and IPFIX may share an exporter and a domain, and so their labels: they are summed, as they share the unit too.
void write_sequence_lost(Exposition& out, const std::vector<Series>& series) {
  out.counter("weir_exporter_sequence_lost_total",
              "Records, datagrams or samples (label unit) that were sent but never received, by sequence numbers.");
  std::map<std::tuple<std::string_view, std::string_view, std::string_view>, int64_t> lost;
  for (const Series& s : series)
    if (std::string_view unit = sequence_unit(s.protocol); !unit.empty())
      lost[{s.exporter, s.domain, unit}] += s.sum.sequence_lost;
  for (const auto& [labels, value] : lost)
    out.sample({{"exporter", std::get<0>(labels)}, {"domain", std::get<1>(labels)}, {"unit", std::get<2>(labels)}},
               value);
}

void write_exporter_states(Exposition& out, const std::vector<Series>& exporters) {
  out.gauge("weir_exporter_last_seen_timestamp_seconds", "When the last datagram arrived, seconds since 1970 UTC.");
  for (const Series& s : exporters) out.sample_ns({{"exporter", s.exporter}}, s.sum.last_seen_ns);
  out.gauge("weir_exporter_clock_skew_seconds", "Collector's clock minus the exporter's, at the last datagram.");
  for (const Series& s : exporters)
    if (s.exporter != "other") out.sample_ns({{"exporter", s.exporter}}, s.sum.clock_skew_ns);
  out.gauge("weir_templates", "Templates that are known now.");
  for (const Series& s : exporters) out.sample({{"exporter", s.exporter}}, s.sum.templates);
}

void write_dropped(Exposition& out, const LedgerRow& all) {
  out.counter("weir_dropped_records_total",
              "Decoded records that did not reach the store (without a store: the first output).");
  out.sample({{"stage", "filter"}, {"reason", "filtered"}, {"intentional", "true"}}, all.filtered);
  out.sample({{"stage", "sink"}, {"reason", "sink_dropped"}, {"intentional", "false"}}, all.sink_dropped);
  out.counter("weir_malformed_total", "Datagrams, sets and templates that break the protocol.");
  for (size_t i = 0; i < kMalformedCount; ++i) out.sample({{"reason", kMalformedNames[i]}}, all.malformed_by_reason[i]);
  out.counter("weir_refused_total",
              "Templates, sessions and other input refused because of a limit or because it is not trusted.");
  for (size_t i = 0; i < kRefusedCount; ++i) out.sample({{"reason", kRefusedNames[i]}}, all.refused_by_reason[i]);
}

void write_templates(Exposition& out, const LedgerRow& all, int64_t waiting) {
  auto counter = [&](const char* name, const char* help, int64_t value) {
    out.counter(name, help), out.sample({}, value);
  };
  auto gauge = [&](const char* name, const char* help, int64_t value) { out.gauge(name, help), out.sample({}, value); };
  gauge("weir_held_sets", "Data sets now waiting for their template; the number of their records is not known yet.",
        all.held);
  gauge("weir_waiting_templates", "Templates that data sets are waiting for; weir exporters lists them.", waiting);
  gauge("weir_held_bytes", "Bytes of the data sets now waiting for their template.", all.held_bytes);
  counter("weir_replayed_records_total", "Records decoded after their template arrived.", all.replayed);
  counter("weir_expired_sets_total",
          "Data sets given up because their template did not arrive in time, or their memory was needed.", all.expired);
  counter("weir_expired_bytes_total", "Bytes of the data sets counted in weir_expired_sets_total.", all.expired_bytes);
  counter("weir_expired_records_total",
          "Records in the expired and quarantined data sets, as far as sequence numbers show.", all.expired_records);
  counter("weir_fallback_records_total",
          "Records decoded with a template from another source port of the exporter, or from before its restart.",
          all.fallback);
  counter("weir_borrowed_records_total",
          "Records with a sampling rate or names announced on another source port or domain of the exporter.",
          all.borrowed);
  counter("weir_replayed_sets_total", "Data sets decoded after their template arrived.", all.replayed_sets);
  counter("weir_quarantined_sets_total",
          "Data sets given up: sent before the exporter restarted or changed their template, which is no longer known.",
          all.quarantined);
  counter("weir_quarantined_bytes_total", "Bytes of the data sets quarantined.", all.quarantined_bytes);
  counter("weir_duplicate_records_total",
          "Records (sFlow: samples) of datagrams received twice; they are also counted as decoded.",
          all.duplicate_records);
  counter("weir_forgotten_templates_total", "Templates discarded because of their age, or evicted to free memory.",
          all.forgotten);
  counter("weir_template_withdrawals_total", "Template withdrawals received (no effect over UDP).", all.withdrawals);
  counter("weir_options_records_total", "Options data records decoded.", all.options_records);
  counter("weir_time_quality_records_total", "Records with impossible times; they are kept as sent.", all.time_quality);
}

void write_sinks(Exposition& out, const std::vector<SinkFigures>& sinks) {
  out.counter("weir_sink_sent_records_total", "Records that the output has accepted.");
  for (const SinkFigures& sink : sinks) out.sample({{"sink", sink.name}}, sink.sent_records);
  out.counter("weir_sink_errors_total", "Failed writes of the output, and batches that it refused, by reason.");
  for (const SinkFigures& sink : sinks)
    for (const auto& [reason, count] : sink.errors) out.sample({{"sink", sink.name}, {"reason", reason}}, count);
  out.counter("weir_sink_dropped_records_total", "Records that the output dropped, by reason.");
  for (const SinkFigures& sink : sinks)
    for (const auto& [reason, count] : sink.dropped) out.sample({{"sink", sink.name}, {"reason", reason}}, count);
  out.gauge("weir_sink_queued_batches", "Batches waiting for the output.");
  for (const SinkFigures& sink : sinks) out.sample({{"sink", sink.name}}, sink.queued_batches);
}

void write_store(Exposition& out, const StoreMetrics& store) {
  out.counter("weir_store_rows_total", "Flows stored since the start.");
  out.sample({}, store.stored_rows);
  out.gauge("weir_store_live_rows", "Flows in the store now.");
  out.sample({{"tier", "hot"}}, store.rows);
  out.gauge("weir_store_counters_live_rows", "Counter samples in the store now.");
  out.sample({}, store.counter_rows);
  out.gauge("weir_store_counters_bytes", "Size of the counter samples in the store.");
  out.sample({}, store.counter_bytes);
  out.gauge("weir_store_bytes", "Size of the flows in the store.");
  out.sample({{"tier", "hot"}}, store.bytes);
  out.gauge("weir_store_segments", "Segments (files) of the store by level: 0 as first written, 1 and 2 merged.");
  for (size_t level = 0; level < store.segments.size(); ++level)
    out.sample({{"tier", "hot"}, {"level", std::to_string(level)}}, store.segments[level]);
  if (store.oldest_ns != 0) {
    out.gauge("weir_store_oldest_timestamp_seconds", "When the oldest flow was received, seconds since 1970 UTC.");
    out.sample_ns({{"tier", "hot"}}, store.oldest_ns);
  }
  out.gauge("weir_store_free_bytes", "Free space on the file system of the store.");
  out.sample({}, store.free_bytes);
  out.gauge("weir_store_unlisted_files",
            "Files in the store's folders that are not part of it, counted every 10 minutes.");
  out.sample({}, store.unlisted_files);
  out.gauge("weir_store_unlisted_bytes", "Size of the files in the store's folders that are not part of it.");
  out.sample({}, store.unlisted_bytes);
  out.counter("weir_store_merged_segments_total", "Segments that were merged into others.");
  out.sample({}, store.merged_segments);
  out.counter("weir_store_removed_rows_total", "Flows removed because of store.keep or store.max_size (label reason).");
  for (const auto& [reason, rows] : store.removed_rows) out.sample({{"reason", reason}}, rows);
  out.histogram("weir_store_merge_duration_seconds", "Time spent on a merge, without its pauses.");
  out.buckets(store.merge_bounds, store.merges, store.merge_seconds);
}

}  // namespace

// "application/openmetrics-text; version=1.0.0; q=0.5, text/plain": q=0 means refused (RFC 9110 §12.4.2).
MetricsFormat metrics_format(const std::string& accept_header) {
  for (const std::string& range : split_list(accept_header)) {
    std::vector<std::string> parts = split_list(range, ';');
    if (parts.empty() || parts[0] != "application/openmetrics-text") continue;
    bool refused = std::any_of(parts.begin(), parts.end(), [](const std::string& part) {
      return part.starts_with("q=0") && part.find_first_not_of("0.", 2) == std::string::npos;
    });
    if (!refused) return MetricsFormat::openmetrics;
  }
  return MetricsFormat::text;
}

std::string metrics_content_type(MetricsFormat format) {
  return format == MetricsFormat::openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                              : "text/plain; version=0.0.4; charset=utf-8";
}

std::string metrics_text(const MetricsInput& input, MetricsFormat format) {
  Exposition out(format == MetricsFormat::openmetrics);
  std::vector<Series> series = make_series(input.ledger);
  LedgerRow all = total(input.ledger);
  write_build_and_process(out, input);
  write_sockets(out, input.ledger);
  write_exporters(out, series);
  write_sequence_lost(out, series);
  write_exporter_states(out, per_exporter(series));
  write_dropped(out, all);
  write_templates(out, all, input.ledger.waiting_templates);
  write_sinks(out, input.sinks);
  if (input.store) write_store(out, *input.store);
  return out.finish();
}

void LossHighWater::apply(LedgerSnapshot& rows) {
  for (LedgerRow& row : rows.entries) {
    Highest& highest = highest_[row.key];
    row.sequence_lost = highest.lost = std::max(highest.lost, row.sequence_lost);
    row.expired_records = highest.expired = std::max(highest.expired, row.expired_records);
  }
}

}  // namespace weir
