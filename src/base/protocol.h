// SPDX-License-Identifier: Apache-2.0
// The export protocols, and the named reasons for refusing input. Both are labels of metrics, keys of the ledger and
// lines in docs/: append only.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

enum class Protocol : uint8_t { unknown, netflow5, netflow9, ipfix, netflow1, netflow7, sflow5 };
inline constexpr size_t kProtocolCount = 7;
inline constexpr std::string_view kProtocolNames[kProtocolCount] = {"unknown", "v5", "v9",   "ipfix",
                                                                    "v1",      "v7", "sflow"};
inline constexpr std::string_view protocol_name(Protocol p) { return kProtocolNames[static_cast<size_t>(p)]; }

inline constexpr bool has_templates(Protocol p) { return p == Protocol::netflow9 || p == Protocol::ipfix; }

// The unit in which a protocol's sequence number (and so sequence_lost) counts; "" if it has none.
inline constexpr std::string_view sequence_unit(Protocol p) {
  switch (p) {
    case Protocol::netflow5:
    case Protocol::netflow7:
    case Protocol::ipfix:
      return "records";
    case Protocol::netflow9:
      return "datagrams";
    case Protocol::sflow5:
      return "samples";
    case Protocol::netflow1:
    case Protocol::unknown:
      break;
  }
  return "";
}

// How export datagrams are transported (RFC 7011 §10).
enum class Transport : uint8_t { udp, tcp, tls };
inline constexpr size_t kTransportCount = 3;
inline constexpr std::string_view kTransportNames[kTransportCount] = {"udp", "tcp", "tls"};
inline constexpr std::string_view transport_name(Transport t) { return kTransportNames[static_cast<size_t>(t)]; }

// Why a datagram, set or template could not be decoded as its sender intended. Each case is counted once, where it
// occurs; the rest of the datagram is still decoded if its bounds are known.
enum class Malformed : uint8_t {
  short_header,          // datagram ends within its header
  unknown_version,       // not a version that Weir supports
  count_mismatch,        // v1, v5, v7: header count differs from the records present; sFlow: exceeds the samples
  length_mismatch,       // IPFIX message length differs from the datagram's length
  short_set,             // set length under 4 or past the end of the datagram
  reserved_set,          // set id 4..255 (v9: 2..255)
  short_template,        // template record ends past its set
  template_id,           // template id under 256
  zero_length_template,  // a template whose records would be empty
  too_many_fields,       // more fields than limits::kFieldsPerTemplate, or kEmptyFieldsPerTemplate
  scope,                 // options template whose scope count or length is impossible
  short_record,          // data record ends past its set
  excess_padding,        // more bytes after the last record than a record would need (v9/IPFIX data set)
  trailing_bytes,        // bytes after the last set or sample
  address_type,          // sFlow: an address that is neither IPv4 nor IPv6
  short_sample,          // sFlow: a sample ends past the datagram, or within its own fixed part
  sample_records,        // sFlow: a sample counts more records than it holds
  short_sample_record,   // sFlow: a record ends past its sample, or holds less than its structure
  short_list,            // structured data (RFC 6313): a list, or a value in it, ends past its field
  list_template,         // structured data: a list refers to an unknown template
  deep_list,             // structured data: lists nested deeper than limits::kListDepth
  kCount
};
inline constexpr size_t kMalformedCount = static_cast<size_t>(Malformed::kCount);
inline constexpr std::string_view kMalformedNames[kMalformedCount] = {
    "short_header", "unknown_version", "count_mismatch",      "length_mismatch",      "short_set",
    "reserved_set", "short_template",  "template_id",         "zero_length_template", "too_many_fields",
    "scope",        "short_record",    "excess_padding",      "trailing_bytes",       "address_type",
    "short_sample", "sample_records",  "short_sample_record", "short_list",           "list_template",
    "deep_list"};
inline constexpr std::string_view malformed_name(Malformed m) { return kMalformedNames[static_cast<size_t>(m)]; }

// Limits that input ran into: the input was not malformed but was refused, so that memory stays bounded.
enum class Refused : uint8_t {
  sessions_full,            // limits::kSessions
  exporter_templates_full,  // limits::kTemplatesPerExporter, limits.templates_bytes_per_exporter
  templates_full,           // limits::kTemplates, limits.senders_bytes
  sample_sources_full,      // limits::kSampleSources: samples whose sequence is not tracked
  text_too_long,            // limits::kTextBytes, kBatchTextBytes: the text is truncated or omitted
  options_full,             // limits::kSamplersPerSession, kNamesPerSession, kOptionsBytes
  template_changes_full,    // limits::kTemplatesPerSecond, kTemplateChangesPerSecond
  out_of_sequence,          // templates and options data in a datagram with an unexpected sequence number
  kCount
};
inline constexpr size_t kRefusedCount = static_cast<size_t>(Refused::kCount);
inline constexpr std::string_view kRefusedNames[kRefusedCount] = {
    "sessions_full", "exporter_templates_full", "templates_full", "sample_sources_full", "text_too_long",
    "options_full",  "template_changes_full",   "out_of_sequence"};

}  // namespace weir
