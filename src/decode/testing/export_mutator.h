// SPDX-License-Identifier: Apache-2.0
// ExportMutator: structure-aware mutation for the fuzzers of NetFlow v9 and IPFIX. Random byte changes seldom produce a
// template and matching data. This class adds templates with meaningful elements, data sets for templates in the
// input, and lists and sections inside them, and changes the order of datagrams. Part of the mutations are libFuzzer's
// own, so that malformed input occurs too.
// Input: see fuzz_input.h.
#pragma once

#include <algorithm>
#include <functional>
#include <random>
#include <vector>

#include "base/bytes.h"
#include "decode/testing/fuzz_input.h"
#include "wire/template_record.h"

namespace weir {

class ExportMutator {
 public:
  // Changes `size` bytes at random in a buffer of `limit` bytes; returns the new size.
  using MutateBytes = std::function<size_t(uint8_t* data, size_t size, size_t limit)>;

  ExportMutator(Protocol protocol, uint32_t seed, MutateBytes mutate_bytes)
      : protocol_(protocol), random_(seed), mutate_bytes_(std::move(mutate_bytes)) {}

  std::vector<uint8_t> mutate(Bytes input, size_t limit) {
    if (chance(8)) {
      std::vector<uint8_t> out(input.begin(), input.end());
      out.resize(limit);
      out.resize(mutate_bytes_(out.data(), std::min(input.size(), limit), limit));
      return out;
    }
    split(input);
    if (packets_.empty()) add_packet();
    for (int changes = 1 + below(3); changes > 0; --changes) change();
    return join(limit);
  }

 private:
  struct Packet {
    uint8_t sender = 0;
    std::vector<uint8_t> bytes;
  };
  static constexpr size_t kMaxPackets = 64, kMaxBytes = 4096, kSetHeader = 4;

  unsigned below(unsigned n) { return n ? static_cast<unsigned>(random_()) % n : 0; }
  bool chance(unsigned one_in) { return below(one_in) == 0; }
  bool ipfix() const { return protocol_ == Protocol::ipfix; }
  size_t header() const { return ipfix() ? 16 : 20; }

  void split(Bytes input) {
    packets_.clear();
    for_each_datagram(input, [&](uint8_t sender, Bytes datagram) {
      if (packets_.size() < kMaxPackets) packets_.push_back({sender, {datagram.begin(), datagram.end()}});
    });
  }

  std::vector<uint8_t> join(size_t limit) {
    std::vector<uint8_t> out;
    for (const Packet& packet : packets_) {
      if (out.size() + 3 + packet.bytes.size() > limit) break;
      put16(out, static_cast<uint16_t>(packet.bytes.size()));
      out.push_back(packet.sender);
      out.insert(out.end(), packet.bytes.begin(), packet.bytes.end());
    }
    return out;
  }

  void change() {
    Packet& packet = packets_[below(static_cast<unsigned>(packets_.size()))];
    switch (below(10)) {
      case 0:
        return add_packet();
      case 1:
      case 2:
        return add_template(packet);
      case 3:
      case 4:
      case 5:
        return add_data(packet);
      case 6:
        return change_order();
      case 7:
        return change_header(packet);
      case 8:
        packet.sender = static_cast<uint8_t>(below(256));
        return;
      default:
        return change_bytes(packet);
    }
  }

  void add_packet() {
    if (packets_.size() >= kMaxPackets) return;
    Packet packet;
    packet.sender = static_cast<uint8_t>(below(8));
    packet.bytes.resize(header());
    store_be(packet.bytes.data(), static_cast<uint16_t>(ipfix() ? 10 : 9));
    set_length(packet);
    packets_.push_back(std::move(packet));
    change_header(packets_.back());
    add_template(packets_.back());
  }

  // A datagram that is sent again, late, or not at all.
  void change_order() {
    unsigned n = static_cast<unsigned>(packets_.size()), from = below(n), to = below(n);
    if (chance(3) && n > 1)
      packets_.erase(packets_.begin() + from);
    else if (chance(2) && n < kMaxPackets)
      packets_.insert(packets_.begin() + to, Packet(packets_[from]));
    else
      std::swap(packets_[from], packets_[to]);
  }

  // Clocks and sequence numbers that advance, stand still or go back.
  void change_header(Packet& packet) {
    if (packet.bytes.size() < header()) return;
    static constexpr uint32_t kNumbers[] = {0, 1, 2, 30, 1'000, 11'000, 3'600'000, 0x7fff'ffff, 0xffff'ffff};
    size_t at = 4 + 4 * below(static_cast<unsigned>(header() / 4) - 1);
    uint32_t number = load_be32(&packet.bytes[at]);
    uint32_t step = kNumbers[below(std::size(kNumbers))];
    bool domain = at + 4 == header();
    store_be(&packet.bytes[at], domain ? uint32_t{below(2)} : chance(2) ? number + step : step);
  }

  void change_bytes(Packet& packet) {
    size_t size = packet.bytes.size();
    packet.bytes.resize(size + 16);
    packet.bytes.resize(mutate_bytes_(packet.bytes.data(), size, packet.bytes.size()));
  }

  void add_template(Packet& packet) {
    bool options = chance(4);
    std::vector<FieldSpecifier> fields;
    for (unsigned n = 1 + below(10); n > 0; --n) fields.push_back(field());
    std::vector<uint8_t> body;
    put16(body, template_id());
    uint16_t scopes = static_cast<uint16_t>(options ? 1 + below(static_cast<unsigned>(fields.size())) : 0);
    if (options && !ipfix()) {  // RFC 3954 §6.1: lengths of the scope and of the options, in octets
      put16(body, static_cast<uint16_t>(scopes * 4));
      put16(body, static_cast<uint16_t>((fields.size() - scopes) * 4));
    } else {
      put16(body, static_cast<uint16_t>(fields.size()));
      if (options) put16(body, scopes);
    }
    for (size_t i = 0; i < fields.size(); ++i) {
      if (!ipfix() && i < scopes) fields[i].id = static_cast<uint16_t>(1 + below(5));
      put16(body, static_cast<uint16_t>(fields[i].id | (ipfix() && fields[i].pen ? 0x8000 : 0)));
      put16(body, fields[i].length);
      if (ipfix() && fields[i].pen) put32(body, fields[i].pen);
    }
    add_set(packet, static_cast<uint16_t>((ipfix() ? 2 : 0) + options), body);
  }

  // Elements that fill fields, name samplers and interfaces, or contain lists and sections, with the lengths of their
  // types; occasionally any element with any length.
  FieldSpecifier field() {
    static constexpr FieldSpecifier kKnown[] = {
        {0, 1, 8},        {0, 1, 4},        {0, 2, 8},        {0, 4, 1},        {0, 5, 1},        {0, 6, 2},
        {0, 7, 2},        {0, 8, 4},        {0, 9, 1},        {0, 10, 4},       {0, 10, 2},       {0, 11, 2},
        {0, 12, 4},       {0, 13, 1},       {0, 14, 4},       {0, 15, 4},       {0, 16, 4},       {0, 18, 4},
        {0, 21, 4},       {0, 22, 4},       {0, 23, 8},       {0, 27, 16},      {0, 28, 16},      {0, 29, 1},
        {0, 30, 1},       {0, 31, 3},       {0, 32, 2},       {0, 34, 4},       {0, 35, 1},       {0, 48, 1},
        {0, 50, 4},       {0, 56, 6},       {0, 58, 2},       {0, 60, 1},       {0, 61, 1},       {0, 62, 16},
        {0, 70, 3},       {0, 71, 3},       {0, 80, 6},       {0, 82, 0xffff},  {0, 83, 16},      {0, 85, 8},
        {0, 95, 4},       {0, 96, 0xffff},  {0, 104, 0xffff}, {0, 136, 1},      {0, 139, 2},      {0, 148, 8},
        {0, 150, 4},      {0, 151, 4},      {0, 152, 8},      {0, 153, 8},      {0, 154, 8},      {0, 155, 8},
        {0, 156, 8},      {0, 157, 8},      {0, 158, 4},      {0, 159, 4},      {0, 160, 8},      {0, 161, 4},
        {0, 176, 1},      {0, 197, 1},      {0, 225, 4},      {0, 230, 1},      {0, 231, 8},      {0, 234, 4},
        {0, 235, 4},      {0, 236, 0xffff}, {0, 256, 2},      {0, 281, 16},     {0, 291, 0xffff}, {0, 292, 0xffff},
        {0, 293, 0xffff}, {0, 302, 8},      {0, 304, 2},      {0, 305, 4},      {0, 306, 4},      {0, 309, 4},
        {0, 310, 4},      {0, 312, 2},      {0, 313, 0xffff}, {0, 315, 0xffff}, {0, 323, 8},      {0, 361, 2},
        {0, 484, 0xffff}, {29305, 1, 8},    {29305, 2, 4}};
    FieldSpecifier chosen = kKnown[below(std::size(kKnown))];
    if (chance(16)) chosen.id = static_cast<uint16_t>(1 + below(500));
    if (chance(16)) chosen.length = static_cast<uint16_t>(chance(4) ? 0xffff : below(20));
    return chosen;
  }

  // Data for a template somewhere in the input, or for a missing one.
  void add_data(Packet& packet) {
    std::vector<TemplateRecord> known = templates();
    if (known.empty() || chance(16)) return add_set(packet, template_id(), random_bytes(below(80)));
    const TemplateRecord& layout = known[below(static_cast<unsigned>(known.size()))];
    std::vector<uint8_t> body;
    for (unsigned records = 1 + below(4); records > 0 && body.size() < 1'000; --records)
      for (const FieldSpecifier& f : layout.fields) append(body, value(f, known));
    if (chance(4)) body.resize(body.size() + below(5));  // padding, or too much of it
    add_set(packet, layout.id, body);
  }

  std::vector<uint8_t> value(const FieldSpecifier& f, const std::vector<TemplateRecord>& known) {
    if (f.length != kVariableLength) return random_bytes(std::min<size_t>(f.length, 256));
    std::vector<uint8_t> content = f.pen == 0 ? list(f.id, known) : std::vector<uint8_t>{};
    if (content.empty()) content = random_bytes(chance(20) ? below(400) : below(24));
    std::vector<uint8_t> out;
    if (content.size() < 255 && !chance(8)) {
      out.push_back(static_cast<uint8_t>(content.size()));
    } else {
      out.push_back(255);
      put16(out, static_cast<uint16_t>(content.size()));
    }
    append(out, content);
    return out;
  }

  // RFC 6313 §4.5: basicList: semantic, field specifier, values. subTemplateList: semantic, template, records.
  // subTemplateMultiList: semantic, then for each template its id, a length including this header, and records.
  std::vector<uint8_t> list(uint16_t element, const std::vector<TemplateRecord>& known) {
    std::vector<uint8_t> out;
    if ((element < 291 || element > 293) && element != 484) return out;
    out.push_back(static_cast<uint8_t>(chance(4) ? below(256) : 255));
    if (element == 291 || element == 484) {
      FieldSpecifier f = element == 484 ? FieldSpecifier{0, 483, 4} : field();
      put16(out, static_cast<uint16_t>(f.id | (f.pen ? 0x8000 : 0)));
      put16(out, f.length);
      if (f.pen) put32(out, f.pen);
      append(out, random_bytes(below(4) * (f.length == kVariableLength ? 5u : f.length)));
      return out;
    }
    if (known.empty()) return {};
    const TemplateRecord& layout = known[below(static_cast<unsigned>(known.size()))];
    std::vector<uint8_t> records;
    for (unsigned n = below(3); n > 0; --n)
      for (const FieldSpecifier& f : layout.fields)
        append(records, f.length == kVariableLength ? std::vector<uint8_t>{0} : random_bytes(f.length));
    put16(out, layout.id);
    if (element == 293) put16(out, static_cast<uint16_t>(records.size() + 4));
    append(out, records);
    return out;
  }

  // The templates that the input's datagrams define.
  std::vector<TemplateRecord> templates() const {
    std::vector<TemplateRecord> found;
    for (const Packet& packet : packets_) {
      Bytes sets(packet.bytes);
      if (sets.size() < header()) continue;
      sets = sets.subspan(header());
      while (sets.size() >= kSetHeader) {
        size_t length = load_be16(sets.data() + 2);
        uint16_t id = load_be16(sets.data());
        if (length < kSetHeader || length > sets.size()) break;
        unsigned kind = id - (ipfix() ? 2u : 0u);
        if (kind <= 1) read_set(sets.subspan(kSetHeader, length - kSetHeader), kind == 1, found);
        sets = sets.subspan(length);
      }
    }
    return found;
  }

  void read_set(Bytes body, bool options, std::vector<TemplateRecord>& found) const {
    ByteReader reader(body);
    for (;;) {
      TemplateRecord record;
      auto result = read_template(reader, protocol_, options ? TemplateKind::options : TemplateKind::data, record);
      if (result.read == TemplateRead::ok && !record.is_withdrawal()) found.push_back(std::move(record));
      if (result.read == TemplateRead::padding || result.read == TemplateRead::broken) return;
    }
  }

  void add_set(Packet& packet, uint16_t id, const std::vector<uint8_t>& body) {
    if (packet.bytes.size() < header()) packet.bytes.resize(header());
    if (packet.bytes.size() + kSetHeader + body.size() > kMaxBytes) return;
    std::vector<uint8_t> set;
    put16(set, id);
    put16(set, static_cast<uint16_t>(kSetHeader + body.size()));
    append(set, body);
    packet.bytes.insert(chance(4) ? packet.bytes.begin() + static_cast<ptrdiff_t>(header()) : packet.bytes.end(),
                        set.begin(), set.end());
    set_length(packet);
  }

  void set_length(Packet& packet) const {
    if (ipfix()) store_be(packet.bytes.data() + 2, static_cast<uint16_t>(packet.bytes.size()));
  }

  uint16_t template_id() { return static_cast<uint16_t>(256 + below(4)); }

  // Small numbers as often as large ones.
  std::vector<uint8_t> random_bytes(size_t count) {
    std::vector<uint8_t> out(count);
    bool small = chance(2);
    for (uint8_t& byte : out) byte = static_cast<uint8_t>(small ? below(4) == 0 ? below(8) : 0 : below(256));
    return out;
  }

  static void append(std::vector<uint8_t>& out, const std::vector<uint8_t>& more) {
    out.insert(out.end(), more.begin(), more.end());
  }
  static void put16(std::vector<uint8_t>& out, uint16_t value) {
    out.push_back(static_cast<uint8_t>(value >> 8));
    out.push_back(static_cast<uint8_t>(value));
  }
  static void put32(std::vector<uint8_t>& out, uint32_t value) {
    put16(out, static_cast<uint16_t>(value >> 16));
    put16(out, static_cast<uint16_t>(value));
  }

  Protocol protocol_;
  std::minstd_rand random_;
  MutateBytes mutate_bytes_;
  std::vector<Packet> packets_;
};

// For LLVMFuzzerCustomMutator: replaces the input with the mutation; returns its size.
inline size_t mutate_export(Protocol protocol, uint8_t* data, size_t size, size_t limit, uint32_t seed,
                            ExportMutator::MutateBytes mutate_bytes) {
  std::vector<uint8_t> mutated = ExportMutator(protocol, seed, std::move(mutate_bytes)).mutate({data, size}, limit);
  std::ranges::copy(mutated, data);
  return mutated.size();
}

}  // namespace weir
