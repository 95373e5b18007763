// SPDX-License-Identifier: Apache-2.0
// Fuzzes the parser of templates.journal: it accepts any octets and finds the same in one window as in several, and the
// entries that it finds can be written and read again.
#include <cstdlib>
#include <string>
#include <vector>

#include "templates/journal_entry.h"

namespace weir {
namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

// The entries found, encoded again. `window`: how many octets are added at a time.
std::vector<uint8_t> entries_of(Bytes journal, size_t window, int version, uint64_t* damaged = nullptr) {
  std::vector<uint8_t> entries;
  JournalParser parser([&](const JournalEntry& entry) { encode_entry(entry, entries); }, version);
  size_t begin = 0;
  for (size_t end = 0; end < journal.size();) {
    end = std::min(journal.size(), end + window);
    begin += parser.parse(journal.subspan(begin, end - begin), end == journal.size());
    check(begin <= end);
  }
  check(begin == journal.size());
  check(parser.damaged_octets() + parser.octets_left() <= journal.size());
  if (damaged) *damaged = parser.damaged_octets() + parser.octets_left();
  return entries;
}

// The octets as bodies of entries, each preceded by its length, with matching headers added: valid checksums are not
// found by chance.
std::vector<uint8_t> with_headers(Bytes octets) {
  std::vector<uint8_t> journal;
  while (octets.size() > 1) {
    const size_t length = std::min<size_t>(octets[0], octets.size() - 1);
    put_entry(octets.subspan(1, length), journal);
    octets = octets.subspan(1 + length);
  }
  return journal;
}

void check_journal(Bytes journal, int version) {
  uint64_t damaged = 0;
  const std::vector<uint8_t> entries = entries_of(journal, journal.size() + 1, version);
  check(entries == entries_of(journal, JournalParser::kMinWindow, version));
  check(entries == entries_of(journal, 1'000, version));
  check(entries_of(entries, entries.size() + 1, kJournalVersion, &damaged) == entries);
  check(damaged == 0);
}

}  // namespace
}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (int version = 1; version <= weir::kJournalVersion; ++version) {
    weir::check_journal({data, size}, version);
    weir::check_journal(weir::with_headers({data, size}), version);
  }
  return 0;
}
