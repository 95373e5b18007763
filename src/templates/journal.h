// SPDX-License-Identifier: Apache-2.0
// The file `templates.journal` of the data directory: templates and options state, appended as they
// change, so that a crash loses none. docs/formats/templates-journal.md has the layout.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "os/file.h"
#include "templates/held.h"
#include "templates/options_state.h"
#include "templates/template_record.h"

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

class Journal {
 public:
  // Opens or creates; throws usage_error where the path cannot be used or the file is not a journal. Every whole entry
  // is handed to `replay`; a torn tail (a crash while writing) is cut off.
  Journal(std::string path, const std::function<void(const JournalEntry&)>& replay);

  // 0, or errno: what could not be written is lost at the next start, not now.
  int append(const JournalEntry& entry);
  // Replaces the file by these entries. 0 or errno.
  int rewrite(const std::vector<JournalEntry>& entries);
  uint64_t bytes() const { return bytes_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  os::File file_;
  uint64_t bytes_ = 0;
  std::vector<uint8_t> scratch_;
};

}  // namespace weir
