// SPDX-License-Identifier: Apache-2.0
// PlainDecoder: a second decoder for NetFlow v9 and IPFIX, written to be simple instead of fast: no plans, no columns,
// no strides; one record at a time, one field after the other, values in a map. For any datagrams of a stream, Decoder
// must produce the same records. For tests and fuzzers.
//
// It shares the reading of template records (template_record.h) and the table of elements (elements.h) with Decoder. It
// implements independently how sets are walked, which of several elements fills a field, and how bytes become values.
//
// It decodes one stream: one exporter, port and domain, whose datagrams arrive in order, once each.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "decode/testing/plain_counters.h"
#include "decode/testing/plain_record.h"
#include "decode/testing/plain_times.h"
#include "elements/elements.h"
#include "flow/batch.h"
#include "wire/template_record.h"

namespace weir {

class PlainDecoder {
 public:
  explicit PlainDecoder(Protocol protocol) : ipfix_(protocol == Protocol::ipfix), protocol_(protocol) {}

  // The records of the datagram, and those that waited for a template in it, in the order in which Decoder emits them.
  std::vector<PlainRecord> decode(Bytes datagram) {
    records_.clear();
    size_t header = ipfix_ ? 16 : 20;
    if (datagram.size() >= header) read_sets(datagram, header);
    return std::move(records_);
  }

 private:
  struct Header {
    int64_t export_ns = 0;
    uint32_t uptime_ms = 0;
    size_t message = 0;     // number of the message
    uint64_t boot_ms = 0;   // from the record (IE 160); 0: not given
    bool has_boot = false;  // the record has such an element
  };
  // A template, and how often the layout of its id has changed.
  struct Layout {
    TemplateRecord record;
    size_t changes = 0;
  };
  using Layouts = std::map<uint16_t, Layout>;
  // A data set that came before its template. Its lists are read with the templates known when it was sent.
  struct Held {
    Header header;
    std::vector<uint8_t> body;
    Layouts layouts;
  };
  // A field of a record: its specifier and its bytes.
  struct Value {
    FieldSpecifier specifier;
    Bytes bytes;
  };
  using Values = std::vector<Value>;

  void read_sets(Bytes datagram, size_t header) {
    Header h;
    h.message = ++messages_;
    data_sets_.clear();
    const uint8_t* p = datagram.data();
    h.export_ns = int64_t{load_be32(p + (ipfix_ ? 4 : 8))} * 1'000'000'000;
    if (!ipfix_) h.uptime_ms = load_be32(p + 4);
    size_t end = datagram.size();
    if (ipfix_) end = std::clamp<size_t>(load_be16(p + 2), header, end);
    ByteReader sets(datagram.subspan(header, end - header));
    while (sets.remaining() >= 4) {
      uint16_t id = sets.u16(), length = sets.u16();
      if (length < 4 || length - 4u > sets.remaining()) return;
      read_set(h, id, sets.take(length - 4u));
    }
  }

  void read_set(const Header& h, uint16_t id, Bytes body) {
    uint16_t templates = ipfix_ ? 2 : 0;
    if (id == templates || id == templates + 1)
      read_templates(id == templates ? TemplateKind::data : TemplateKind::options, body);
    else if (id >= 256 && layouts_.contains(id))
      read_data(h, layouts_[id].record, body, layouts_);
    else if (id >= 256)
      held_[id].push_back({h, {body.begin(), body.end()}, layouts_});
    if (id >= 256) data_sets_.insert(id);
  }

  void read_templates(TemplateKind kind, Bytes body) {
    ByteReader reader(body);
    for (;;) {
      TemplateRecord record;
      TemplateReadResult result = read_template(reader, protocol_, kind, record);
      if (result.read == TemplateRead::ok && !record.is_withdrawal()) install(record);
      if (result.read == TemplateRead::padding || result.read == TemplateRead::broken) return;
    }
  }

  // The first layout of an id also reads what was sent before it. A later layout also reads what precedes it in its
  // message, if no data set of that id precedes it.
  void install(const TemplateRecord& record) {
    auto [known, is_new] = layouts_.try_emplace(record.id, Layout{record});
    if (!is_new && (known->second.record.wire != record.wire || known->second.record.kind != record.kind))
      known->second = {record, known->second.changes + 1};
    for (auto& [id, sets] : held_)
      for (Held& held : sets) {
        if (held.header.message == messages_ && !data_sets_.contains(record.id)) held.layouts.erase(record.id);
        held.layouts.try_emplace(record.id, known->second);
      }
    std::vector<Held> waiting = std::move(held_[record.id]);
    held_.erase(record.id);
    for (const Held& held : waiting) read_data(held.header, record, held.body, held.layouts);
  }

  // Reads records until the remaining octets are fewer than the shortest possible record.
  void read_data(const Header& h, const TemplateRecord layout, Bytes body, const Layouts& layouts) {
    size_t smallest = 0;
    for (const FieldSpecifier& f : layout.fields) smallest += f.length == kVariableLength ? 1 : f.length;
    while (body.size() >= smallest) {
      ByteReader reader(body);
      Values values;
      for (const FieldSpecifier& f : layout.fields) values.push_back(read_value(reader, f));
      if (reader.failed()) return;
      body = body.subspan(reader.position());
      if (layout.kind == TemplateKind::options)
        apply_options(values);
      else
        records_.push_back(read_record(h, layout, values, layouts));
    }
  }

  // Takes the first boot time that is not zero; zero if all of them are.
  void apply_options(const Values& values) {
    std::optional<uint64_t> announced;
    for (const Value& v : values)
      if (v.specifier.pen == 0 && v.specifier.id == 160 && v.specifier.length > 0 && v.bytes.size() <= 8 &&
          announced.value_or(0) == 0)
        announced = number(v);
    if (announced) announced_boot_ms_ = *announced;
  }

  // ---- one record

  static uint64_t number(Bytes bytes) { return load_be_any(bytes.data(), bytes.size()); }
  static uint64_t number(const Value& v) { return number(v.bytes); }
  static bool zero(Bytes bytes) {
    return std::ranges::all_of(bytes, [](uint8_t octet) { return octet == 0; });
  }

  struct Candidate {
    Element element;
    Value value;
  };

  // Elements of the record that may fill a field, in the record's order. If an element occurs twice only the first is
  // used, except for lists. Elements that build on another element are left out.
  static std::vector<Candidate> all_candidates(Field field, const Values& values) {
    std::vector<Candidate> found;
    for (const Value& v : values)
      for (const Element& e : elements_for(v.specifier.pen, v.specifier.id)) {
        if (e.field != field || builds_on_another(e.convert) || !width_fits(e, v.specifier.length)) continue;
        bool again = std::ranges::any_of(
            found, [&](const Candidate& c) { return c.element.pen == e.pen && c.element.id == e.id; });
        if (is_list(e.convert) || !again) found.push_back({e, v});
      }
    return found;
  }

  // The same, but only those of the best rank.
  static std::vector<Candidate> candidates(Field field, const Values& values) {
    std::vector<Candidate> found = all_candidates(field, values);
    uint8_t best = 255;
    for (const Candidate& c : found) best = std::min(best, c.element.rank);
    std::erase_if(found, [&](const Candidate& c) { return c.element.rank > best; });
    return found;
  }

  // The value of an element of a worse rank, for when the best rank gives none.
  static uint64_t otherwise(const FieldInfo& field, const Values& values) {
    std::vector<Candidate> found = all_candidates(field.field, values);
    std::ranges::sort(found, {}, [](const Candidate& c) { return std::pair(c.element.rank, c.value.bytes.data()); });
    for (const Candidate& c : found)
      if (means_unknown(c.element) && c.element.rank > found.front().element.rank && fitting(field, c) != 0)
        return fitting(field, c);
    return 0;
  }

  // The second time in a NAT record that has the same time element twice.
  static std::optional<Candidate> allocation_time(const Values& values) {
    std::map<uint16_t, int> times;
    bool nat =
        std::ranges::any_of(values, [](const Value& v) { return v.specifier.pen == 0 && v.specifier.id == 230; });
    for (const Value& v : values)
      for (const Element& e : elements_for(v.specifier.pen, v.specifier.id)) {
        if (!nat || v.specifier.pen != 0 || v.specifier.id < 322 || v.specifier.id > 325) continue;
        if (e.field != Field::time_flow_start_ns || !width_fits(e, v.specifier.length)) continue;
        if (++times[v.specifier.id] == 2) return Candidate{e, v};
      }
    return {};
  }

  static Header with_boot(Header h, const Values& values) {
    uint64_t announced = 0;
    h.has_boot = false;
    for (const Value& v : values)
      if (v.specifier.pen == 0 && v.specifier.id == 160 && v.specifier.length == 8 && !std::exchange(h.has_boot, true))
        announced = number(v);
    if (announced != 0) h.boot_ms = announced;
    return h;
  }

  PlainRecord read_record(const Header& header, const TemplateRecord& layout, const Values& values,
                          const Layouts& layouts) {
    const Header h = with_boot(header, values);
    PlainRecord record;
    describe(layout.fields, record);
    read_ethertype(values, record);
    for (const FieldInfo& field : kFields)
      if (field.field != Field::etype) read_field(h, values, field, record);
    read_icmp(values, record);
    read_durations(values, record.values, record.values);
    read_post_counters(values, record);
    for (const Value& v : values)
      for (uint16_t id : {104, 313, 315, 317}) record.has_packet |= v.specifier.pen == 0 && v.specifier.id == id;
    if (!record.has_packet) read_lists(h, values, layouts, record, 0);
    record.time_quality = plain_time_quality(h.export_ns, record);
    return record;
  }

  static void read_post_counters(const Values& values, PlainRecord& record) {
    plain_post_counters(record, [&](uint16_t id) {
      auto found = std::ranges::find_if(values, [&](const Value& v) {
        return v.specifier.pen == 0 && v.specifier.id == id && v.specifier.length > 0 && v.specifier.length <= 8;
      });
      return found == values.end() ? std::nullopt : std::optional(number(*found));
    });
  }

  static void describe(const std::vector<FieldSpecifier>& fields, PlainRecord& record) {
    for (const FieldSpecifier& f : fields) {
      if (f.pen) record.elements += std::to_string(f.pen) + "/";
      record.elements += std::to_string(f.id) + ":" + std::to_string(f.length) + " ";
    }
  }

  void read_field(const Header& h, const Values& values, const FieldInfo& field, PlainRecord& record) {
    if (field.field == Field::nat_allocation_time_ns) {
      if (std::optional<Candidate> second = allocation_time(values)) record.values[field.field] = *scalar(h, *second);
      return;
    }
    std::vector<Candidate> found = candidates(field.field, values);
    if (found.empty()) return;
    const Candidate& last = found.back();
    switch (field.column) {
      case Column::run:
      case Column::text:
        return;
      case Column::address:
        record.values[field.field] = address(found);
        return;
      case Column::list_u32:
      case Column::list_address:
        for (const Candidate& c : found) {
          const bool label = c.element.convert == Convert::list_label;
          if (label && number(c.value) >> (c.value.bytes.size() == 4 ? 8 : 0) == 0) break;
          append(c.element, c.value.bytes, record);
          if (label && c.value.bytes[2] & 1) break;
        }
        record.values.try_emplace(field.field, field.column == Column::list_u32 ? PlainValue(std::vector<uint32_t>{})
                                                                                : PlainValue(std::vector<IpAddress>{}));
        return;
      default:
        break;
    }
    if (last.element.convert == Convert::icmp) return;  // read_icmp()
    if (last.element.convert == Convert::number) {
      uint64_t value = merged(found, record, [&](const Candidate& c) { return fitting(field, c); });
      record.values[field.field] = value ? value : otherwise(field, values);
    } else if (std::optional<uint64_t> value = scalar(h, last))
      record.values[field.field] = *value & max_of(field);
  }

  // The largest value of the field's type.
  static uint64_t max_of(const FieldInfo& field) {
    size_t octets = column_width(field.column);
    return octets >= 8 ? ~0ull : (1ull << (8 * octets)) - 1;
  }
  static uint64_t fitting(const FieldInfo& field, const Candidate& c) {
    uint64_t v = c.value.bytes.size() > 8 ? 0 : number(c.value);
    return v > max_of(field) ? 0 : v;
  }

  // Each value that is not zero replaces the one before; an element for the other IP version replaces only a zero.
  template <class F>
  static uint64_t merged(const std::vector<Candidate>& found, const PlainRecord& record, F value) {
    auto etype = record.values.find(Field::etype);
    uint64_t result = 0;
    bool first = true;
    for (const Candidate& c : found) {
      uint64_t v = value(c);
      bool other = c.element.ip_version != 0 && etype != record.values.end() &&
                   std::get<uint64_t>(etype->second) != (c.element.ip_version == 4 ? 0x0800u : 0x86ddu);
      if (first || (v != 0 && (result == 0 || !other))) result = v;
      first = false;
    }
    return result;
  }

  std::optional<uint64_t> scalar(const Header& h, const Candidate& c) const {
    uint64_t v = number(c.value);
    switch (c.element.convert) {
      case Convert::fragment_flags:
        return v >> 5;
      case Convert::one:
        return 1;
      case Convert::time_s:
        return v * 1'000'000'000;
      case Convert::time_ms:
        return v * 1'000'000;
      case Convert::time_delta_us:
        return static_cast<uint64_t>(h.export_ns) - v * 1'000;
      case Convert::time_ntp:
        return plain_ntp_time(h.export_ns, v);
      case Convert::time_ntp_us:
        return plain_ntp_time(h.export_ns, v >> 11 << 11);
      case Convert::time_uptime:
        return from_uptime(h, static_cast<uint32_t>(v));
      default:
        return v;
    }
  }

  // v9 has the uptime in its header. IPFIX counts from the boot time given in the record or in options data.
  std::optional<uint64_t> from_uptime(const Header& h, uint32_t uptime) const {
    if (!ipfix_) {
      int64_t at = plain_nearest(uptime, h.uptime_ms);
      return static_cast<uint64_t>(h.export_ns + (at - int64_t{h.uptime_ms}) * 1'000'000);
    }
    const uint64_t init_ms = h.boot_ms != 0 ? h.boot_ms : announced_boot_ms_;
    if (init_ms == 0 && !h.has_boot) return {};
    auto init_ns = static_cast<int64_t>(init_ms * 1'000'000);
    auto age = static_cast<uint64_t>(h.export_ns) - static_cast<uint64_t>(init_ns);
    auto age_ms = static_cast<int64_t>(h.export_ns < init_ns ? 0 : age / 1'000'000);
    return static_cast<uint64_t>(init_ns) + static_cast<uint64_t>(plain_nearest(uptime, age_ms)) * 1'000'000;
  }

  // The last address that is not zero; if there is none, the first.
  static IpAddress address(const std::vector<Candidate>& found) {
    IpAddress chosen = address(found.front().value.bytes);
    for (const Candidate& c : found)
      if (!zero(c.value.bytes)) chosen = address(c.value.bytes);
    return chosen;
  }
  static bool is_v4(const Candidate& c) { return c.value.bytes.size() == 4; }
  static IpAddress address(Bytes bytes) {
    return bytes.size() == 4 ? IpAddress::v4(load_be32(bytes.data())) : IpAddress::v6(bytes.data());
  }

  // An element with both type and code is used if the record has no separate element for the type, or for the code.
  static void read_icmp(const Values& values, PlainRecord& record) {
    std::vector<Candidate> found = candidates(Field::icmp_type, values);
    if (found.empty() || found.back().element.convert != Convert::icmp) return;
    record.values[Field::icmp_type] =
        merged(found, record, [](const Candidate& c) { return number(c.value) >> 8 & 0xff; });
    if (candidates(Field::icmp_code, values).empty())
      record.values[Field::icmp_code] =
          merged(found, record, [](const Candidate& c) { return number(c.value) & 0xff; });
  }

  // In a list's record, an element with both type and code fills both fields or neither.
  static void drop_half_icmp(const Values& values, const PlainRecord& outer, PlainRecord& inner) {
    std::vector<Candidate> found = candidates(Field::icmp_type, values);
    bool together = !found.empty() && found.back().element.convert == Convert::icmp;
    if (!together || !(outer.values.contains(Field::icmp_type) || outer.values.contains(Field::icmp_code))) return;
    inner.values.erase(Field::icmp_type);
    inner.values.erase(Field::icmp_code);
  }

  // A duration determines a missing start or end from the other time. A record in a list may take that time from the
  // record around it; the duration is then applied to that.
  static void read_durations(const Values& values, const std::map<Field, PlainValue>& own,
                             std::map<Field, PlainValue>& known) {
    constexpr Field start = Field::time_flow_start_ns, end = Field::time_flow_end_ns;
    const bool has_start = !candidates(start, values).empty(), has_end = !candidates(end, values).empty();
    if (has_start == has_end || !own.contains(has_start ? start : end)) return;
    const Field missing = has_start ? end : start;
    if (known.contains(missing)) return;
    for (const Value& v : values) {
      for (const Element& e : elements_for(v.specifier.pen, v.specifier.id)) {
        if (!is_duration(e.convert) || !width_fits(e, v.specifier.length)) continue;
        uint64_t length = (number(v) & 0xffff'ffff) * (e.convert == Convert::duration_ms ? 1'000'000 : 1'000);
        known[missing] =
            missing == end ? std::get<uint64_t>(known[start]) + length : std::get<uint64_t>(known[end]) - length;
        return;
      }
    }
  }

  // The EtherType is given by ipVersion, if that is 4 or 6; else by the addresses: the first one's family, or that of a
  // second source or destination which is not zero; else by ethernetType.
  static void read_ethertype(const Values& values, PlainRecord& record) {
    std::vector<Candidate> said = candidates(Field::etype, values), ends;
    for (const Value& v : values)
      for (Field end : {Field::src_addr, Field::dst_addr})
        for (const Candidate& c : candidates(end, values))
          if (c.value.bytes.data() == v.bytes.data() && c.value.bytes.size() == v.bytes.size()) ends.push_back(c);
    bool by_version = !said.empty() && said.back().element.convert == Convert::ip_version;
    PlainValue& etype = record.values[Field::etype];
    if (!ends.empty()) {
      bool v4 = is_v4(ends.front()), has_source = false, has_destination = false;
      for (const Candidate& c : ends) {
        bool& again = c.element.field == Field::src_addr ? has_source : has_destination;
        if (again && !zero(c.value.bytes)) v4 = is_v4(c);
        again = true;
      }
      etype = uint64_t{v4 ? 0x0800u : 0x86ddu};
    } else if (!by_version && !said.empty()) {
      etype = fitting(info(Field::etype), said.back());
    } else if (said.empty()) {
      record.values.erase(Field::etype);
    }
    if (!by_version) return;
    uint64_t version = number(said.back().value);
    if (version == 4) etype = uint64_t{0x0800};
    if (version == 6) etype = uint64_t{0x86dd};
  }

  // ---- lists

  // Appends values from inside a list to a list of the record; an element without values does not create a list.
  static void add(const Element& element, Bytes bytes, PlainRecord& record) {
    bool known = record.values.contains(element.field);
    append(element, bytes, record);
    const PlainValue& list = record.values[element.field];
    const auto* numbers = std::get_if<std::vector<uint32_t>>(&list);
    const auto* addresses = std::get_if<std::vector<IpAddress>>(&list);
    bool empty = (numbers && numbers->empty()) || (addresses && addresses->empty());
    if (!known && empty) record.values.erase(element.field);
  }

  static void append(const Element& element, Bytes bytes, PlainRecord& record) {
    PlainValue& place = record.values[element.field];
    if (info(element.field).column == Column::list_address) {
      if (!std::holds_alternative<std::vector<IpAddress>>(place)) place = std::vector<IpAddress>{};
      auto& list = std::get<std::vector<IpAddress>>(place);
      size_t octets = element.convert == Convert::list_address4 ? 4 : 16;
      for (size_t at = 0; at + octets <= bytes.size(); at += octets)
        if (list.size() < limits::kListValues) list.push_back(address(bytes.subspan(at, octets)));
      return;
    }
    if (!std::holds_alternative<std::vector<uint32_t>>(place)) place = std::vector<uint32_t>{};
    auto& list = std::get<std::vector<uint32_t>>(place);
    for (uint32_t value : numbers(element.convert, bytes))
      if (list.size() < limits::kListValues) list.push_back(value);
  }

  // Label stack entry (RFC 3032 §2.1): label 20 bits, EXP 3, bottom of stack 1, TTL 8. IE 70 to 79 have no TTL.
  static std::vector<uint32_t> numbers(Convert convert, Bytes bytes) {
    if (convert == Convert::list_number) return {static_cast<uint32_t>(number(bytes))};
    if (convert == Convert::list_label) return {static_cast<uint32_t>(number(bytes) >> (bytes.size() == 4 ? 12 : 4))};
    std::vector<uint32_t> out;
    for (bool bottom = false; !bottom && bytes.size() >= 4; bytes = bytes.subspan(4)) {
      out.push_back(convert == Convert::list_stack_labels ? load_be32(bytes.data()) >> 12 : bytes[3]);
      bottom = bytes[2] & 1;
    }
    return out;
  }

  // Structured data (RFC 6313 §4.5). A malformed element ends its list.
  void read_lists(const Header& h, const Values& values, const Layouts& layouts, PlainRecord& record, size_t depth) {
    for (const Value& v : values) {
      ListKind kind = list_kind(v.specifier.pen, v.specifier.id);
      if (kind == ListKind::none || v.bytes.empty()) continue;
      if (depth >= limits::kListDepth) return;
      ByteReader list(v.bytes.subspan(1));
      if (kind == ListKind::basic || kind == ListKind::as_path) {
        read_basic_list(h, kind, list, record);
      } else if (kind == ListKind::sub_template) {
        uint16_t id = list.u16();
        if (!list.failed()) read_inner(h, id, list.take(list.remaining()), layouts, record, depth);
      } else {
        while (list.remaining() >= 4) {
          uint16_t id = list.u16(), length = list.u16();
          if (length < 4 || length - 4u > list.remaining()) break;
          read_inner(h, id, list.take(length - 4u), layouts, record, depth);
        }
      }
    }
  }

  void read_basic_list(const Header& h, ListKind kind, ByteReader& list, PlainRecord& record) {
    uint16_t id = list.u16(), length = list.u16();
    uint32_t pen = id & 0x8000 ? list.u32() : 0;
    if (list.failed() || length == 0) return;
    while (list.remaining() > 0) {
      Value value = read_value(list, {pen, static_cast<uint16_t>(id & 0x7fff), length});
      if (list.failed()) return;
      if (kind == ListKind::as_path) {
        Element hop{0, 0, Field::as_path, Convert::list_number, 0};
        if (value.bytes.size() <= 4) add(hop, value.bytes, record);
        continue;
      }
      for (const Element& e : elements_for(value.specifier.pen, value.specifier.id)) {
        if (!width_fits(e, length)) continue;
        if (is_list(e.convert))
          add(e, value.bytes, record);
        else
          read_alone(h, {e, value}, record);
      }
    }
  }

  // An element of a basicList, which is not part of a record, fills its field if that is empty.
  void read_alone(const Header& h, const Candidate& c, PlainRecord& record) {
    const FieldInfo& field = info(c.element.field);
    bool has_code = record.values.contains(Field::icmp_code);
    if (record.values.contains(field.field) || (c.element.convert == Convert::icmp && has_code) ||
        field.column == Column::text || builds_on_another(c.element.convert) ||
        c.element.convert == Convert::time_uptime)
      return;
    if (field.column == Column::address)
      record.values[field.field] = address(c.value.bytes);
    else if (c.element.convert == Convert::icmp)
      record.values[Field::icmp_type] = number(c.value) >> 8 & 0xff,
      record.values[Field::icmp_code] = number(c.value) & 0xff;
    else if (c.element.convert == Convert::ip_version)
      record.values[field.field] = uint64_t{number(c.value) == 4 ? 0x0800u : number(c.value) == 6 ? 0x86ddu : 0u};
    else if (c.element.convert == Convert::number)
      record.values[field.field] = fitting(field, c);
    else
      record.values[field.field] = *scalar(h, c) & max_of(field);
  }

  // Reads the records of a list inside the record.
  void read_inner(const Header& h, uint16_t id, Bytes body, const Layouts& layouts, PlainRecord& record, size_t depth) {
    auto found = layouts.find(id);
    if (found == layouts.end()) return;
    // Decoder keeps one layout in addition to the newest.
    if (layouts_.at(id).changes > found->second.changes + 1) return;
    const TemplateRecord& layout = found->second.record;
    while (!body.empty()) {
      ByteReader reader(body);
      Values values;
      for (const FieldSpecifier& f : layout.fields) values.push_back(read_value(reader, f));
      if (reader.failed()) return;
      body = body.subspan(reader.position());
      if (layout.kind == TemplateKind::options) continue;
      record.elements += "| ";
      describe(layout.fields, record);
      PlainRecord inner;
      read_ethertype(values, inner);
      if (record.values.contains(Field::etype)) inner.values[Field::etype] = record.values[Field::etype];
      for (const FieldInfo& field : kFields)
        if (field.field != Field::etype) read_field(with_boot(h, values), values, field, inner);
      read_icmp(values, inner);
      drop_half_icmp(values, record, inner);
      for (const auto& [field, value] : inner.values) {
        Column column = info(field).column;
        if (column == Column::list_u32 || column == Column::list_address)
          for (const Candidate& c : candidates(field, values)) add(c.element, c.value.bytes, record);
        else
          record.values.try_emplace(field, value);
      }
      read_durations(values, inner.values, record.values);
      read_lists(h, values, layouts, record, depth + 1);
    }
  }

  static Value read_value(ByteReader& reader, const FieldSpecifier& f) {
    size_t length = f.length;
    if (length == kVariableLength) length = reader.u8();
    if (f.length == kVariableLength && length == 255) length = reader.u16();
    return {f, reader.take(length)};
  }

  bool ipfix_;
  std::vector<PlainRecord> records_;
  Protocol protocol_;
  Layouts layouts_;
  size_t messages_ = 0;
  std::set<uint16_t> data_sets_;  // ids of the message's data sets so far
  std::map<uint16_t, std::vector<Held>> held_;
  uint64_t announced_boot_ms_ = 0;
};

}  // namespace weir
