// SPDX-License-Identifier: Apache-2.0
#include "store/segments.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/log.h"
#include "catalog/catalog_file.h"
#include "os/clock.h"
#include "os/folder.h"
#include "store/extra_columns.h"
#include "store/partition.h"
#include "store/segment_list.h"
#include "store/store_tables.h"

namespace weir {
namespace {

std::string catalog_path(const std::string& data) { return data + "/catalog.db"; }

// Where the ledger cannot be saved notes stay: so many are made one.
constexpr size_t kMaxNotes = 16;

struct Note {
  int64_t id = 0;
  int64_t in_ledger_ns = 0;  // monotonic: from then on the ledger in memory has its counts; 0: not known yet
};

int64_t newest_yardstick(const auto& segments) {
  int64_t newest = 0;
  for (const Segment& segment : segments) newest = std::max(newest, segment.yardstick_ns);
  return newest;
}

bool in_order(const Segment& a, const Segment& b) { return std::tie(a.hour, a.id) < std::tie(b.hour, b.id); }

}  // namespace

struct Segments::Impl {
  explicit Impl(const std::string& data_directory)
      : data(data_directory),
        database(catalog_path(data), Database::Mode::create),
        catalog_id(os::file_id(catalog_path(data))) {}

  void prepare(const FieldTable& fields);
  void recover();
  void remove_retired_of_before();
  void look_through_files();
  void name_finished(const std::vector<Segment>& segments);
  void remove_files(const std::vector<std::string>& paths);
  void remove_empty_folder(const std::string& folder);
  void commit(std::vector<Segment>& added, const std::vector<Segment>& removed, const std::vector<StoredCount>& stored);
  int64_t insert(const Segment& segment);
  void note_stored(const std::vector<StoredCount>& stored);
  void make_notes_one();
  void forget_notes();
  // The data directory was removed or replaced: the database that is open is of no use to anybody.
  bool has_left() const { return os::has_left(catalog_path(data), catalog_id); }
  LiveSegments current() const {
    std::lock_guard lock(live_mutex);
    return live;
  }
  void exchange(const std::vector<Segment>& added, const std::set<int64_t>& removed);
  void publish(LiveSegments next);  // it is the list from now on
  std::string file(const std::string& path) const { return data + "/" + path; }

  const std::string data;
  mutable std::mutex mutex;  // of everything but what is named below; held while the catalog is written
  Database database;
  const os::FileId catalog_id;
  std::unique_ptr<StoreColumns> columns;
  int64_t run = 0;                     // of this process: names never repeat
  int64_t number = 0;                  // of the next name
  std::vector<Segment> unnamed;        // listed, but still called .tmp: renaming failed
  std::set<std::string> expected;      // paths given out by new_path()
  std::vector<std::string> to_unlink;  // retired files that could not be removed yet
  std::vector<std::string> to_forget;  // rows of `retired` whose files are gone
  std::vector<Note> notes;             // rows of `stored_counts`
  std::atomic<int64_t> ledger_saved_ns{0};

  mutable std::mutex live_mutex;  // never held for long
  LiveSegments live;
};

Segments::Segments(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Segments::Segments(Segments&&) noexcept = default;
Segments::~Segments() = default;

Segments Segments::open(const std::string& data, const FieldTable& fields) {
  const std::string path = catalog_path(data);
  create_catalog_file(path);
  return naming_file(path, [&] {
    auto impl = std::make_unique<Impl>(data);
    impl->prepare(fields);
    impl->recover();
    return Segments(std::move(impl));
  });
}

void Segments::Impl::prepare(const FieldTable& fields) {
  check_catalog(database, kStoreOwner, true);
  database.execute("PRAGMA journal_mode = WAL");
  database.execute("PRAGMA busy_timeout = 30000");  // the ledger writes to the same file each second
  database.execute("PRAGMA synchronous = FULL");    // a file is renamed or unlinked only after the list is on disk
  prepare_tables(database, kStoreOwner);
  Transaction transaction(database, "BEGIN IMMEDIATE");
  database.execute(
      "INSERT INTO store (name, value) VALUES ('runs', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1");
  run = database.integer("SELECT value FROM store WHERE name = 'runs'");
  columns = std::make_unique<StoreColumns>(add_extra_columns(database, fields), fields);
  transaction.commit();
  for (const int64_t id : read_note_ids(database)) notes.push_back({id, 0});
}

void Segments::Impl::recover() {
  live = LiveSegments(read_segments(database));
  std::vector<Segment> unfinished;
  for (const Segment& segment : live) {
    if (os::exists(file(segment.path))) continue;
    if (os::exists(file(segment.path) + kUnfinishedSuffix))
      unfinished.push_back(segment);
    else
      log_error("store", file(segment.path) + " is gone, and with it " + std::to_string(segment.figures.rows) + " " +
                             std::string(row_name(segment.table)) +
                             "; bring it back, or queries will name it until it is too old to be kept");
  }
  name_finished(unfinished);
  remove_retired_of_before();
  look_through_files();
}

void Segments::Impl::remove_retired_of_before() {
  std::vector<std::string> paths;
  Statement row = database.prepare("SELECT path FROM retired");
  while (row.step()) paths.emplace_back(row.text(0));
  remove_files(paths);
}

// What a crash left half written goes; what nobody listed stays, because a lost catalog must never cost flows.
void Segments::Impl::look_through_files() {
  std::set<std::string> listed;
  for (const Segment& segment : live) listed.insert(file(segment.path));
  for (const Segment& segment : unnamed) listed.insert(file(segment.path) + kUnfinishedSuffix);
  for (const std::string& path : to_unlink) listed.insert(file(path));
  size_t unlisted = 0;
  std::string example;
  for (Table table : kTables) {
    for (const std::string& path : os::files_below(file(std::string(table_name(table))))) {
      if (listed.contains(path)) continue;
      if (path.ends_with(std::string(".parquet") + kUnfinishedSuffix)) {
        os::remove_file(path);
      } else {
        ++unlisted;
        example = path;
      }
    }
  }
  if (unlisted == 0) return;
  log_warning("store", std::to_string(unlisted) + " files below " + data + " are not in " + catalog_path(data) +
                           " and so not part of the store, one is " + example + "; they are left alone");
}

// Step 3. What cannot be renamed now is tried again at the next change; readers find it as .tmp.
void Segments::Impl::name_finished(const std::vector<Segment>& segments) {
  std::set<std::string> folders;
  for (const Segment& segment : segments) {
    const std::string path = file(segment.path);
    if (int error = os::rename_file(path + kUnfinishedSuffix, path)) {
      log_error("store",
                "cannot rename " + path + kUnfinishedSuffix + ": " + os::error_text(error) + "; tried again soon");
      unnamed.push_back(segment);
      continue;
    }
    folders.insert(os::parent_folder(path));
  }
  for (const std::string& folder : folders) os::sync_folder(folder);
}

// Step 4. Rows of `retired` are forgotten only once the folder is synced: a power failure may bring a file back.
void Segments::Impl::remove_files(const std::vector<std::string>& paths) {
  std::set<std::string> folders;
  for (const std::string& path : paths) {
    if (os::remove_file(file(path)) != 0 || os::remove_file(file(path) + kUnfinishedSuffix) != 0) {
      to_unlink.push_back(path);
      continue;
    }
    folders.insert(os::parent_folder(path));
    to_forget.push_back(path);
  }
  for (const std::string& folder : folders) {
    os::sync_folder(file(folder));
    remove_empty_folder(folder);
  }
}

void Segments::Impl::remove_empty_folder(const std::string& folder) {
  for (const std::string& path : expected)
    if (os::parent_folder(path) == folder) return;
  if (os::remove_folder(file(folder)) == 0) os::remove_folder(file(os::parent_folder(folder)));  // the hour, the day
}

LiveSegments Segments::live() const { return impl_->current(); }

std::vector<StoredCount> Segments::counts_of_before() {
  std::lock_guard lock(impl_->mutex);
  for (Note& note : impl_->notes) note.in_ledger_ns = os::monotonic_ns();
  return naming_file(catalog_path(impl_->data), [&] { return weir::read_noted_counts(impl_->database); });
}

void Segments::ledger_saved(int64_t snapshot_ns) { impl_->ledger_saved_ns = snapshot_ns; }

std::span<const StoreColumn> Segments::columns(Table table) const {
  return table == Table::flows ? impl_->columns->all() : store_columns(table);
}

std::string Segments::file(const std::string& path) const { return impl_->file(path); }

std::string Segments::new_path(int64_t hour, int& error, Table table) {
  std::lock_guard lock(impl_->mutex);
  const std::string folder = partition_folder(hour, table);
  if (impl_->has_left()) return error = ENOENT, "";  // or what is written would be in no list
  error = os::make_folders(impl_->file(folder));
  if (error) return "";
  std::string path = folder + "/" + compact_time(os::realtime_ns()) + "-" + std::to_string(impl_->run) + "-" +
                     std::to_string(++impl_->number) + ".parquet";
  impl_->expected.insert(path);
  return path;
}

void Segments::give_up(const std::string& path) {
  std::lock_guard lock(impl_->mutex);
  impl_->expected.erase(path);
  os::remove_file(impl_->file(path) + kUnfinishedSuffix);
  impl_->remove_empty_folder(os::parent_folder(path));
}

int64_t Segments::Impl::insert(const Segment& segment) {
  Statement put = database.prepare(
      "INSERT INTO segments (path, level, hour, rows, bytes, received_min, received_max, start_min, start_max, "
      "end_min, end_max, table_name, yardstick, tier) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id");
  const SegmentFigures& f = segment.figures;
  put.bind(1, segment.path).bind(2, segment.level).bind(3, segment.hour);
  put.bind(4, static_cast<int64_t>(f.rows)).bind(5, static_cast<int64_t>(f.bytes));
  put.bind(6, f.received.min_ns).bind(7, f.received.max_ns).bind(8, f.start.min_ns).bind(9, f.start.max_ns);
  put.bind(10, f.end.min_ns).bind(11, f.end.max_ns).bind(12, table_name(segment.table)).bind(13, segment.yardstick_ns);
  put.bind(14, segment.tier);
  put.step();
  int64_t id = put.integer(0);
  while (put.step()) {
  }
  return id;
}

void Segments::Impl::note_stored(const std::vector<StoredCount>& stored) {
  if (notes.size() >= kMaxNotes) make_notes_one();
  for (const int64_t id : note_counts(database, stored)) notes.push_back({id, 0});
}

// The highest count of each entry is what counts.
void Segments::Impl::make_notes_one() {
  std::map<std::pair<LedgerKey, Table>, int64_t> highest;
  for (const StoredCount& count : weir::read_noted_counts(database)) {
    int64_t& so_far = highest[{count.entry, count.table}];
    so_far = std::max(so_far, count.stored);
  }
  std::vector<StoredCount> counts;
  for (const auto& [of, count] : highest) counts.push_back({of.first, count, of.second});
  for (const Note& note : notes) forget_note(database, note.id);
  notes.clear();
  for (const int64_t id : note_counts(database, counts)) notes.push_back({id, 0});
}

// Notes whose counts were in the ledger when it was copied, and that copy is saved.
void Segments::Impl::forget_notes() {
  const int64_t saved = ledger_saved_ns;
  std::erase_if(notes, [&](const Note& note) {
    if (note.in_ledger_ns == 0 || note.in_ledger_ns > saved) return false;
    forget_note(database, note.id);
    return true;
  });
}

// Step 2.
void Segments::Impl::commit(std::vector<Segment>& added, const std::vector<Segment>& removed,
                            const std::vector<StoredCount>& stored) {
  Transaction transaction(database, "BEGIN IMMEDIATE");
  for (Segment& segment : added) segment.id = insert(segment);
  Statement remove = database.prepare("DELETE FROM segments WHERE id = ?");
  Statement retire = database.prepare("INSERT OR IGNORE INTO retired (path) VALUES (?)");
  for (const Segment& segment : removed) {
    remove.bind(1, segment.id).run();
    retire.bind(1, segment.path).run();
  }
  Statement forget = database.prepare("DELETE FROM retired WHERE path = ?");
  for (const std::string& path : to_forget) forget.bind(1, path).run();
  const std::vector<Note> before = notes;
  try {
    forget_notes();
    note_stored(stored);
    transaction.commit();
  } catch (const DatabaseError&) {
    notes = before;
    throw;
  }
  to_forget.clear();
}

// The list anew, after a change of the catalog.
void Segments::Impl::exchange(const std::vector<Segment>& added, const std::set<int64_t>& removed) {
  const LiveSegments old = current();
  std::vector<Segment> now;
  now.reserve(old.size() + added.size());
  for (const Segment& segment : old)
    if (removed.empty() || !removed.contains(segment.id)) now.push_back(segment);
  for (const Segment& segment : added) {
    now.insert(std::ranges::upper_bound(now, segment, in_order), segment);
    expected.erase(segment.path);
  }
  std::erase_if(unnamed, [&](const Segment& s) { return removed.contains(s.id); });
  publish(LiveSegments(std::move(now)));
}

void Segments::Impl::publish(LiveSegments next) {
  std::lock_guard lock(live_mutex);
  live = std::move(next);
}

Change Segments::change(std::vector<Segment> added, const std::vector<int64_t>& removed,
                        const std::vector<StoredCount>& stored, std::string& error) {
  std::lock_guard lock(impl_->mutex);
  const std::set<int64_t> ids(removed.begin(), removed.end());
  std::vector<Segment> gone;
  if (!ids.empty())
    std::ranges::copy_if(impl_->current(), std::back_inserter(gone),
                         [&](const Segment& s) { return ids.contains(s.id); });
  if (gone.size() != removed.size()) {
    error = "a segment to be replaced has been removed meanwhile";
    return Change::outdated;
  }
  if (!stored.empty())
    for (Note& note : impl_->notes)
      if (note.in_ledger_ns == 0) note.in_ledger_ns = os::monotonic_ns();
  for (Segment& segment : added) segment.yardstick_ns = std::max(segment.yardstick_ns, newest_yardstick(gone));
  if (impl_->has_left()) {
    error = catalog_path(impl_->data) + " was removed or replaced";
    return Change::failed;
  }
  try {
    impl_->commit(added, gone, stored);
  } catch (const DatabaseError& failure) {
    error = "cannot change the list of segments in " + catalog_path(impl_->data) + ": " + failure.what();
    return Change::failed;
  }
  impl_->exchange(added, ids);
  std::vector<Segment> to_name = std::exchange(impl_->unnamed, {});
  to_name.insert(to_name.end(), added.begin(), added.end());
  impl_->name_finished(to_name);
  std::vector<std::string> to_remove = std::exchange(impl_->to_unlink, {});
  for (const Segment& segment : gone) to_remove.push_back(segment.path);
  impl_->remove_files(to_remove);
  return Change::done;
}

int64_t Segments::yardstick_ns() const { return newest_yardstick(impl_->current()); }

bool Segments::lower_yardsticks(int64_t ns) {
  std::lock_guard lock(impl_->mutex);
  try {
    impl_->database.prepare("UPDATE segments SET yardstick = ?1 WHERE coalesce(yardstick, received_max) > ?1")
        .bind(1, ns)
        .run();
  } catch (const DatabaseError& failure) {
    return false;
  }
  const LiveSegments old = impl_->current();
  std::vector<Segment> now(old.begin(), old.end());
  for (Segment& segment : now) segment.yardstick_ns = std::min(segment.yardstick_ns, ns);
  impl_->publish(LiveSegments(std::move(now)));
  return true;
}

static std::string existing_catalog(const std::string& data) {
  if (!os::is_directory(data))
    throw usage_error("the data directory " + data + " does not exist; name that of weir collect with --data");
  const std::string path = catalog_path(data);
  if (!os::exists(path))
    throw usage_error("there is no store in " + data + " (no " + path +
                      "); name the data directory of weir collect with --data");
  return path;
}

std::vector<Segment> Segments::read(const std::string& data) {
  return read_catalog(existing_catalog(data), kStoreOwner, read_segments);
}

std::vector<StoredCount> Segments::read_noted_counts(const std::string& data) {
  return read_catalog(existing_catalog(data), kStoreOwner, weir::read_noted_counts);
}

std::vector<ExtraColumn> Segments::read_extra_columns(const std::string& data) {
  return read_catalog(existing_catalog(data), kStoreOwner, weir::read_extra_columns);
}

}  // namespace weir
