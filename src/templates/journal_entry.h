// SPDX-License-Identifier: Apache-2.0
// The entries of `templates.journal`, as octets. docs/formats/templates-journal.md has the layout.
//
//   threads  none of its own
//   memory   none beside what the caller gives
//   failure  what is not whole is stepped over and counted
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

// One entry of the journal; `kind` says which members hold. Borrows its bytes.
struct JournalEntry {
  enum class Kind : uint8_t {
    template_record,
    fact,
    restart,    // of the exporter: what the session's templates were before is unconfirmed
    forgotten,  // a template; with template id 0 the whole session
  };
  Kind kind = Kind::template_record;
  SessionKey session = {};
  TemplateKind template_kind = TemplateKind::data;
  Bytes template_wire = {};
  OptionsFact fact = {};
  uint16_t template_id = 0;  // forgotten
};

// A journal begins with these, and one digit: the version of its entries.
//   1  UDP only
//   2  a session's key holds its transport and connection
inline constexpr std::string_view kJournalMagic = "WEIRTPL";
inline constexpr size_t kJournalMagicBytes = kJournalMagic.size() + 1;
inline constexpr int kJournalVersion = 2;  // that is written

// Appends its octets to `out`, of the present version.
void encode_entry(const JournalEntry& entry, std::vector<uint8_t>& out);

// The same of a body that is there already.
void put_entry(Bytes body, std::vector<uint8_t>& out);

// Finds the whole entries of a journal, given to it in windows. Where one is damaged it goes on at the next one whose
// length and checksum are right.
class JournalParser {
 public:
  using Visit = std::function<void(const JournalEntry&)>;
  // `version`: of the entries, from 1 to kJournalVersion.
  explicit JournalParser(Visit visit, int version = kJournalVersion) : visit_(std::move(visit)), version_(version) {}

  // A window of so many octets is always read on in; a smaller one only where it is the last.
  static constexpr size_t kMinWindow = 160u << 10;
  // How many octets of the window are done with. The next window begins behind them.
  size_t parse(Bytes window, bool is_last);

  uint64_t damaged_places() const { return damaged_places_; }
  uint64_t damaged_octets() const { return damaged_octets_; }
  // At the end, behind the last whole entry: a write that was cut off, or damage.
  uint64_t octets_left() const { return skipped_; }

 private:
  size_t whole_entry(Bytes bytes);
  size_t body_length(Bytes bytes) const;
  size_t step_over(Bytes bytes, bool is_last);

  Visit visit_;
  const int version_;
  uint64_t damaged_places_ = 0, damaged_octets_ = 0;
  uint64_t skipped_ = 0;  // since the last whole entry
  // For checksums of what only looks like an entry: zeros and names may do so at every octet.
  uint64_t search_octets_left_ = 1u << 30;
};

}  // namespace weir
