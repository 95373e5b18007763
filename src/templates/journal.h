// SPDX-License-Identifier: Apache-2.0
// The file `templates.journal` in the data directory: templates and options state, appended as they
// change, so that a crash loses none. A file of an older version must be rewritten before anything is appended.
// docs/formats/templates-journal.md describes the layout.
//
//   threads  none of its own; TemplateStore calls it under its lock
//   memory   what is appended and not yet written, and a window of the file while it is read or rewritten
//   failure  set-up throws usage_error; later calls return errno
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "os/file.h"
#include "templates/journal_entry.h"

namespace weir {

class Journal {
 public:
  using Visit = std::function<void(const JournalEntry&)>;

  // Opens or creates the file; throws usage_error if the path cannot be used or the file is not a journal.
  explicit Journal(std::string path);
  Journal(const Journal&) = delete;
  ~Journal();  // writes what was appended

  struct Read {
    bool stopped = false;
    uint64_t damaged_places = 0, damaged_octets = 0;  // between whole entries
    uint64_t octets_cut = 0;                          // after the last whole entry
  };
  // Passes every whole entry to `visit`; a torn tail (a crash while writing) is cut off. `goes_on` is called after
  // every mebibyte, with the octets read and the size of the file: if it returns false, reading stops and the file is
  // unchanged.
  Read read(const Visit& visit, const std::function<bool(uint64_t, uint64_t)>& goes_on);

  // Buffers the entry in memory for the next write().
  void append(const JournalEntry& entry) { encode_entry(entry, appended_); }
  size_t appended_bytes() const { return appended_.size(); }
  // 0 or errno. What could not be written is missing only after the next start.
  int write();
  // Replaces the file with the entries that `produce` emits; what was appended before is among them. 0 or errno.
  int rewrite(const std::function<void(const Visit&)>& produce);
  uint64_t bytes() const { return bytes_; }  // of the file
  const std::string& path() const { return path_; }

 private:
  void open();
  int version_of(const std::string& magic) const;
  std::string temporary() const { return path_ + ".new"; }
  int write_new(const std::function<void(const Visit&)>& produce, uint64_t& bytes) const;

  std::string path_;
  os::File file_;
  uint64_t bytes_ = 0;
  int version_ = kJournalVersion;  // of the entries in the file
  std::vector<uint8_t> appended_;
};

}  // namespace weir
