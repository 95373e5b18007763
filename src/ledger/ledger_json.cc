// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger_json.h"

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
  for (const AccountRow& row : rows.accounts) array.push_back(account_json(row));
  for (const SocketRow& row : rows.sockets) array.push_back(socket_json(row));
  for (Json& object : array) object["since"] = since;
  return array;
}

}  // namespace weir
