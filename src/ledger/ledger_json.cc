// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger_json.h"

#include <algorithm>

#include "base/rfc3339.h"
#include "ledger/ledger_columns.h"

namespace weir {

using Json = nlohmann::ordered_json;

static Json time_json(int64_t ns) { return ns == 0 ? Json(nullptr) : Json(rfc3339_ms(ns)); }

template <size_t N>
static Json reasons_json(const std::array<int64_t, N>& counts, const std::string_view (&names)[N]) {
  Json reasons = Json::object();
  for (size_t i = 0; i < N; ++i)
    if (counts[i] != 0) reasons[std::string(names[i])] = counts[i];
  return reasons;
}

// `restarts` is the last counter among the columns of the contract; the times come between it and the later counters.
static Json entry_json(const LedgerRow& row) {
  Json object;
  object["exporter"] = exporter_name(row.key.exporter);
  object["protocol"] = protocol_name(row.key.protocol);
  object["domain"] = row.key.domain;
  for (const LedgerColumn& column : kEntryCounters) {
    object[std::string(column.name)] = row.*column.value;
    if (column.value == &LedgerRow::sequence_lost) object["sequence_unit"] = sequence_unit(row.key.protocol);
    if (column.value == &LedgerRow::restarts) {
      object["first_seen"] = time_json(row.first_seen_ns);
      object["last_seen"] = time_json(row.last_seen_ns);
    }
  }
  object["malformed_by_reason"] = reasons_json(row.malformed_by_reason, kMalformedNames);
  object["refused_by_reason"] = reasons_json(row.refused_by_reason, kRefusedNames);
  object["templates"] = row.templates;
  object["sampling_rate"] = row.sampling_rate == 0 ? Json(nullptr) : Json(row.sampling_rate);
  object["clock_skew_seconds"] = static_cast<double>(row.clock_skew_ns) / 1e9;
  return object;
}

// What the output has done with the records of entries[i].
static Json output_json(const LedgerRow& entry, const DeliveryCounts& counts) {
  Json dropped = Json::object();
  for (size_t i = 0; i < kOutputErrorCount; ++i)
    if (int64_t count = counts.dropped(static_cast<OutputError>(i))) dropped[std::string(kOutputErrorNames[i])] = count;
  Json object;
  object["acknowledged"] = counts.acknowledged();
  object["filtered"] = counts.filtered();
  object["dropped"] = dropped;
  object["pending"] = std::max<int64_t>(entry.records - entry.filtered - counts.settled(), 0);
  return object;
}

static Json outputs_json(const LedgerSnapshot& rows, size_t i) {
  Json outputs = Json::object();
  for (const OutputRows& output : rows.outputs)
    if (output.is_configured) outputs[output.name] = output_json(rows.entries[i], output.counts[i]);
  return outputs;
}

// By exporter, protocol and domain.
static absl::flat_hash_map<LedgerKey, Json> waiting_json(const LedgerSnapshot& rows) {
  absl::flat_hash_map<LedgerKey, Json> waiting;
  for (const WaitingRow& row : rows.waiting) {
    Json& array = waiting.try_emplace(ledger_key(row.session), Json::array()).first->second;
    Json& object = array.emplace_back();
    object["template"] = row.template_id;
    object["port"] = row.session.port;
    if (row.session.is_connection()) object["transport"] = transport_name(row.session.transport);
    object["sets"] = row.sets;
    object["bytes"] = row.bytes;
    object["since"] = time_json(row.since_ns);
    object["seconds"] = std::max<int64_t>(rows.at_ns - row.since_ns, 0) / 1'000'000'000;
  }
  return waiting;
}

static Json socket_json(const SocketRow& row) {
  Json object;
  object["socket"] = row.listener;
  object["worker"] = row.worker;
  object["kernel_drops"] = row.kernel_drops;
  object["rcvbuf"] = row.receive_buffer_bytes;
  object["datagrams"] = row.datagrams;
  object["bytes"] = row.bytes;
  object["not_allowed"] = row.not_allowed;
  return object;
}

LedgerJson::LedgerJson(LedgerSnapshot rows) : rows_(std::move(rows)), waiting_(waiting_json(rows_)) {}

Json LedgerJson::object(size_t i) const {
  Json object;
  if (i < rows_.entries.size()) {
    const LedgerRow& row = rows_.entries[i];
    object = entry_json(row);
    object["outputs"] = outputs_json(rows_, i);
    auto found = waiting_.find(row.key);
    object["waiting"] = found == waiting_.end() ? Json::array() : found->second;
  } else {
    object = socket_json(rows_.sockets[i - rows_.entries.size()]);
  }
  object["since"] = time_json(rows_.since_ns);
  return object;
}

Json ledger_json(LedgerSnapshot rows) {
  const LedgerJson ledger(std::move(rows));
  Json array = Json::array();
  for (size_t i = 0; i < ledger.size(); ++i) array.push_back(ledger.object(i));
  return array;
}

}  // namespace weir
