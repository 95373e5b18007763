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

// One entry of the journal: a template, or else a fact told by options data. Borrows its bytes.
struct JournalEntry {
  SessionKey session;
  TemplateKind template_kind = TemplateKind::data;
  Bytes template_wire;  // empty: a fact
  OptionsFact fact;
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
