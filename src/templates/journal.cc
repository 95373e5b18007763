// SPDX-License-Identifier: Apache-2.0
#include "templates/journal.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/log.h"
#include "os/folder.h"

namespace weir {

static constexpr size_t kMagicBytes = kJournalMagicBytes;
static const std::string kMagic = std::string(kJournalMagic) + std::to_string(kJournalVersion);
static constexpr size_t kWindow = 1u << 20;  // octets of the file that are read or written at a time
static_assert(kWindow >= JournalParser::kMinWindow);

// The type is checked before opening: the path might be a FIFO, and opening one for writing waits for a reader forever.
Journal::Journal(std::string path) : path_(std::move(path)) {
  if (os::exists(path_) && !os::is_regular_file(path_))
    throw usage_error(path_ + " is not a regular file, so it cannot be the template journal; move it away");
  os::remove_file(temporary());  // left by a rewrite that a crash interrupted
  open();
}

Journal::~Journal() { write(); }

void Journal::open() {
  file_ = os::open_append(path_);
  bytes_ = os::file_size(file_);
  if (bytes_ > 0 && bytes_ < kMagicBytes) {
    log_warning("templates", path_ + " ends within its first " + std::to_string(kMagicBytes) +
                                 " octets, as a crash leaves it; a new one is started");
    if (::ftruncate(file_.fd(), 0) != 0) throw usage_error("cannot truncate " + path_ + ": " + os::error_text(errno));
    bytes_ = 0;
  }
  if (bytes_ > 0) {
    version_ = version_of(os::first_bytes(path_, kMagicBytes));
    return;
  }
  if (int error = os::write_all(file_.fd(), kMagic.data(), kMagicBytes))
    throw usage_error("cannot write to " + path_ + ": " + os::error_text(error));
  os::sync_folder(os::parent_folder(path_));
  bytes_ = kMagicBytes;
}

int Journal::version_of(const std::string& magic) const {
  const int version = magic.back() - '0';
  if (!magic.starts_with(kJournalMagic) || version < 1 || version > 9)
    throw usage_error(path_ + " is not a template journal; move it away to start without it");
  if (version > kJournalVersion)
    throw usage_error(path_ + " was written by a newer weir (journal version " + std::to_string(version) +
                      ", this weir knows " + std::to_string(kJournalVersion) +
                      "); use that weir, or move it away to start without it");
  return version;
}

Journal::Read Journal::read(const Visit& visit, const std::function<bool(uint64_t, uint64_t)>& goes_on) {
  int error = 0;
  os::File file = os::open_read(path_, error);
  if (error) throw usage_error("cannot open " + path_ + ": " + os::error_text(error));
  JournalParser parser(visit, version_);
  std::string window;
  for (uint64_t offset = kMagicBytes; offset < bytes_;) {
    const size_t wanted = std::min<uint64_t>(kWindow, bytes_ - offset);
    const std::string more = os::bytes_at(file, offset, wanted);
    if (more.size() < wanted) throw usage_error("cannot read " + path_ + " at octet " + std::to_string(offset));
    window += more;
    offset += wanted;
    window.erase(0, parser.parse({reinterpret_cast<const uint8_t*>(window.data()), window.size()}, offset == bytes_));
    if (!goes_on(offset, bytes_)) return {.stopped = true};
  }
  const uint64_t left = parser.octets_left();
  if (left > 0 && ::ftruncate(file_.fd(), static_cast<off_t>(bytes_ - left)) != 0)
    throw usage_error("cannot cut the torn end off " + path_ + ": " + os::error_text(errno));
  bytes_ -= left;
  return {false, parser.damaged_places(), parser.damaged_octets(), left};
}

int Journal::write() {
  if (appended_.empty()) return 0;
  size_t written = 0;
  int error = os::write_all(file_.fd(), appended_.data(), appended_.size(), &written);
  if (!error) bytes_ += appended_.size();
  appended_.clear();
  // Half an entry would hide the entries after it from an earlier version of weir.
  if (error && written > 0 && ::ftruncate(file_.fd(), static_cast<off_t>(bytes_)) != 0) return errno;
  return error;
}

int Journal::write_new(const std::function<void(const Visit&)>& produce, uint64_t& bytes) const {
  int error = 0;
  os::File file = os::create_data_file(temporary(), error);
  if (error) return error;
  std::vector<uint8_t> window(kMagic.begin(), kMagic.end());
  auto write = [&] {
    if (!error) error = os::write_all(file.fd(), window.data(), window.size());
    bytes += window.size();
    window.clear();
  };
  produce([&](const JournalEntry& entry) {
    if (!error) encode_entry(entry, window);
    if (window.size() >= kWindow) write();
  });
  write();
  return error ? error : os::sync(file);
}

int Journal::rewrite(const std::function<void(const Visit&)>& produce) {
  uint64_t bytes = 0;
  appended_.clear();
  int error = write_new(produce, bytes);
  if (!error) error = os::rename_file(temporary(), path_);
  if (error) {
    os::remove_file(temporary());
    return error;
  }
  os::sync_folder(os::parent_folder(path_));
  try {
    file_ = os::open_append(path_);
  } catch (const Error&) {
    return EIO;  // worker threads get here too: nothing may be thrown
  }
  bytes_ = bytes;
  version_ = kJournalVersion;
  return 0;
}

}  // namespace weir
