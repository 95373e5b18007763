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
//          1, 2: the template record as on the wire (data, options)
//          3: sampler id u64, rate u64;  4: milliseconds u64;  5: ifIndex u64, rate u64
//          6, 7, 8: ifIndex, VRF id or application id u64, name
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

// Kinds of entries; between them are those of OptionsFact::Kind.
enum : uint8_t { kDataTemplate = 1, kOptionsTemplate = 2, kRestart = 16, kForgotten = 17 };
constexpr auto kFirstFact = static_cast<uint8_t>(OptionsFact::Kind::sampler_rate);
constexpr auto kLastFact = static_cast<uint8_t>(OptionsFact::Kind::application_name);
static_assert(kOptionsTemplate < kFirstFact && kLastFact < kRestart);

uint8_t kind_of(const JournalEntry& entry) {
  switch (entry.kind) {
    case JournalEntry::Kind::template_record:
      return entry.template_kind == TemplateKind::data ? kDataTemplate : kOptionsTemplate;
    case JournalEntry::Kind::fact:
      return static_cast<uint8_t>(entry.fact.kind);
    case JournalEntry::Kind::restart:
      return kRestart;
    case JournalEntry::Kind::forgotten:
      return kForgotten;
  }
  return 0;
}

void encode_fact(const OptionsFact& fact, std::vector<uint8_t>& out) {
  if (fact.kind != OptionsFact::Kind::system_init) put(out, fact.key);
  if (is_name(fact.kind))
    out.insert(out.end(), fact.text.begin(), fact.text.end());
  else
    put(out, fact.value);
}

void encode(const JournalEntry& entry, std::vector<uint8_t>& out) {
  size_t start = out.size();
  out.resize(start + kHeader);
  out.push_back(kind_of(entry));
  out.push_back(static_cast<uint8_t>(entry.session.protocol));
  put(out, entry.session.port);
  put(out, entry.session.domain);
  out.insert(out.end(), entry.session.exporter.bytes.begin(), entry.session.exporter.bytes.end());
  switch (entry.kind) {
    case JournalEntry::Kind::template_record:
      out.insert(out.end(), entry.template_wire.begin(), entry.template_wire.end());
      break;
    case JournalEntry::Kind::fact:
      encode_fact(entry.fact, out);
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

bool decode_fact(uint8_t kind, ByteReader& reader, OptionsFact& fact) {
  fact.kind = static_cast<OptionsFact::Kind>(kind);
  if (fact.kind != OptionsFact::Kind::system_init) fact.key = reader.u64();
  if (is_name(fact.kind)) {
    Bytes text = reader.take(reader.remaining());
    fact.text = {reinterpret_cast<const char*>(text.data()), text.size()};
  } else {
    fact.value = reader.u64();
  }
  return !reader.failed();
}

// What only one kind has. False for a kind of a later version, which is passed over.
bool decode_value(uint8_t kind, ByteReader& reader, JournalEntry& entry) {
  if (kind == kDataTemplate || kind == kOptionsTemplate) {
    entry.kind = JournalEntry::Kind::template_record;
    entry.template_kind = kind == kDataTemplate ? TemplateKind::data : TemplateKind::options;
    entry.template_wire = reader.take(reader.remaining());
    return !entry.template_wire.empty();
  }
  if (kind >= kFirstFact && kind <= kLastFact) {
    entry.kind = JournalEntry::Kind::fact;
    return decode_fact(kind, reader, entry.fact);
  }
  if (kind != kRestart && kind != kForgotten) return false;
  entry.kind = kind == kRestart ? JournalEntry::Kind::restart : JournalEntry::Kind::forgotten;
  if (kind == kForgotten) entry.template_id = reader.u16();
  return !reader.failed();
}

bool decode(Bytes body, JournalEntry& entry) {
  ByteReader reader(body);
  uint8_t kind = reader.u8(), protocol = reader.u8();
  if (protocol >= kProtocolCount) return false;
  entry.session.protocol = static_cast<Protocol>(protocol);
  entry.session.port = reader.u16();
  entry.session.domain = reader.u32();
  Bytes exporter = reader.take(16);
  if (reader.failed()) return false;
  entry.session.exporter = IpAddress::v6(exporter.data());
  return decode_value(kind, reader, entry);
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
