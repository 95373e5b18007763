// SPDX-License-Identifier: Apache-2.0
#include "decode/malformed_rules.h"

#include <algorithm>
#include <iterator>

namespace weir {
namespace {

constexpr std::string_view kSkipSet = "the set is skipped";
constexpr std::string_view kDropRest = "the rest of the datagram is not read";
constexpr std::string_view kNoMore = "the datagram is not read";
constexpr std::string_view kReadAnyway = "all whole records are read";
constexpr std::string_view kOthersRead = "the other templates of the set are read";
constexpr std::string_view kCisco = "Cisco's export format";  // v1, v5 and v7 have no RFC
constexpr std::string_view kSflow = "sFlow version 5";

using enum Malformed;

// In the order of the enumeration.
constexpr MalformedRule kRules[] = {
    {short_header, "the datagram ends within its header", "RFC 7011 §3.1", "RFC 3954 §5.1", kCisco, kNoMore},
    {unknown_version, "it begins with no version of a protocol that is known", "RFC 7011 §3.1", "RFC 3954 §5.1",
     "RFC 7011 §3.1, RFC 3954 §5.1", kNoMore},
    {count_mismatch, "the header counts more or fewer records than the datagram holds", "", "", kCisco,
     "the smaller of the count and what the length holds is read"},
    {length_mismatch, "the message length is not the datagram's", "RFC 7011 §3.1", "", "",
     "the shorter of the two counts"},
    {short_set, "the set length is under 4, or goes past the end of the datagram", "RFC 7011 §3.3.2", "RFC 3954 §5.2",
     "", kDropRest},
    {reserved_set, "the set id is reserved", "RFC 7011 §3.3.2", "RFC 3954 §5.2", "", kSkipSet},
    {short_template, "the template record goes past the end of its set", "RFC 7011 §3.4.1", "RFC 3954 §5.2", "",
     "the rest of the set is not read"},
    {template_id, "the template id is under 256", "RFC 7011 §3.4.1", "RFC 3954 §5.2", "", kOthersRead},
    {zero_length_template, "the template's records would have no octets", "RFC 7011 §3.4.1", "RFC 3954 §5.2", "",
     kOthersRead},
    {too_many_fields, "the template has more than 1,024 fields, or more than 64 without octets: limits of Weir's",
     "RFC 7011 §3.4.1", "RFC 3954 §5.2", "", kOthersRead},
    {scope, "the options template has an impossible scope", "RFC 7011 §3.4.2.2", "", "", kOthersRead},
    {short_record, "the data record goes past the end of its set", "RFC 7011 §3.4.3", "RFC 3954 §5.3", "",
     "the records before it are read"},
    {excess_padding, "more octets follow the last record than padding may have", "RFC 7011 §3.3.1", "RFC 3954 §5.3", "",
     kReadAnyway},
    {trailing_bytes, "octets follow the last set, too few for a set", "RFC 7011 §3.3.2", "RFC 3954 §5.2", "",
     kReadAnyway},
    {address_type, "an address is neither IPv4 nor IPv6", "", "", kSflow, kDropRest},
    {short_sample, "the sample goes past the end of the datagram", "", "", kSflow, kDropRest},
    {sample_records, "the sample counts more or fewer records than it holds", "", "", kSflow,
     "all whole records are read"},
    {short_sample_record, "the record goes past the end of its sample, or its content past its own", "", "", kSflow,
     "what is whole is read"},
    {short_list, "a value, or a record, goes past the end of its list", "RFC 6313 §4.5", "", "",
     "the values before it are read"},
    {list_template, "no template is known for the records of the list", "RFC 6313 §4.5", "", "", "the list is skipped"},
    {deep_list, "lists lie more than four deep in each other, a limit of Weir's", "RFC 6313 §4.5", "", "",
     "the innermost are skipped"},
};
static_assert(std::size(kRules) == kMalformedCount, "a reason without a rule");
static_assert([] {
  for (size_t i = 0; i < kMalformedCount; ++i)
    if (kRules[i].reason != static_cast<Malformed>(i)) return false;
  return true;
}());

}  // namespace

const MalformedRule& malformed_rule(Malformed reason) { return kRules[static_cast<size_t>(reason)]; }

std::string_view rule_section(Malformed reason, Protocol protocol) {
  const MalformedRule& rule = malformed_rule(reason);
  if (protocol == Protocol::ipfix) return rule.ipfix;
  return protocol == Protocol::netflow9 ? rule.version9 : rule.other;
}

}  // namespace weir
