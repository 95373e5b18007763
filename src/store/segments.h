// SPDX-License-Identifier: Apache-2.0
// The list of live segments of all tables: the table `segments` of <data>/catalog.db (docs/formats/catalog.md). A
// segment is part of the store exactly when this list names it.
//
//   in       one process, the collector that holds the lock of the data directory
//   out      readers in any process take a copy in one short transaction
//   threads  any; changes come one after the other, and nobody who only looks waits for them
//   memory   the list, and for the time of a change a second one
//   failure  open() and read() throw usage_error naming the file; changes say why they were not made
//
// Order of a change, so that a crash at any step leaves every row exactly once:
//   1. the new file is written as `path`.tmp and synced
//   2. one transaction, synced: add the new segment, take the old ones out, note their paths in `retired`
//   3. rename `path`.tmp to `path`; sync the folder
//   4. unlink the retired files; forget them with the next change
// A reader that finds no `path` opens `path`.tmp (between 2 and 3), and where there is neither takes the list anew
// (after 4). open() does 3 and 4 for what a crash left, and removes .tmp files that no segment claims. Other files that
// the list does not name are never touched.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ledger/ledger.h"
#include "store/columns.h"
#include "store/segment_list.h"
#include "store/stored_counts.h"

namespace weir {

// Of a file that is not named yet.
inline constexpr const char* kUnfinishedSuffix = ".tmp";

// Whatever is not `done` has changed nothing.
enum class Change : uint8_t {
  done,
  outdated,  // one of the segments to be removed is not in the list any more
  failed,    // the catalog cannot be written
};

class Segments {
 public:
  // `data`: the data directory. Makes the tables where they are missing, and recovers.
  // `fields`: those it adds become columns of the store for good; throws usage_error where one was added before with
  // another type.
  static Segments open(const std::string& data, const FieldTable& fields = FieldTable::plain());
  Segments(Segments&&) noexcept;
  ~Segments();

  LiveSegments live() const;  // at once, whatever is being changed
  // Those of the store. They stay where they are until this object goes.
  std::span<const StoreColumn> columns(Table table = Table::flows) const;
  // Where the file of `path` lies.
  std::string file(const std::string& path) const;

  // A path for a new segment of that hour and table, never used before; its folder is made, and kept until change() or
  // give_up(). Throws nothing; "" and `error` where it cannot be.
  std::string new_path(int64_t hour, int& error, Table table = Table::flows);
  // The segment will not come: removes its .tmp file.
  void give_up(const std::string& path);
  // Steps 2 to 4: `added` (id is given; its yardstick is at least theirs) takes the place of those in
  // `removed`, any may be empty. `stored` is noted in the same transaction, so that
  // counts and segments agree after a crash; those of one change are in the ledger in memory before the next one that
  // has any.
  Change change(std::vector<Segment> added, const std::vector<int64_t>& removed, const std::vector<StoredCount>& stored,
                std::string& error);

  // What an earlier process has noted of counts, to be put into the ledger before it is saved the first time.
  std::vector<StoredCount> counts_of_before();

  // The ledger as it was at that time (monotonic) is saved: what was noted of counts before is not needed any more.
  // From any thread.
  void ledger_saved(int64_t snapshot_ns);

  // The newest of the live segments' yardsticks, 0: there is none.
  int64_t yardstick_ns() const;
  // Times of receipt later than `ns` tell no more what the time is. False where the catalog cannot be written.
  bool lower_yardsticks(int64_t ns);

  // The list of any data directory, for readers: also without write permission and while a collector runs.
  // Throws usage_error: no such directory, no catalog, a newer version's, damaged.
  static std::vector<Segment> read(const std::string& data);
  // The same of what is noted of counts, and may not be in the saved ledger. To be read before that is.
  static std::vector<StoredCount> read_noted_counts(const std::string& data);
  // The same of the fields that were added to it.
  static std::vector<ExtraColumn> read_extra_columns(const std::string& data);

 private:
  struct Impl;
  explicit Segments(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
