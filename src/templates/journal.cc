// SPDX-License-Identifier: Apache-2.0
#include "templates/journal.h"

#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace weir {
namespace {

// file  := magic entry*
// entry := length u32 (of body), crc32 u32 (of body), body
// body  := kind u8, protocol u8, port u16, domain u32, exporter 16 octets, then by kind
//          1, 2: the template record as on the wire;  3: sampler id u64, rate u64;  4: milliseconds u64;
//          16: nothing;  17: template id u16 (0: all of the session)
// All numbers big-endian.
constexpr char kMagic[8] = {'W', 'E', 'I', 'R', 'T', 'P', 'L', '1'};
constexpr size_t kHeader = 8;
constexpr size_t kFixedBody = 24;
constexpr size_t kLongestBody = kFixedBody + 65'536;

template <class T>
void put(std::vector<uint8_t>& out, T value) {
  uint8_t bytes[sizeof(T)];
  store_be(bytes, value);
  out.insert(out.end(), bytes, bytes + sizeof(T));
}

uint32_t checksum(Bytes body) {
  return static_cast<uint32_t>(::crc32(0, body.data(), static_cast<unsigned>(body.size())));
}

void encode(const JournalEntry& entry, std::vector<uint8_t>& out) {
  size_t start = out.size();
  out.resize(start + kHeader);
  out.push_back(static_cast<uint8_t>(entry.kind));
  out.push_back(static_cast<uint8_t>(entry.session.protocol));
  put(out, entry.session.port);
  put(out, entry.session.domain);
  out.insert(out.end(), entry.session.exporter.bytes.begin(), entry.session.exporter.bytes.end());
  switch (entry.kind) {
    case JournalEntry::Kind::data_template:
    case JournalEntry::Kind::options_template:
      out.insert(out.end(), entry.template_wire.begin(), entry.template_wire.end());
      break;
    case JournalEntry::Kind::sampling:
      put(out, entry.sampling.sampler_id);
      put(out, entry.sampling.rate);
      break;
    case JournalEntry::Kind::system_init:
      put(out, entry.system_init_ms);
      break;
    case JournalEntry::Kind::restart:
      break;
    case JournalEntry::Kind::forgotten:
      put(out, entry.template_id);
      break;
  }
  Bytes body = Bytes(out).subspan(start + kHeader);
  store_be(out.data() + start, static_cast<uint32_t>(body.size()));
  store_be(out.data() + start + 4, checksum(body));
}

// What only one kind has. False for a kind of a later version, which is passed over.
bool decode_value(ByteReader& reader, JournalEntry& entry) {
  switch (entry.kind) {
    case JournalEntry::Kind::data_template:
    case JournalEntry::Kind::options_template: {
      Bytes wire = reader.take(reader.remaining());
      entry.template_wire.assign(wire.begin(), wire.end());
      return true;
    }
    case JournalEntry::Kind::sampling:
      entry.sampling.sampler_id = reader.u64();
      entry.sampling.rate = reader.u64();
      return !reader.failed();
    case JournalEntry::Kind::system_init:
      entry.system_init_ms = reader.u64();
      return !reader.failed();
    case JournalEntry::Kind::restart:
      return true;
    case JournalEntry::Kind::forgotten:
      entry.template_id = reader.u16();
      return !reader.failed();
  }
  return false;
}

bool decode(Bytes body, JournalEntry& entry) {
  ByteReader reader(body);
  uint8_t kind = reader.u8(), protocol = reader.u8();
  if (protocol >= kProtocolCount) return false;
  entry.kind = static_cast<JournalEntry::Kind>(kind);
  entry.session.protocol = static_cast<Protocol>(protocol);
  entry.session.port = reader.u16();
  entry.session.domain = reader.u32();
  Bytes exporter = reader.take(16);
  if (reader.failed()) return false;
  entry.session.exporter = IpAddress::v6(exporter.data());
  return decode_value(reader, entry);
}

}  // namespace

Journal::Journal(std::string path, const std::function<void(const JournalEntry&)>& replay) : path_(std::move(path)) {
  file_ = os::open_append(path_);
  std::vector<uint8_t> bytes = os::read_file(path_);
  if (!bytes.empty() && (bytes.size() < sizeof kMagic || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0))
    throw usage_error(path_ + " is not a template journal of this version; move it away to start without it");
  if (bytes.empty()) {
    if (int error = os::write_all(file_.fd(), kMagic, sizeof kMagic))
      throw usage_error("cannot write to " + path_ + ": " + os::error_text(error));
    bytes_ = sizeof kMagic;
    return;
  }
  size_t at = sizeof kMagic;
  while (bytes.size() - at >= kHeader) {
    size_t length = load_be32(bytes.data() + at);
    if (length < kFixedBody || length > kLongestBody || length > bytes.size() - at - kHeader) break;
    Bytes body = Bytes(bytes).subspan(at + kHeader, length);
    JournalEntry entry;
    if (load_be32(bytes.data() + at + 4) != checksum(body)) break;
    if (decode(body, entry)) replay(entry);
    at += kHeader + length;
  }
  if (at != bytes.size() && ::ftruncate(file_.fd(), static_cast<off_t>(at)) != 0)
    throw usage_error("cannot cut the torn end off " + path_ + ": " + os::error_text(errno));
  bytes_ = at;
}

int Journal::append(const JournalEntry& entry) {
  scratch_.clear();
  encode(entry, scratch_);
  size_t written = 0;
  int error = os::write_all(file_.fd(), scratch_.data(), scratch_.size(), &written);
  // Half an entry would hide those after it.
  if (error && written > 0 && ::ftruncate(file_.fd(), static_cast<off_t>(bytes_)) != 0) return errno;
  if (!error) bytes_ += scratch_.size();
  return error;
}

int Journal::rewrite(const std::vector<JournalEntry>& entries) {
  std::vector<uint8_t> bytes(kMagic, kMagic + sizeof kMagic);
  for (const JournalEntry& entry : entries) encode(entry, bytes);
  if (int error = os::replace_file(path_, bytes)) return error;
  try {
    file_ = os::open_append(path_);
  } catch (const Error&) {
    return EIO;  // workers end up here too: nothing may be thrown
  }
  bytes_ = bytes.size();
  return 0;
}

}  // namespace weir
