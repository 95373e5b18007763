// SPDX-License-Identifier: Apache-2.0
// Encodes and decodes the entries of `templates.journal`. docs/formats/templates-journal.md describes the layout.
//
//   threads  none of its own
//   memory   none besides what the caller provides
//   failure  what is not a whole entry is skipped and counted
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "templates/held.h"
#include "templates/options_state.h"
#include "wire/template_record.h"

namespace weir {

// One entry of the journal; `kind` determines which members are valid. Does not own its bytes.
struct JournalEntry {
  enum class Kind : uint8_t {
    template_record,
    fact,
    restart,    // of the exporter: the session's templates from before it are unconfirmed
    forgotten,  // a template; with template id 0 the whole session
  };
  Kind kind = Kind::template_record;
  SessionKey session = {};
  TemplateKind template_kind = TemplateKind::data;
  Bytes template_wire = {};
  OptionsFact fact = {};
  uint16_t template_id = 0;  // forgotten
};

// A journal begins with these characters and one digit: the version of its entries.
//   1  UDP only
//   2  a session's key includes its transport and connection
inline constexpr std::string_view kJournalMagic = "WEIRTPL";
inline constexpr size_t kJournalMagicBytes = kJournalMagic.size() + 1;
inline constexpr int kJournalVersion = 2;  // the version that is written

// Appends the encoded entry to `out`, in the current version.
void encode_entry(const JournalEntry& entry, std::vector<uint8_t>& out);

// The same for a body that is already encoded.
void put_entry(Bytes body, std::vector<uint8_t>& out);

// Finds the whole entries of a journal, which is passed in window by window. After a damaged entry it continues at the
// next one whose length and checksum are right.
class JournalParser {
 public:
  using Visit = std::function<void(const JournalEntry&)>;
  // `version`: of the entries, from 1 to kJournalVersion.
  explicit JournalParser(Visit visit, int version = kJournalVersion) : visit_(std::move(visit)), version_(version) {}

  // In a window of this many octets the parser always advances; only the last window may be smaller.
  static constexpr size_t kMinWindow = 160u << 10;
  // Returns how many octets of the window are done. The next window begins after them.
  size_t parse(Bytes window, bool is_last);

  uint64_t damaged_places() const { return damaged_places_; }
  uint64_t damaged_octets() const { return damaged_octets_; }
  // Octets at the end, after the last whole entry: a write that was cut off, or damage.
  uint64_t octets_left() const { return skipped_; }

 private:
  size_t whole_entry(Bytes bytes);
  size_t body_length(Bytes bytes) const;
  size_t step_over(Bytes bytes, bool is_last);

  Visit visit_;
  const int version_;
  uint64_t damaged_places_ = 0, damaged_octets_ = 0;
  uint64_t skipped_ = 0;  // since the last whole entry
  // Limits the checksums computed for what only looks like an entry: zeros and names may do so at every octet.
  uint64_t search_octets_left_ = 1u << 30;
};

}  // namespace weir
