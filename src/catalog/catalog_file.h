// SPDX-License-Identifier: Apache-2.0
// Access to the file catalog.db, shared by the owners of its tables. Every failure is a usage_error that names the
// file.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "catalog/database.h"
#include "catalog/table_owner.h"
#include "os/file.h"

namespace weir {

// Creates an empty file of mode 0640, which SQLite also applies to -wal and -shm. An existing file is not even opened:
// closing it would drop the POSIX locks of every connection that this process has to it, and the next program that
// writes to the catalog, or only closes it, would remove the -wal while the collector uses it.
inline void create_catalog_file(const std::string& path) {
  if (!os::exists(path)) os::open_append(path);
}

// Runs `work`; any failure in it becomes a usage_error that names the file.
template <class Work>
auto naming_file(const std::string& path, Work work) {
  try {
    return work();
  } catch (const SchemaError& error) {
    throw usage_error("cannot use " + path + ": " + error.what());
  } catch (const DatabaseError& error) {
    if (error.is_damage())
      throw usage_error("cannot use " + path + ": it is damaged or no SQLite database (" + error.what() +
                        "); bring it back from a backup, move it away to begin a new one (without the flows stored so "
                        "far), or name another directory with --data");
    throw usage_error("cannot use " + path + ": " + error.what() +
                      (os::is_readable(path) ? "" : " (this user may not read it)"));
  }
}

// Runs `work(Database&)`, which reads the owner's tables without writing: also for a user with read permission only,
// and while a collector runs. It may run more than once; the last result is returned.
//
// Without a -wal file, or with an empty one (which a start on a full disk may leave), the file alone is complete:
// opened as immutable it needs no write access and leaves nothing behind. With a -wal file, SQLite's own locks give a
// snapshot. If a collector starts in between, the read is repeated.
template <class Work>
auto read_catalog(const std::string& path, const TableOwner& owner, Work work) {
  auto has_wal = [&] { return os::file_size(path + "-wal") > 0; };
  return naming_file(path, [&] {
    for (int attempt = 0;; ++attempt) {
      bool wal = has_wal();
      try {
        Database database(path, wal ? Database::Mode::read_only : Database::Mode::immutable);
        check_catalog(database, owner, false);
        auto result = work(database);
        if (wal || !has_wal()) return result;
      } catch (const DatabaseError&) {
        if (attempt == 3 || wal == has_wal()) throw;
      }
    }
  });
}

}  // namespace weir
