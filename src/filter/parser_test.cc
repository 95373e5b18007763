// SPDX-License-Identifier: Apache-2.0
// What expressions mean: two spellings of one filter are the same tree. Errors: filter/parser_errors_test.cc.
#include "filter/parser.h"

#include <gtest/gtest.h>

#include "base/time_units.h"
#include "filter/number_key.h"
#include "filter/sql.h"
#include "filter/testing/random_filter.h"

namespace weir {
namespace {

constexpr int64_t kNow = 1'795'262'400 * kSecond;  // 2026-11-21T12:00Z

// With [[field]]s: port (unsigned), delta (signed), ratio (float), allowed, gateway (address), station (MAC), site
// (text), seen_at (time).
const FieldTable& fields() {
  static const FieldTable kTable(random_extra_fields());
  return kTable;
}

Filter parse(std::string_view text) {
  try {
    return parse_filter(text, fields(), kNow);
  } catch (const FilterError& error) {
    ADD_FAILURE() << error.what();
    return {};
  }
}
std::string sql(std::string_view text) { return filter_sql(parse(text), fields()); }

struct Pair {
  const char* one;
  const char* other;
};
void expect_same(std::initializer_list<Pair> pairs) {
  for (const Pair& pair : pairs) EXPECT_EQ(parse(pair.one), parse(pair.other)) << pair.one << "\n" << pair.other;
}
void expect_different(std::initializer_list<Pair> pairs) {
  for (const Pair& pair : pairs) EXPECT_NE(parse(pair.one), parse(pair.other)) << pair.one << "\n" << pair.other;
}

std::vector<Range<uint64_t>> ranges(std::string_view text) { return parse(text).numbers.ranges(); }
using Ranges = std::vector<Range<uint64_t>>;

// ---- Combinations

TEST(Parser, AnEmptyExpressionSelectsEveryFlow) {
  expect_same({{"", "any"}, {" \t\r\n ", "any"}});
  EXPECT_EQ(parse("").kind, Filter::Kind::any);
}

TEST(Parser, NotBindsBeforeAndBeforeOr) {
  expect_same({
      {"tcp or udp and bytes 1", "tcp or (udp and bytes 1)"},
      {"tcp and udp or bytes 1", "(tcp and udp) or bytes 1"},
      {"not tcp and udp", "(not tcp) and udp"},
      {"not tcp or udp", "(not tcp) or udp"},
      {"not not tcp and udp", "(not (not tcp)) and udp"},
      {"tcp and not udp or not bytes 1", "(tcp and (not udp)) or (not bytes 1)"},
      {"((tcp))", "tcp"},
  });
  expect_different({{"tcp or udp and bytes 1", "(tcp or udp) and bytes 1"},
                    {"not tcp and udp", "not (tcp and udp)"},
                    {"not not tcp", "tcp"}});
}

TEST(Parser, PartsOfOneKindAreOneList) {
  Filter filter = parse("tcp and udp and bytes 1 and any");
  EXPECT_EQ(filter.kind, Filter::Kind::all_of);
  EXPECT_EQ(filter.parts.size(), 4u);
  EXPECT_EQ(parse("tcp or udp or icmp").parts.size(), 3u);
  EXPECT_EQ(parse("(tcp or udp) or icmp").parts.size(), 2u) << "parentheses are kept";
}

TEST(Parser, SignsStandForWordsWhateverTheCase) {
  expect_same({{"tcp && udp", "tcp and udp"},
               {"tcp || udp", "tcp or udp"},
               {"!tcp", "not tcp"},
               {"! (tcp||udp)&&bytes>1", "not (tcp or udp) and bytes > 1"},
               {"TCP AND Src Port HTTPS", "tcp and src port https"},
               {"Not ANY", "not any"}});
}

TEST(Parser, BlanksMatterOnlyBetweenWords) {
  expect_same({{"bytes>1000", "bytes > 1000"},
               {"bytes\n>=\t1000\r\n", "bytes >= 1000"},
               {"(tcp)and(udp)", "tcp and udp"},
               {"port[80,443]", "port in [80 443]"},
               {"application\"dns\"", "application \"dns\""}});
}

// ---- Comparisons

TEST(Parser, ANumberSignBeginsACommentUnlessItIsInAWordOrAText) {
  expect_same({{"src port 80 # the web\nor dst port 443 #", "src port 80 or dst port 443"}, {"# nothing else", ""}});
  expect_different({{"if 'port#1'", "if 'port'"}});
}

TEST(Parser, EveryComparisonHasASignAndAWord) {
  expect_same({{"bytes = 5", "bytes 5"},
               {"bytes == 5", "bytes 5"},
               {"bytes eq 5", "bytes 5"},
               {"bytes != 5", "not bytes 5"},
               {"bytes ne 5", "not bytes 5"},
               {"bytes lt 5", "bytes < 5"},
               {"bytes le 5", "bytes <= 5"},
               {"bytes gt 5", "bytes > 5"},
               {"bytes GE 5", "bytes >= 5"},
               {"bytes in 5", "bytes 5"}});
  constexpr uint64_t kMost = ~uint64_t{0};
  EXPECT_EQ(ranges("bytes < 5"), (Ranges{{0, 4}}));
  EXPECT_EQ(ranges("bytes <= 5"), (Ranges{{0, 5}}));
  EXPECT_EQ(ranges("bytes > 5"), (Ranges{{6, kMost}}));
  EXPECT_EQ(ranges("bytes >= 5"), (Ranges{{5, kMost}}));
  EXPECT_EQ(ranges("src port > 1023"), (Ranges{{1024, 65'535}})) << "up to the end of the type";
}

TEST(Parser, ComparisonsBeyondTheTypeSelectNothing) {
  EXPECT_EQ(ranges("bytes < 0"), Ranges{});
  EXPECT_EQ(ranges("bytes > 18446744073709551615"), Ranges{});
  EXPECT_EQ(ranges("src port > 65535"), Ranges{});
  expect_same({{"bytes < 0", "bytes lt 0"}, {"proto > 255", "proto < 0"}});
}

TEST(Parser, SignedNumbersAreInTheirOrder) {
  EXPECT_EQ(ranges("delta < -1"), (Ranges{{signed_key(INT64_MIN), signed_key(-2)}}));
  EXPECT_EQ(ranges("delta -5..5"), (Ranges{{signed_key(-5), signed_key(5)}}));
  EXPECT_EQ(ranges("delta > -1"), (Ranges{{signed_key(0), signed_key(INT64_MAX)}}));
  expect_same({{"delta -5 - 5", "delta -5..5"}, {"delta [-1 0 1]", "delta -1..1"}});
}

TEST(Parser, RealNumbersAreAsDuckDbOrdersThem) {
  const uint64_t nan = real_key(NAN), largest = real_key(HUGE_VAL), smallest = real_key(-HUGE_VAL);
  EXPECT_EQ(ranges("ratio 0.5"), (Ranges{{real_key(0.5), real_key(0.5)}}));
  EXPECT_EQ(ranges("ratio <= 0.5"), (Ranges{{smallest, real_key(0.5)}}));
  EXPECT_EQ(ranges("ratio nan"), (Ranges{{nan, nan}}));
  EXPECT_EQ(ranges("ratio > inf"), (Ranges{{nan, nan}})) << "NaN is larger than any number";
  EXPECT_EQ(ranges("ratio < -inf"), Ranges{});
  EXPECT_EQ(ranges("ratio <= inf"), (Ranges{{smallest, largest}}));
  expect_same({{"ratio -0.0", "ratio 0"}, {"ratio 1e3", "ratio 1000"}, {"ratio -1e-3..0.5", "ratio -0.001 - 0.5"}});
}

// ---- Values

TEST(Parser, LettersAfterANumberMultiplyIt) {
  expect_same({{"bytes 1K", "bytes 1000"},
               {"bytes 1k", "bytes 1000"},
               {"bytes 2M", "bytes 2000000"},
               {"bytes 2G", "bytes 2000000000"},
               {"bytes 2T", "bytes 2000000000000"},
               {"bytes 2P", "bytes 2000000000000000"},
               {"bytes 2E", "bytes 2000000000000000000"},
               {"bytes 1Ki", "bytes 1024"},
               {"bytes 1ki", "bytes 1024"},
               {"bytes 2Mi", "bytes 2097152"},
               {"bytes 2Gi", "bytes 2147483648"},
               {"bytes 2Ti", "bytes 2199023255552"},
               {"bytes 2Pi", "bytes 2251799813685248"},
               {"bytes 2Ei", "bytes 2305843009213693952"},
               {"bytes 1.5M", "bytes 1500000"},
               {"bytes 0.5Ki", "bytes 512"}});
}

TEST(Parser, NumbersMayBeHexadecimal) {
  expect_same({{"bytes 0x5dc", "bytes 1500"}, {"bytes 0XFF", "bytes 255"}, {"tos 0xb8", "tos 184"}});
  EXPECT_EQ(ranges("bytes 0xffffffffffffffff"), (Ranges{{~uint64_t{0}, ~uint64_t{0}}}));
  EXPECT_EQ(ranges("bytes 18446744073709551615"), (Ranges{{~uint64_t{0}, ~uint64_t{0}}}));
}

TEST(Parser, AListIsSeparatedByBlanksOrCommas) {
  expect_same({{"port in [80 443]", "port in [443, 80]"},
               {"port [80,443]", "port in [80 443]"},
               {"port = [,80,,443 ,]", "port in [80 443]"},
               {"port [80 80 80]", "port 80"},
               {"port [80 81 82]", "port 80-82"},
               {"port [80-90 85-100]", "port 80-100"},
               {"port != [80 443]", "not port [80 443]"},
               {"src ip [192.0.2.0/25 192.0.2.128/25]", "src ip 192.0.2.0/24"},
               {"application [\"b\" 'a' b]", "application in [a, b]"}});
}

TEST(Parser, ARangeHasAMinusOrTwoPoints) {
  expect_same({{"src port 80..90", "src port 80-90"},
               {"src port 80 - 90", "src port 80-90"},
               {"src port http-https", "src port 80-443"},
               {"src port [1 80 - 90 100]", "src port [1, 80-90, 100]"},
               {"bytes 1K-1M", "bytes 1000..1000000"},
               {"src ip 192.0.2.1-192.0.2.9", "src ip 192.0.2.1..192.0.2.9"},
               {"as AS64496-AS64511", "as 64496..64511"}});
  EXPECT_EQ(ranges("src port 80-90"), (Ranges{{80, 90}}));
  EXPECT_EQ(ranges("src port 80-80"), (Ranges{{80, 80}}));
}

TEST(Parser, APortOrAProtocolMayBeNamed) {
  expect_same({{"port https", "port 443"},
               {"src port DNS", "src port 53"},
               {"port http-alt", "port 8080"},
               {"port [ssh, 8000-8080]", "port [22 8000-8080]"},
               {"proto tcp", "proto 6"},
               {"protocol ICMP6", "proto 58"},
               {"proto ipv6-icmp", "proto icmp6"}});
}

TEST(Parser, ABareProtocolOrFamilyIsATest) {
  expect_same({{"tcp", "proto 6"},
               {"udp", "proto 17"},
               {"gre", "proto 47"},
               {"inet", "etype 0x0800"},
               {"ipv4", "etype ipv4"},
               {"inet6", "etype 0x86dd"},
               {"IPv6", "etype ipv6"}});
}

TEST(Parser, AnAsNumberMayBeWrittenInThreeWays) {  // RFC 5396: asdot
  expect_same({{"src as AS64500", "src as 64500"},
               {"src as as64500", "src as 64500"},
               {"src as 1.10", "src as 65546"},
               {"src as AS65535.65535", "src as 4294967295"},
               {"src as 0.1-0.5", "src as 1-5"}});
}

TEST(Parser, AMacAddressHasSixOctets) {
  expect_same({{"src mac 00:1b:21:aa:bb:cc", "src mac 00-1B-21-AA-BB-CC"},
               {"src mac 00:00:00:00:00:01..00:00:00:00:00:03",
                "src mac [00:00:00:00:00:02 00:00:00:00:00:01 00:00:00:00:00:03]"},
               {"in src mac ff:ff:ff:ff:ff:ff", "src mac ff:ff:ff:ff:ff:ff"}});
  EXPECT_EQ(ranges("src mac 00:1b:21:aa:bb:cc"), (Ranges{{0x1b21aabbcc, 0x1b21aabbcc}}));
}

TEST(Parser, ADurationIsInMillisecondsUnlessItHasAUnit) {
  expect_same({{"duration 10s", "duration 10000"},
               {"duration 5m", "duration 300000"},
               {"duration > 1h", "duration > 3600000"},
               {"duration 1500000ns", "duration 1500us"},
               {"duration 1s-5s", "duration 1000..5000"},
               {"duration -5..5", "duration -5 - 5"}});
  EXPECT_EQ(ranges("duration 1"), (Ranges{{signed_key(kMillisecond), signed_key(kMillisecond)}}));
  EXPECT_EQ(ranges("duration < -1"), (Ranges{{signed_key(INT64_MIN), signed_key(-kMillisecond - 1)}}));
}

TEST(Parser, ATimeIsAsInTheOtherOptions) {
  const uint64_t nine = signed_key(kNow - 3 * kHour);
  EXPECT_EQ(ranges("start 2026-11-21T09:00Z"), (Ranges{{nine, nine}}));
  EXPECT_EQ(ranges("start >= -3h"), (Ranges{{nine, signed_key(INT64_MAX)}}));
  EXPECT_EQ(ranges("end 5ns"), (Ranges{{signed_key(5), signed_key(5)}})) << "ns since 1970";
  expect_same({{"received > 2026/11/21.09:00", "received > \"2026-11-21 09:00\""},
               {"start 2026-11-21..2026-11-22", "start 2026-11-21 - 2026-11-22"},
               {"start today..now", "start 2026-11-21T00:00Z..2026-11-21T12:00Z"},
               {"start > 2026-11-21T10:00+01:00", "start > -3h"}});
}

TEST(Parser, LettersOfFlagsAreAllSetAndAfterAnEqualSignNoOther) {
  Filter filter = parse("flags SA");
  EXPECT_EQ(filter.kind, Filter::Kind::bits);
  EXPECT_EQ(filter.bits, 0x12u);
  EXPECT_EQ(parse("flags S").bits, 0x02u);
  EXPECT_EQ(ranges("flags = SA"), (Ranges{{0x12, 0x12}}));
  EXPECT_EQ(ranges("flags 18"), (Ranges{{0x12, 0x12}}));
  expect_same({{"flags = SA", "flags 0x12"},
               {"flags [S A]", "flags S or flags A"},
               {"flags X", "flags FSRPAU"},
               {"flags != S", "not flags = S"},
               {"flags >= S", "flags >= 2"}});
}

// As in nfdump, whose users write "flags S and not flags AFRPU" for SYN alone.
TEST(Parser, NotBeforeFlagsMeansNoneOfThem) {
  expect_same(
      {{"not flags AF", "not (flags F or flags A)"}, {"! flags FA", "not flags AF"}, {"not flags S", "not (flags S)"}});
  EXPECT_NE(parse("not flags AF"), parse("not (flags AF)"));
}

TEST(Parser, TheOtherNamedValues) {
  expect_same({{"flowdir ingress", "flowdir 0"},
               {"direction EGRESS", "flowdir 1"},
               {"allowed true", "allowed 1"},
               {"allowed = False", "allowed 0"},
               {"type ipfix", "type 4"},
               {"type netflow9", "type NETFLOW_V9"},
               {"type sflow", "type SFLOW_5"},
               {"type [netflow1 netflow5 netflow7]", "type [101, 2, 107]"},
               {"etype arp", "etype 0x0806"},
               {"mask 24", "src_net 24 or dst_net 24"}});
}

// ---- Addresses and texts

TEST(Parser, ANetworkMayHaveANetmask) {
  expect_same({{"net 192.0.2.0 255.255.255.0", "net 192.0.2.0/24"},
               {"src net 192.0.2.0 255.255.255.0 and tcp", "src net 192.0.2.0/24 and tcp"},
               {"src net 2001:db8:: ffff:ffff::", "src ip 2001:db8::/32"},
               {"xnet 192.0.2.0 255.255.255.0", "nip 192.0.2.0/24"},
               {"net 192.0.2.1", "ip 192.0.2.1"},
               {"host 192.0.2.1", "ip 192.0.2.1"},
               {"exporter 192.0.2.1", "router ip 192.0.2.1"},
               {"src ip \"192.0.2.1\"", "src_addr 192.0.2.1"}});
}

TEST(Parser, TextsAreInEitherKindOfQuotes) {
  EXPECT_EQ(parse("site \"a b\"").texts, std::vector<std::string>{"a b"});
  EXPECT_EQ(parse("site 'a \"b\"'").texts, std::vector<std::string>{"a \"b\""});
  EXPECT_EQ(parse(R"(site "a \"b\"")").texts, std::vector<std::string>{"a \"b\""});
  EXPECT_EQ(parse(R"(site 'it\'s')").texts, std::vector<std::string>{"it's"});
  EXPECT_EQ(parse(R"(site "C:\\x\y")").texts, std::vector<std::string>{"C:\\x\\y"});
  EXPECT_EQ(parse("site \"\"").texts, std::vector<std::string>{""});
  EXPECT_EQ(parse("site Berlin").texts, std::vector<std::string>{"Berlin"}) << "the case of a value is kept";
  EXPECT_EQ(parse("site != x"), parse("not site x"));
}

TEST(Parser, AnInterfaceIsANumberOrANameInQuotes) {
  expect_same({{"in if 3", "in_if 3"},
               {"out if 3-5", "out_if 3..5"},
               {"if 3", "in_if 3 or out_if 3"},
               {"in if \"ge-0/0/1\"", "in_if_name \"ge-0/0/1\""},
               {"in_if 'ge-0/0/1'", "in_if_name \"ge-0/0/1\""},
               {"out if != \"x\"", "not out_if_name \"x\""},
               {"if \"x\"", "in_if_name x or out_if_name x"},
               {"out if in [\"x\" \"y\"]", "out_if_name [y x]"}});
}

// ---- Words

TEST(Parser, WithoutASideEitherMayMatch) {
  expect_same({{"port 80", "src port 80 or dst port 80"},
               {"either port 80", "port 80"},
               {"not port 80", "not (src port 80 or dst port 80)"},
               {"port != 80", "not (src port 80 or dst port 80)"},
               {"ip 192.0.2.1", "src_addr 192.0.2.1 or dst_addr 192.0.2.1"},
               {"as 64500 and tcp", "(src as 64500 or dst as 64500) and tcp"},
               {"either if 3", "in if 3 or out if 3"},
               {"has port", "has src_port or has dst_port"}});
}

TEST(Parser, TheLongestTermThatFitsIsTaken) {
  expect_same({{"in bytes 5", "bytes 5"},
               {"out bytes 5", "reverse_bytes 5"},
               {"in packets 5", "packets 5"},
               {"in if 3", "in_if 3"},
               {"ip in [192.0.2.1]", "ip 192.0.2.1"},
               {"src ip in [192.0.2.1] and bytes in [5]", "src_addr 192.0.2.1 and bytes 5"},
               {"next ip 192.0.2.1", "next_hop 192.0.2.1"},
               {"bgpnext ip 192.0.2.1", "bgp_next_hop 192.0.2.1"},
               {"next as 5", "next_hop_as 5"},
               {"as path 64500", "as_path AS64500"},
               {"src as 5", "src_as 5"},
               {"out dst mac 00:00:00:00:00:01", "dst_mac 00:00:00:00:00:01"},
               {"mpls label 5", "mpls_label 5"},
               {"community 5", "bgp_communities 5"},
               {"nat event 5", "nat_event 5"},
               {"pblock start 5", "port_range_start 5"}});
}

TEST(Parser, AFieldCalledLikeAWordIsNamedWithField) {
  EXPECT_EQ(parse("field port 80").subject.field, extra_field(0));
  EXPECT_EQ(parse("has field port").subject.field, extra_field(0));
  EXPECT_EQ(parse("field \"port\" = 80"), parse("field port 80"));
  EXPECT_EQ(parse("field bytes 5"), parse("bytes 5"));
  expect_different({{"field port 80", "port 80"}});
  EXPECT_EQ(parse("field application dns").subject.field, Field::application);
  EXPECT_EQ(parse("application name dns").subject.field, Field::application_name);
}

TEST(Parser, EveryFieldAndEveryTermCanBeNamed) {
  for (const FieldInfo& field : fields().all()) {
    Filter filter = parse("has field " + std::string(field.name));
    EXPECT_EQ(filter.kind, Filter::Kind::present);
    EXPECT_EQ(filter.subject.field, field.field) << field.name;
  }
  for (const TermSpelling& spelling : spellings()) {
    std::string text = "has";
    for (std::string_view word : spelling.words) text += " " + std::string(word);
    Filter filter = parse(text);
    EXPECT_EQ((filter.parts.empty() ? filter : filter.parts[0]).subject, *spelling.first) << text;
    EXPECT_EQ(filter.parts.size(), spelling.second ? 2u : 0u) << text;
  }
}

TEST(Parser, SqlOfTheCommonTests) {
  EXPECT_EQ(sql("any"), "true");
  EXPECT_EQ(sql("not any"), "(NOT true)");
  EXPECT_EQ(sql("src ip 192.0.2.1"), R"(("src_addr" = '192.0.2.1'))");
  EXPECT_EQ(sql("src net 192.0.2.0/24"), R"(in_net("src_addr", '192.0.2.0/24'))");
  EXPECT_EQ(sql("application name \"it's\""), R"(("application_name" IN ('it''s')))");
}

TEST(Parser, TakesWhatItsLimitsAllow) {
  const std::string deep(kMaxFilterDepth, '(');
  EXPECT_EQ(parse(deep + "tcp" + std::string(kMaxFilterDepth, ')')), parse("tcp"));
  std::string nots;
  for (size_t i = 0; i < kMaxFilterDepth; ++i) nots += i % 2 ? "! " : "not ";
  EXPECT_EQ(parse(nots + "tcp").kind, Filter::Kind::negation);
  std::string many = "tcp";
  for (size_t i = 1; i < kMaxFilterParts; ++i) many += " or tcp";
  EXPECT_EQ(parse(many).parts.size(), kMaxFilterParts);
  std::string list = "bytes [";
  for (size_t i = 0; i < 2 * kMaxFilterParts; ++i) list += std::to_string(2 * i) + " ";
  EXPECT_EQ(parse(list + "]").numbers.ranges().size(), 2 * kMaxFilterParts) << "a list is one test";
  EXPECT_EQ(parse("tcp" + std::string(kMaxFilterBytes - 3, ' ')), parse("tcp"));
}

}  // namespace
}  // namespace weir
