// SPDX-License-Identifier: Apache-2.0
#include "store/unlisted.h"

#include <chrono>
#include <map>

#include "base/error.h"
#include "base/log.h"
#include "os/file.h"
#include "os/folder.h"
#include "os/output_file.h"
#include "os/process.h"
#include "store/partition.h"

namespace weir {

Unlisted find_unlisted(const std::string& data, const std::vector<Segment>& before) {
  std::map<std::string, uint64_t> found;
  for (Table table : kTables)
    for (const std::string& path : os::files_below(data + "/" + std::string(table_name(table))))
      if (path.ends_with(".parquet")) found[path] = os::file_size(path);
  for (const Segment& segment : before) found.erase(data + "/" + segment.path);
  for (const Segment& segment : Segments::read(data)) found.erase(data + "/" + segment.path);
  Unlisted unlisted;
  for (const auto& [path, size] : found) {
    if (!os::exists(path)) continue;  // removed in the meantime
    ++unlisted.files;
    unlisted.bytes += size;
  }
  return unlisted;
}

UnlistedLook::UnlistedLook(std::string data) : data_(std::move(data)) {}
UnlistedLook::~UnlistedLook() = default;

void UnlistedLook::request_stop() {
  if (worker_) worker_->request_stop();
}

void UnlistedLook::stop() { worker_.reset(); }

void UnlistedLook::start() {
  worker_.emplace("store-look", [this](const std::stop_token& stop) { work(stop); });
}

void UnlistedLook::work(const std::stop_token& stop) {
  os::block_write_signals();
  os::lower_thread_priority();
  do {
    look();
    std::unique_lock lock(mutex_);
    stopped_.wait_for(lock, stop, std::chrono::nanoseconds(kEveryNs), [] { return false; });
  } while (!stop.stop_requested());
}

// If the list cannot be read, the previous figures remain until the next look.
void UnlistedLook::look() {
  try {
    const Unlisted found = find_unlisted(data_, Segments::read(data_));
    files_.store(found.files, std::memory_order_relaxed);
    bytes_.store(found.bytes, std::memory_order_relaxed);
  } catch (const Error& error) {
    log_warning("store", std::string("cannot look for files that are not part of the store: ") + error.what());
  }
}

}  // namespace weir
