// SPDX-License-Identifier: Apache-2.0
#include "templates/journal_entry.h"

#include <zlib.h>

namespace weir {
namespace {

// file  := magic entry*
// entry := length u32 (of body), crc32 u32 (of body), body
// body  := kind u8, protocol u8, port u16, domain u32, exporter 16 octets, transport u8, connection u32, then by kind
//          (in version 1 without transport and connection)
//          1, 2: the template record as on the wire (data, options)
//          3: sampler id u64, rate u64;  4: milliseconds u64;  5: ifIndex u64, rate u64
//          6, 7, 8: ifIndex, VRF id or application id u64, name
//          9, 10, 11, 12: template id, line card, observation point or domain u64, rate u64
//          13: 0 u64, the application as text, a zero octet, its name
//          16: nothing;  17: template id u16 (0: all of the session)
// All numbers big-endian.
constexpr size_t kHeader = 8;
constexpr size_t kFixedBody = 29;
constexpr size_t kFixedBodyOfVersion1 = 24;
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
constexpr auto kLastFact = static_cast<uint8_t>(OptionsFact::Kind::long_application);
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

// Decodes what is specific to a kind. False for a kind of a later version, which is skipped.
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

bool decode(Bytes body, int version, JournalEntry& entry) {
  ByteReader reader(body);
  uint8_t kind = reader.u8(), protocol = reader.u8();
  if (protocol >= kProtocolCount) return false;
  entry.session.protocol = static_cast<Protocol>(protocol);
  entry.session.port = reader.u16();
  entry.session.domain = reader.u32();
  Bytes exporter = reader.take(16);
  uint8_t transport = version > 1 ? reader.u8() : 0;
  if (version > 1) entry.session.connection = reader.u32();
  if (reader.failed() || transport >= kTransportCount) return false;
  entry.session.exporter = IpAddress::v6(exporter.data());
  entry.session.transport = static_cast<Transport>(transport);
  return decode_value(kind, reader, entry);
}

// While searching for the next entry: whether this could be one, before its checksum is computed.
bool looks_like_a_body(Bytes body) {
  const uint8_t kind = body[0];
  const bool is_known = (kind >= kDataTemplate && kind <= kLastFact) || kind == kRestart || kind == kForgotten;
  return is_known && body[1] < kProtocolCount && has_templates(static_cast<Protocol>(body[1]));
}

bool is_whole(Bytes bytes, size_t length) {
  return length > 0 && load_be32(bytes.data() + 4) == checksum(bytes.subspan(kHeader, length));
}

}  // namespace

void encode_entry(const JournalEntry& entry, std::vector<uint8_t>& out) {
  size_t start = out.size();
  out.resize(start + kHeader);
  out.push_back(kind_of(entry));
  out.push_back(static_cast<uint8_t>(entry.session.protocol));
  put(out, entry.session.port);
  put(out, entry.session.domain);
  out.insert(out.end(), entry.session.exporter.bytes.begin(), entry.session.exporter.bytes.end());
  out.push_back(static_cast<uint8_t>(entry.session.transport));
  put(out, entry.session.connection);
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

void put_entry(Bytes body, std::vector<uint8_t>& out) {
  put(out, static_cast<uint32_t>(body.size()));
  put(out, checksum(body));
  out.insert(out.end(), body.begin(), body.end());
}

// The length given in the header, if it is possible and the entry ends within `bytes`; else 0.
size_t JournalParser::body_length(Bytes bytes) const {
  if (bytes.size() < kHeader) return 0;
  const size_t length = load_be32(bytes.data()), smallest = version_ > 1 ? kFixedBody : kFixedBodyOfVersion1;
  return length >= smallest && length <= kLongestBody && length <= bytes.size() - kHeader ? length : 0;
}

// The octets of the entry with its header, or 0 if `bytes` does not begin with a whole entry.
size_t JournalParser::whole_entry(Bytes bytes) {
  const size_t length = body_length(bytes);
  if (length == 0) return 0;
  if (skipped_ > 0) {
    if (!looks_like_a_body(bytes.subspan(kHeader, length)) || search_octets_left_ < length) return 0;
    search_octets_left_ -= length;
  }
  return is_whole(bytes, length) ? kHeader + length : 0;
}

// How far to advance past something that is not a whole entry. Most likely its header is right and its body is not:
// then the next entry follows it. The inside of a damaged body (names that an exporter chose) is searched only if none
// does.
size_t JournalParser::step_over(Bytes bytes, bool is_last) {
  const size_t length = skipped_ == 0 ? body_length(bytes) : 0;
  if (length == 0) return 1;
  const Bytes after = bytes.subspan(kHeader + length);
  const bool ends_here = is_last && after.empty();
  return ends_here || is_whole(after, body_length(after)) ? kHeader + length : 1;
}

size_t JournalParser::parse(Bytes window, bool is_last) {
  static_assert(kMinWindow >= 2 * (kHeader + kLongestBody));
  size_t at = 0;
  while (at < window.size() && (is_last || window.size() - at >= kMinWindow)) {
    const Bytes rest = window.subspan(at);
    const size_t octets = whole_entry(rest);
    if (octets == 0) {
      const size_t step = step_over(rest, is_last);
      skipped_ += step;
      at += step;
      continue;
    }
    if (skipped_ > 0) ++damaged_places_, damaged_octets_ += skipped_;
    skipped_ = 0;
    JournalEntry entry;
    if (decode(rest.subspan(kHeader, octets - kHeader), version_, entry)) visit_(entry);
    at += octets;
  }
  return at;
}

}  // namespace weir
