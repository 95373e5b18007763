// SPDX-License-Identifier: Apache-2.0
#include "filter/vocabulary.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/assert.h"
#include "base/text.h"
#include "filter/number_key.h"

namespace weir {
namespace {

constexpr Subject of(Field field) { return {Subject::Kind::field, field}; }
constexpr Subject of(Subject::Kind kind) { return {kind, Field{}}; }

using enum Term::Sides;
// The first term of a subject is the one that is printed.
constexpr Term kTerms[] = {
    {"ip", src_dst, of(Field::src_addr), of(Field::dst_addr), "address: 192.0.2.1, 192.0.2.0/24, a range"},
    {"host", src_dst, of(Field::src_addr), of(Field::dst_addr), "the same as ip"},
    {"net", src_dst, of(Field::src_addr), of(Field::dst_addr),
     "the same as ip; also with a netmask: net 192.0.2.0 255.255.255.0"},
    {"port", src_dst, of(Field::src_port), of(Field::dst_port), "port of TCP, UDP, SCTP"},
    {"as", src_dst, of(Field::src_as), of(Field::dst_as), "AS number"},
    {"next as", one, of(Field::next_hop_as), {}, "AS of the next hop"},
    {"vlan", src_dst, of(Field::src_vlan), of(Field::dst_vlan), "VLAN that the packets came in on, went out on"},
    {"mac", src_dst, of(Field::src_mac), of(Field::dst_mac), "MAC address"},
    {"in src mac", one, of(Field::src_mac), {}, "the same as src mac"},
    {"out dst mac", one, of(Field::dst_mac), {}, "the same as dst mac"},
    {"mask", src_dst, of(Field::src_net), of(Field::dst_net),
     "length of the network's prefix, as the exporter states it"},
    {"if", in_out, of(Field::in_if), of(Field::out_if), "interface: its ifIndex, or its name in quotes"},
    {"proto", one, of(Field::proto), {}, "IP protocol"},
    {"protocol", one, of(Field::proto), {}, "the same as proto"},
    {"bytes", one, of(Field::bytes), {}, "octets, as exported"},
    {"in bytes", one, of(Field::bytes), {}, "the same as bytes"},
    {"out bytes", one, of(Field::reverse_bytes), {}, "octets of the other direction"},
    {"packets", one, of(Field::packets), {}, "packets, as exported"},
    {"in packets", one, of(Field::packets), {}, "the same as packets"},
    {"out packets", one, of(Field::reverse_packets), {}, "packets of the other direction"},
    {"duration", one, of(Subject::Kind::duration), {}, "from the first packet to the last: a number is milliseconds"},
    {"pps", one, of(Subject::Kind::pps), {}, "packets a second, rounded down"},
    {"bps", one, of(Subject::Kind::bps), {}, "bits a second, rounded down"},
    {"bpp", one, of(Subject::Kind::bpp), {}, "octets a packet, rounded down"},
    {"flags",
     one,
     of(Field::tcp_flags),
     {},
     "TCP flags: all of these letters are set; after not: none of them; = only these"},
    {"tos", one, of(Field::ip_tos), {}, "type of service, traffic class"},
    {"ttl", one, of(Field::ip_ttl), {}, "time to live, hop limit"},
    {"icmp-type", one, of(Field::icmp_type), {}, "type of ICMP, ICMPv6"},
    {"icmp-code", one, of(Field::icmp_code), {}, "code of ICMP, ICMPv6"},
    {"flowdir", one, of(Field::direction), {}, "direction: ingress or egress"},
    {"exporter", one, of(Field::sampler_address), {}, "address of the exporter"},
    {"router ip", one, of(Field::sampler_address), {}, "the same as exporter"},
    {"next ip", one, of(Field::next_hop), {}, "address of the next hop"},
    {"bgpnext ip", one, of(Field::bgp_next_hop), {}, "address of the BGP next hop"},
    {"sampling rate", one, of(Field::sampling_rate), {}, "one packet in this many was sampled"},
    {"observation domain id", one, of(Field::observation_domain_id), {}, "observation domain (v9: source id)"},
    {"observation point id", one, of(Field::observation_point_id), {}, "observation point"},
    {"nip", src_dst, of(Field::post_nat_src_addr), of(Field::post_nat_dst_addr), "address after NAT"},
    {"xip", src_dst, of(Field::post_nat_src_addr), of(Field::post_nat_dst_addr), "the same as nip"},
    {"xnet", src_dst, of(Field::post_nat_src_addr), of(Field::post_nat_dst_addr), "the same as nip"},
    {"nport", src_dst, of(Field::post_nat_src_port), of(Field::post_nat_dst_port), "port after NAPT"},
    {"xport", src_dst, of(Field::post_nat_src_port), of(Field::post_nat_dst_port), "the same as nport"},
    {"nat event", one, of(Field::nat_event), {}, "NAT event (RFC 8158)"},
    {"asa event", one, of(Field::firewall_event), {}, "firewall event"},
    {"asa xevent", one, of(Field::firewall_extended_event), {}, "extended firewall event (Cisco ASA)"},
    {"ingress vrf", one, of(Field::ingress_vrf_id), {}, "VRF that the packets came in on"},
    {"egress vrf", one, of(Field::egress_vrf_id), {}, "VRF that the packets went out on"},
    {"pblock start", one, of(Field::port_range_start), {}, "first port of a NAT's block"},
    {"pblock end", one, of(Field::port_range_end), {}, "last port of a NAT's block"},
    {"pblock step", one, of(Field::port_range_step), {}, "distance between two ports of a NAT's block"},
    {"mpls label", one, of(Field::mpls_label), {}, "one of the labels of the MPLS stack"},
    {"as path", one, of(Field::as_path), {}, "one of the AS numbers of the path"},
    {"community", one, of(Field::bgp_communities), {}, "one of the BGP communities, as a number"},
    {"application name", one, of(Field::application_name), {}, "name of the application, in quotes"},
    {"start", one, of(Field::time_flow_start_ns), {}, "time of the first packet"},
    {"end", one, of(Field::time_flow_end_ns), {}, "time of the last packet"},
    {"received", one, of(Field::time_received_ns), {}, "time when the datagram was received, in milliseconds"},
};

constexpr std::string_view kReserved[] = {"and",  "or",  "not", "any",    "has",  "field", "in",
                                          "src",  "dst", "out", "either", "inet", "inet6", "ipv4",
                                          "ipv6", "eq",  "ne",  "lt",     "le",   "gt",    "ge"};

void add_spelling(std::string text, const Term& term, std::optional<Subject> first, std::optional<Subject> second,
                  std::vector<TermSpelling>& list) {
  static std::vector<std::unique_ptr<std::string>> texts;  // the words refer to them
  const std::string& kept = *texts.emplace_back(std::make_unique<std::string>(std::move(text)));
  TermSpelling spelling{{}, &term, first, second};
  for (size_t at = 0; at < kept.size();) {
    size_t end = std::min(kept.find(' ', at), kept.size());
    spelling.words.push_back(std::string_view(kept).substr(at, end - at));
    at = end + 1;
  }
  list.push_back(std::move(spelling));
}

std::vector<TermSpelling> all_spellings() {
  std::vector<TermSpelling> list;
  for (const Term& term : kTerms) {
    std::string words(term.words);
    if (term.sides == one) {
      add_spelling(words, term, term.first, {}, list);
      continue;
    }
    add_spelling((term.sides == src_dst ? "src " : "in ") + words, term, term.first, {}, list);
    add_spelling((term.sides == src_dst ? "dst " : "out ") + words, term, term.second, {}, list);
    add_spelling("either " + words, term, term.first, term.second, list);
    add_spelling(words, term, term.first, term.second, list);
  }
  return list;
}

bool is_word_of_a_term(std::string_view name) {
  return std::ranges::any_of(spellings(), [&](const TermSpelling& spelling) { return spelling.words[0] == name; });
}

std::string joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (std::string_view word : words) text += (text.empty() ? "" : " ") + std::string(word);
  return text;
}

std::string_view computed_name(Subject::Kind kind) {
  switch (kind) {
    case Subject::Kind::duration:
      return "duration";
    case Subject::Kind::pps:
      return "packets per second";
    case Subject::Kind::bps:
      return "bits per second";
    case Subject::Kind::bpp:
      return "octets per packet";
    case Subject::Kind::field:
      break;
  }
  return "";
}

ValueKind field_kind(const FieldInfo& field) {
  switch (field.spelling) {
    case Spelling::type:
      return ValueKind::flow_type;
    case Spelling::address:
      return ValueKind::address;
    case Spelling::mac:
      return ValueKind::mac;
    case Spelling::etype:
      return ValueKind::ethertype;
    case Spelling::proto:
      return ValueKind::protocol;
    case Spelling::src_net:
    case Spelling::dst_net:
      return ValueKind::length;
    case Spelling::layer:
      return ValueKind::only_there;
    case Spelling::text:
      return ValueKind::text;
    case Spelling::boolean:
      return ValueKind::boolean;
    case Spelling::number:
      break;
  }
  switch (field.column) {
    case Column::time_ns:
      return ValueKind::time;
    case Column::i64:
      return ValueKind::integer;
    case Column::f64:
      return ValueKind::real;
    default:
      return ValueKind::count;
  }
}

}  // namespace

std::span<const Term> terms() { return kTerms; }

std::span<const TermSpelling> spellings() {
  static const std::vector<TermSpelling> kSpellings = all_spellings();
  return kSpellings;
}

std::span<const std::string_view> reserved_words() { return kReserved; }
bool is_reserved(std::string_view word) { return std::ranges::find(kReserved, word) != std::end(kReserved); }

ValueKind value_kind(const Subject& subject, const FieldTable& fields) {
  if (subject.kind == Subject::Kind::duration) return ValueKind::duration;
  if (subject.kind != Subject::Kind::field) return ValueKind::count;
  switch (subject.field) {
    case Field::src_port:
    case Field::dst_port:
    case Field::post_nat_src_port:
    case Field::post_nat_dst_port:
    case Field::port_range_start:
    case Field::port_range_end:
      return ValueKind::port;
    case Field::src_as:
    case Field::dst_as:
    case Field::next_hop_as:
    case Field::as_path:
      return ValueKind::as_number;
    case Field::direction:
      return ValueKind::direction;
    case Field::tcp_flags:
      return ValueKind::tcp_flags;
    case Field::time_received_ns:
      return ValueKind::time;
    default:
      return field_kind(fields.info(subject.field));
  }
}

std::string_view value_meaning(ValueKind kind) {
  switch (kind) {
    case ValueKind::count:
      return "a number, as in 1500, 10K (10,000) or 10Ki (10,240)";
    case ValueKind::port:
      return "a port from 0 to 65535, or the name of a service";
    case ValueKind::protocol:
      return "a protocol from 0 to 255, or its name";
    case ValueKind::as_number:
      return "an AS number, as in 64500, AS64500 or 1.10";
    case ValueKind::length:
      return "a prefix length from 0 to 128";
    case ValueKind::ethertype:
      return "ipv4, ipv6, arp, mpls, or a number as in 0x0800";
    case ValueKind::flow_type:
      return "netflow1, netflow5, netflow7, netflow9, ipfix or sflow";
    case ValueKind::direction:
      return "ingress or egress";
    case ValueKind::boolean:
      return "true or false";
    case ValueKind::tcp_flags:
      return "letters of TCP flags, as in SA, or a number";
    case ValueKind::duration:
      return "a duration, as in 500 (milliseconds), 10s or 5m";
    case ValueKind::time:
      return "a time, as in 2026-11-21T09:30Z or -1h";
    case ValueKind::mac:
      return "a MAC address, as in 00:1b:21:aa:bb:cc";
    case ValueKind::integer:
      return "a whole number, as in -5";
    case ValueKind::real:
      return "a number, as in 1.5";
    case ValueKind::address:
      return "an address, a network as in 192.0.2.0/24, or a range as in 192.0.2.1-192.0.2.9";
    case ValueKind::text:
      return "a text in quotes";
    case ValueKind::only_there:
      return "nothing: this field can only be tested with has";
  }
  return "";
}

uint64_t largest_key(const Subject& subject, const FieldTable& fields) {
  constexpr uint64_t kAll = ~uint64_t{0};
  if (subject.kind != Subject::Kind::field) return kAll;
  if (subject.field == Field::sequence_num || subject.field == Field::observation_domain_id) return UINT32_MAX;
  const FieldInfo& field = fields.info(subject.field);
  switch (field.spelling) {
    case Spelling::boolean:
      return 1;
    case Spelling::src_net:
    case Spelling::dst_net:
      return 128;
    case Spelling::mac:
      return (uint64_t{1} << 48) - 1;
    case Spelling::type:
      return UINT8_MAX;
    default:
      break;
  }
  switch (field.column) {
    case Column::u8:
      return UINT8_MAX;
    case Column::u16:
      return UINT16_MAX;
    case Column::u32:
    case Column::list_u32:
      return UINT32_MAX;
    default:
      return kAll;
  }
}

std::string name_of(const Subject& subject, const FieldTable& fields) {
  for (const TermSpelling& spelling : spellings())
    if (spelling.first == subject && !spelling.second) return joined(spelling.words);
  std::string name(fields.info(subject.field).name);
  return is_reserved(name) || is_word_of_a_term(name) ? "field " + name : name;
}

std::string phrase_of(const Subject& subject, const FieldTable& fields) {
  if (subject.kind != Subject::Kind::field) return std::string(computed_name(subject.kind));
  static constexpr std::pair<std::string_view, std::string_view> kWhole[] = {
      {"src", "source"},          {"dst", "destination"},
      {"addr", "address"},        {"in", "input"},
      {"out", "output"},          {"if", "interface"},
      {"proto", "protocol"},      {"as", "AS number"},
      {"net", "prefix length"},   {"ns", ""},
      {"sampler", "exporter"},    {"mac", "MAC address"},
      {"tos", "type of service"}, {"etype", "Ethertype"}};
  std::string text;
  for (const std::string& word : split_list(fields.info(subject.field).name, '_')) {
    auto found = std::ranges::find(kWhole, word, &std::pair<std::string_view, std::string_view>::first);
    const std::string whole = found == std::end(kWhole) ? word : std::string(found->second);
    text += (text.empty() || whole.empty() ? "" : " ") + whole;
  }
  return is_extra(subject.field) ? std::string(fields.info(subject.field).name) : text;
}

}  // namespace weir
