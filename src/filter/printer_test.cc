// SPDX-License-Identifier: Apache-2.0
#include "filter/printer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/time_units.h"
#include "filter/number_key.h"
#include "filter/parser.h"
#include "filter/testing/random_filter.h"

namespace weir {
namespace {

constexpr int64_t kNow = 1'795'262'400 * kSecond;  // 2026-11-21T12:00Z

// With the [[field]]s of random_filter.h: port, delta (signed), ratio (float), allowed, site (text), seen_at (time), …
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
std::string printed(std::string_view text) { return filter_text(parse(text), fields()); }
std::string words(std::string_view text) { return filter_in_words(parse(text), fields()); }
nlohmann::json json(std::string_view text) {
  std::string printed = filter_json(parse(text), fields());
  EXPECT_TRUE(nlohmann::json::accept(printed)) << printed;
  return nlohmann::json::parse(printed, nullptr, false);
}

Filter number_test(std::string_view field, NumberSet numbers) {
  Filter filter;
  filter.kind = Filter::Kind::numbers;
  filter.subject.field = fields().find(field)->field;
  filter.numbers = std::move(numbers);
  return filter;
}

// ---- As an expression

TEST(Printer, WhatItPrintsIsReadAsTheSameFilter) {
  for (const char* text :
       {"any", "not any", "any or any", "tcp", "inet6", "not not tcp", "not (tcp and udp)", "tcp and udp or icmp",
        "tcp and (udp or icmp)", "(tcp or udp) or icmp", "(tcp and udp) and icmp", "not (not tcp or udp)",
        // texts
        R"(site "a \"b\"")", R"(site "it's")", R"(site "back\\slash")", R"(site "\\")", R"(site "\\\"")", "site \"\"",
        "site \"line\nend\"", "site [and or \"not\"]", "site != \"größe\"", "application name \"x\"",
        "field application \"x\"",
        // numbers
        "bytes 0", "bytes < 0", "bytes > 18446744073709551614", "bytes 18446744073709551615", "bytes >= 0",
        "bytes < 1000", "bytes > 1000", "bytes <= 1000", "bytes >= 1000", "bytes < 0", "ratio < -inf",
        "start < -9223372036854775808ns", "delta < -9223372036854775808", "bytes [1 3 5-9]",
        "bytes [0-5 10-18446744073709551615]", "proto 0-255", "proto > 254", "src port [80 443 8000-8080]",
        "src port < 1024", "src as 4294967295", "src as 1.10", "mask 128", "mask 0-128", "tos 0xb8",
        // numbers with a sign
        "delta -5", "delta -5..5", "delta [-5 -3 0]", "delta < 0", "delta > -1", "delta -9223372036854775808",
        "delta 9223372036854775807", "delta >= -9223372036854775808", "delta < 9223372036854775807",
        // with a fraction
        "ratio nan", "ratio != nan", "ratio inf", "ratio -inf", "ratio -0.25", "ratio 1e300", "ratio 5e-324",
        "ratio 0.1..0.2", "ratio -inf..inf", "ratio [nan 0 -1.5]", "ratio > 0.5", "ratio < 0.5", "ratio >= -inf",
        "ratio < -inf", "ratio > inf", "ratio <= nan",
        // times, durations
        "start 2026-11-21T09:30:00.123Z", "start 1ns", "start -1ns", "start 1795262400000000001ns",
        "start -9223372036854775808ns", "start 9223372036854775807ns", "start > -1h", "start < 2026-11-21",
        "received 2026-11-21..2026-11-22", "seen_at [1970-01-01 2261-12-31]", "duration 10s", "duration 1",
        "duration 1ns", "duration -1", "duration -1ns", "duration < 0", "duration > 9223372036854775806ns",
        "duration 1s-5s", "duration [1 2s 3m]", "duration 1ns..1s",
        // names
        "type [ipfix sflow netflow9]", "type 0", "type 77", "flowdir ingress", "flowdir 7", "allowed true",
        "allowed >= false", "etype 0x8847", "etype [ipv4 ipv6 5]", "proto [1 253]", "flags S", "flags SAFRPUEC",
        "flags = SA", "flags = 0", "flags != X", "flags [S A]", "flags 2-5", "flags < 256", "flags < 0",
        "not (flags SA)", "not flags SA", "not not flags SA", "src mac 00:1b:21:aa:bb:cc",
        "src mac 00:00:00:00:00:00..ff:ff:ff:ff:ff:ff", "mac > ff:ff:ff:ff:ff:fe",
        // addresses
        "src ip 192.0.2.1", "ip ::/0", "ip 0.0.0.0/0", "ip [::/0 0.0.0.0/0]", "ip ::/80", "ip != ::",
        "net 192.0.2.0 255.255.255.128", "exporter 192.0.2.1-192.0.2.9", "next ip [10.0.0.0/8 2001:db8::/32]",
        "gateway ::fffe:ffff:fff0-::1:0:0:5", "mpls_ip 192.0.2.1", "ip [10.0.0.0, 0.0.0.0]",
        // lists, computed numbers, presence
        "as path [1 5-9]", "community 4294901760", "mpls label < 16", "pps > 1000", "bps 1M-2M", "bpp < 64",
        "has bytes", "has duration", "has port", "has field port", "not has layer_stack", "has if",
        // either side, interfaces
        "port 80", "not port 80", "port != 80", "src port 80 or dst port 80", "dst port 80 or src port 80",
        "src port 80 or dst port 81", "if 3", "if \"x\"", "if [\"x\" \"y\"]", "in if \"3\"", "if != \"x\"",
        "field port 80", "src vlan 5 or dst vlan 5 or tcp"}) {
    Filter filter = parse(text);
    std::string again = filter_text(filter, fields());
    EXPECT_EQ(parse(again), filter) << text << "\n" << again;
  }
}

// Two numbers at each end of every field's type.
TEST(Printer, SetsAtTheEndsOfEveryTypeAreReadBack) {
  for (const FieldInfo& field : fields().all()) {
    const Subject subject{Subject::Kind::field, field.field};
    const ValueKind kind = value_kind(subject, fields());
    const uint64_t most = largest_key(subject, fields());
    if (kind >= ValueKind::real) continue;  // keys that are no numbers; addresses, texts
    for (const NumberSet& set :
         {NumberSet({{0, 0}}), NumberSet({{0, most}}), NumberSet({{most, most}}), NumberSet({{0, 0}, {most, most}}),
          NumberSet({{0, most - 1}}), NumberSet({{1, most}})}) {
      if (most == 1 && set.ranges().size() > 1) continue;
      Filter filter = number_test(field.name, set);
      std::string again = filter_text(filter, fields());
      EXPECT_EQ(parse(again), filter) << again;
    }
  }
}

TEST(Printer, EitherTermsArePrintedAsOne) {
  EXPECT_EQ(printed("src port 80 or dst port 80"), "port 80");
  EXPECT_EQ(printed("either port 80"), "port 80");
  EXPECT_EQ(printed("not (src_port [80 443] or dst_port [443 80])"), "not port in [80, 443]");
  EXPECT_EQ(printed("host 192.0.2.1"), "ip 192.0.2.1");
  EXPECT_EQ(printed("has port"), "has port");
  EXPECT_EQ(printed("if \"x\""), "if \"x\"");
  EXPECT_EQ(printed("dst port 80 or src port 80"), "dst port 80 or src port 80") << "another tree";
}

TEST(Printer, UsesTheWordsOfTheLanguage) {
  EXPECT_EQ(printed("src_addr 192.0.2.0/24"), "src ip 192.0.2.0/24");
  EXPECT_EQ(printed("in bytes > 1K"), "bytes > 1000");
  EXPECT_EQ(printed("bytes < 1K"), "bytes < 1000");
  EXPECT_EQ(printed("src_port 443"), "src port 443");
  EXPECT_EQ(printed("field port 443"), "field port 443");
  EXPECT_EQ(printed("inet and tcp"), "etype ipv4 and proto tcp");
  EXPECT_EQ(printed("flags = SA"), "flags = 18");
  EXPECT_EQ(printed("flags AS"), "flags SA");
  EXPECT_EQ(printed("duration 10000"), "duration 10s");
  EXPECT_EQ(printed("start 2026/11/21"), "start 2026-11-21T00:00:00.000Z");
  EXPECT_EQ(printed("port < 0"), "port < 0");
}

TEST(Printer, ParenthesesStandOnlyWhereTheyMatter) {
  EXPECT_EQ(printed("(tcp) and ((udp))"), "proto tcp and proto udp");
  EXPECT_EQ(printed("tcp and (udp or icmp)"), "proto tcp and (proto udp or proto icmp)");
  EXPECT_EQ(printed("(tcp and udp) or icmp"), "proto tcp and proto udp or proto icmp");
  EXPECT_EQ(printed("not (tcp and udp)"), "not (proto tcp and proto udp)");
}

// Otherwise what is printed could be nested too deeply to be read.
TEST(Printer, NestsNoDeeperThanTheExpression) {
  for (std::string level : {"tcp or udp and (", "tcp and (", "not (", "if \"x\" and (", "bytes != 5 and not ("}) {
    const size_t levels = (kMaxFilterDepth - 1) / (level.contains("not (") ? 2 : 1);
    std::string text;
    for (size_t i = 0; i < levels; ++i) text += level;
    text += "udp and if \"x\" or bytes != 5" + std::string(levels, ')');
    Filter filter = parse(text);
    EXPECT_EQ(parse(filter_text(filter, fields())), filter) << level;
  }
}

// ---- In words

TEST(Printer, InWords) {
  EXPECT_EQ(words("src net 10.0.0.0/8 and dst port 443"),
            "source address is in 10.0.0.0/8, and destination port is 443");
  EXPECT_EQ(words("any"), "every flow");
  EXPECT_EQ(words("src port 443"), "source port is 443");
  EXPECT_EQ(words("tcp or udp"), "protocol is tcp, or protocol is udp");
  EXPECT_EQ(words("not tcp"), "not (protocol is tcp)");
  EXPECT_EQ(words("bytes > 1M"), "bytes is more than 1000000");
  EXPECT_EQ(words("bytes < 1M"), "bytes is less than 1000000");
  EXPECT_EQ(words("bytes >= 1M"), "bytes is at least 1000000");
  EXPECT_EQ(words("bytes <= 1M"), "bytes is at most 1000000");
  EXPECT_EQ(words("src port [80 443]"), "source port is one of 80, 443");
  EXPECT_EQ(words("bytes < 0"), "bytes is less than the smallest possible value");
  EXPECT_EQ(words("bps 1000"), "bits per second is 1000");
  EXPECT_EQ(words("duration 10s"), "duration is 10s");
  EXPECT_EQ(words("has duration"), "duration is known");
  EXPECT_EQ(words("flags SA"), "tcp flags include SA");
  EXPECT_EQ(words("flags = SA"), "tcp flags is exactly 18");
  EXPECT_EQ(words("tcp and (udp or icmp)"), "protocol is tcp, and (protocol is udp, or protocol is icmp)");
}

TEST(Printer, InWordsATextWithASlashIsNoNetwork) {
  EXPECT_EQ(words("in if \"ge-0/0/1\""), "input interface name is \"ge-0/0/1\"");
  EXPECT_EQ(words("src ip 192.0.2.1"), "source address is 192.0.2.1");
}

// ---- As JSON

TEST(Printer, Json) {
  EXPECT_EQ(json("any"), nlohmann::json::parse(R"({"any":true})"));
  EXPECT_EQ(json("src port 443"), nlohmann::json::parse(R"({"test":"src port","in":["443"]})"));
  EXPECT_EQ(json("not src ip [10.0.0.0/8 192.0.2.1]"),
            nlohmann::json::parse(R"({"not":{"test":"src ip","in":["10.0.0.0/8","192.0.2.1"]}})"));
  EXPECT_EQ(json("flags S and has bytes"),
            nlohmann::json::parse(R"({"and":[{"test":"flags","flags":"S"},{"test":"bytes","has":true}]})"));
  EXPECT_EQ(json("port 80"),
            nlohmann::json::parse(R"({"or":[{"test":"src port","in":["80"]},{"test":"dst port","in":["80"]}]})"));
  EXPECT_EQ(json("bytes < 0"), nlohmann::json::parse(R"({"test":"bytes","in":[]})"));
  EXPECT_EQ(json("field port 80-90"), nlohmann::json::parse(R"({"test":"field port","in":["80-90"]})"));
}

TEST(Printer, JsonOfAnyTextIsJson) {
  EXPECT_EQ(json(R"(site "a \"b\" \\ ü")")["in"][0], R"("a \"b\" \\ ü")") << "as in an expression, in quotes";
  json("site \"\n\t\x01\x7f\"");
  json("site \"\xff\xc3\"");
  json(std::string_view("site \"\0\"", 8));
}

TEST(Printer, RandomFiltersAreJson) {
  RandomFilter random(3, fields());
  for (int i = 0; i < 500; ++i) json(random.expression());
}

}  // namespace
}  // namespace weir
