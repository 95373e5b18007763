// SPDX-License-Identifier: Apache-2.0
#include "store/stored_counts.h"

#include <cstring>
#include <string>

#include "catalog/table_owner.h"

namespace weir {

// One count in a note: address (16 octets), protocol (its number in kProtocolNames, 1), domain (4), count (8); the last
// two little-endian, like every machine that weir runs on.
static constexpr size_t kPackedBytes = 29;

static void pack(std::string& out, const StoredCount& count) {
  out.append(reinterpret_cast<const char*>(count.entry.exporter.bytes.data()), 16);
  out += static_cast<char>(count.entry.protocol);
  out.append(reinterpret_cast<const char*>(&count.entry.domain), 4);
  out.append(reinterpret_cast<const char*>(&count.stored), 8);
}

// Counts written by a later version, with protocols that this version does not know, are skipped.
static void unpack(std::string_view packed, Table table, std::vector<StoredCount>& counts) {
  for (; packed.size() >= kPackedBytes; packed.remove_prefix(kPackedBytes)) {
    StoredCount count;
    count.table = table;
    auto protocol = static_cast<uint8_t>(packed[16]);
    if (protocol >= kProtocolCount) continue;
    std::memcpy(count.entry.exporter.bytes.data(), packed.data(), 16);
    count.entry.protocol = static_cast<Protocol>(protocol);
    std::memcpy(&count.entry.domain, packed.data() + 17, 4);
    std::memcpy(&count.stored, packed.data() + 21, 8);
    counts.push_back(count);
  }
}

// The value of the column `name`.
static std::string_view note_name(Table table) { return table == Table::flows ? "stored" : "counters_stored"; }

static int64_t note(Database& database, Table table, const std::string& packed) {
  Statement put = database.prepare("INSERT INTO stored_counts (name, counts) VALUES (?, ?) RETURNING id");
  put.bind(1, note_name(table)).bind_blob(2, packed);
  put.step();
  int64_t id = put.integer(0);
  while (put.step()) {
  }
  return id;
}

std::vector<int64_t> note_counts(Database& database, std::span<const StoredCount> counts) {
  std::vector<int64_t> ids;
  for (Table table : kTables) {
    std::string packed;
    for (const StoredCount& count : counts)
      if (count.table == table) pack(packed, count);
    if (!packed.empty()) ids.push_back(note(database, table, packed));
  }
  return ids;
}

std::vector<StoredCount> read_noted_counts(Database& database) {
  std::vector<StoredCount> counts;
  if (columns_of(database, "stored_counts").empty()) return counts;
  Statement row = database.prepare("SELECT name, counts FROM stored_counts ORDER BY id");
  while (row.step())
    for (Table table : kTables)
      if (row.text(0) == note_name(table)) unpack(row.blob(1), table, counts);
  return counts;
}

std::vector<int64_t> read_note_ids(Database& database) {
  std::vector<int64_t> ids;
  Statement row = database.prepare("SELECT id FROM stored_counts");
  while (row.step()) ids.push_back(row.integer(0));
  return ids;
}

void forget_note(Database& database, int64_t id) {
  database.prepare("DELETE FROM stored_counts WHERE id = ?").bind(1, id).run();
}

}  // namespace weir
