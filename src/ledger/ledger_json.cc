// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger_json.h"

#include <algorithm>

#include "base/rfc3339.h"
#include "ledger/account_columns.h"

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

// `restarts` ends the contract's run of counters; the times stand between it and the counters that came later.
static Json account_json(const AccountRow& row) {
  Json object;
  object["exporter"] = exporter_name(row.key.exporter);
  object["protocol"] = protocol_name(row.key.protocol);
  object["domain"] = row.key.domain;
  for (const AccountColumn& column : kAccountCounters) {
    object[std::string(column.name)] = row.*column.value;
    if (column.value == &AccountRow::sequence_lost) object["sequence_unit"] = sequence_unit(row.key.protocol);
    if (column.value == &AccountRow::restarts) {
      object["first_seen"] = time_json(row.first_seen_ns);
      object["last_seen"] = time_json(row.last_seen_ns);
    }
  }
  object["malformed_by_reason"] = reasons_json(row.malformed_by_reason, kMalformedNames);
  object["refused_by_reason"] = reasons_json(row.refused_by_reason, kRefusedNames);
  object["templates"] = row.templates;
  object["clock_skew_seconds"] = static_cast<double>(row.clock_skew_ns) / 1e9;
  return object;
}

// By exporter, protocol and domain.
static absl::flat_hash_map<AccountKey, Json> waiting_json(const LedgerRows& rows) {
  absl::flat_hash_map<AccountKey, Json> waiting;
  for (const WaitingRow& row : rows.waiting) {
    Json& array = waiting.try_emplace({row.exporter, row.protocol, row.domain}, Json::array()).first->second;
    Json& object = array.emplace_back();
    object["template"] = row.template_id;
    object["port"] = row.port;
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
  return object;
}

Json ledger_json(const LedgerRows& rows) {
  Json array = Json::array();
  Json since = time_json(rows.since_ns);
  const absl::flat_hash_map<AccountKey, Json> waiting = waiting_json(rows);
  for (const AccountRow& row : rows.accounts) {
    Json& object = array.emplace_back(account_json(row));
    auto found = waiting.find(row.key);
    object["waiting"] = found == waiting.end() ? Json::array() : found->second;
  }
  for (const SocketRow& row : rows.sockets) array.push_back(socket_json(row));
  for (Json& object : array) object["since"] = since;
  return array;
}

}  // namespace weir
