// SPDX-License-Identifier: Apache-2.0
#include "ledger/stored_counts.h"

#include <cstring>
#include <string>
#include <vector>

namespace weir {

// One count in a note: address (16 octets), protocol (its number in kProtocolNames, 1), domain (4), count (8); the last
// two with their lowest octet first, as this and every machine has them that weir runs on.
static constexpr size_t kPackedBytes = 29;

static void pack(std::string& out, const CountOf& count) {
  out.append(reinterpret_cast<const char*>(count.account.exporter.bytes.data()), 16);
  out += static_cast<char>(count.account.protocol);
  out.append(reinterpret_cast<const char*>(&count.account.domain), 4);
  out.append(reinterpret_cast<const char*>(&count.count), 8);
}

// What was written by a later version, with protocols that this one does not know, is passed over.
static std::vector<CountOf> unpack(std::string_view packed) {
  std::vector<CountOf> counts;
  for (; packed.size() >= kPackedBytes; packed.remove_prefix(kPackedBytes)) {
    CountOf count;
    auto protocol = static_cast<uint8_t>(packed[16]);
    if (protocol >= kProtocolCount) continue;
    std::memcpy(count.account.exporter.bytes.data(), packed.data(), 16);
    count.account.protocol = static_cast<Protocol>(protocol);
    std::memcpy(&count.account.domain, packed.data() + 17, 4);
    std::memcpy(&count.count, packed.data() + 21, 8);
    counts.push_back(count);
  }
  return counts;
}

void raise_counts(Database& database, std::string_view column, std::span<const CountOf> counts) {
  if (counts.empty()) return;
  const std::string name(column);
  Statement put = database.prepare("INSERT INTO exporters (exporter, protocol, domain, " + name +
                                   ") VALUES (?, ?, ?, ?) ON CONFLICT (exporter, protocol, domain) DO UPDATE SET " +
                                   name + " = max(" + name + ", excluded." + name + ")");
  for (const CountOf& of : counts) {
    put.bind(1, of.account.exporter.to_string()).bind(2, protocol_name(of.account.protocol));
    put.bind(3, of.account.domain).bind(4, of.count).run();
  }
}

int64_t note_counts(Database& database, std::string_view column, std::span<const CountOf> counts) {
  std::string packed;
  packed.reserve(counts.size() * kPackedBytes);
  for (const CountOf& count : counts) pack(packed, count);
  Statement put = database.prepare("INSERT INTO stored_counts (name, counts) VALUES (?, ?) RETURNING id");
  put.bind(1, column).bind_blob(2, packed);
  put.step();
  int64_t id = put.integer(0);
  while (put.step()) {
  }
  return id;
}

void raise_noted_counts(Database& database) {
  {
    Statement note = database.prepare("SELECT name, counts FROM stored_counts ORDER BY id");
    while (note.step()) {
      const std::string column(note.text(0));
      if (column == "stored" || column == "counters_stored") raise_counts(database, column, unpack(note.blob(1)));
    }
  }
  database.execute("DELETE FROM stored_counts");
}

}  // namespace weir
