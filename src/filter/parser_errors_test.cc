// SPDX-License-Identifier: Apache-2.0
// What the parser refuses: where it points, what it says was expected, and its hint.
#include <gtest/gtest.h>

#include <chrono>

#include "base/text.h"
#include "base/time_units.h"
#include "filter/parser.h"
#include "filter/testing/random_filter.h"

namespace weir {
namespace {

using namespace std::string_literals;

constexpr int64_t kNow = 1'795'262'400 * kSecond;  // 2026-11-21T12:00Z

struct Refused {
  FilterProblem problem;
  std::string message;
};
Refused refused(std::string_view expression) {
  static const FieldTable kTable(random_extra_fields());
  try {
    parse_filter(expression, kTable, kNow);
  } catch (const FilterError& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return {error.problem(), error.what()};
  }
  ADD_FAILURE() << "accepted: " << printable(std::string(expression.substr(0, 100)));
  return {};
}

struct Case {
  const char* expression;
  size_t at, length;
  const char* expected;   // part of it
  const char* hint = "";  // part of it; "": there is none
};

void expect_refused(std::initializer_list<Case> cases) {
  for (const Case& one : cases) {
    auto [problem, message] = refused(one.expression);
    EXPECT_EQ(problem.at, one.at) << one.expression << "\n" << message;
    EXPECT_EQ(problem.length, one.length) << one.expression << "\n" << message;
    EXPECT_TRUE(problem.expected.contains(one.expected)) << one.expression << "\n" << message;
    EXPECT_TRUE(*one.hint ? problem.hint.contains(one.hint) : problem.hint.empty()) << one.expression << "\n"
                                                                                    << message;
    EXPECT_FALSE(problem.found.empty()) << one.expression;
    EXPECT_TRUE(message.contains(problem.found) && message.contains(problem.expected) && message.contains(problem.hint))
        << message;
  }
}

std::vector<std::string> lines_of(const std::string& message) {
  std::vector<std::string> lines{""};
  for (char c : message) c == '\n' ? (void)lines.emplace_back() : (void)(lines.back() += c);
  return lines;
}

size_t characters(std::string_view text) {
  size_t count = 0;
  for (char c : text) count += (c & 0xc0) != 0x80;  // RFC 3629 §3: other octets continue a character
  return count;
}

// The text above the carets.
std::string marked(std::string_view expression) {
  const std::string message = refused(expression).message;
  std::vector<std::string> lines = lines_of(message);
  if (lines.size() < 3 || lines[2].find_first_not_of(" ^") != std::string::npos) return "no carets: " + message;
  const size_t before = lines[2].find('^'), carets = lines[2].size() - before;
  size_t begin = 0, end = 0;
  for (size_t at = 0; at <= lines[1].size(); ++at) {
    if (characters(lines[1].substr(0, at)) <= before) begin = at;
    if (characters(lines[1].substr(0, at)) <= before + carets) end = at;
  }
  return lines[1].substr(begin, end - begin);
}

TEST(ParserErrors, WordsThatAreNotKnown) {
  expect_refused({
      {"proot tcp", 0, 5, "a test, as in", "did you mean proto?"},
      {"tcp and srcc port 80", 8, 4, "a test, as in", "did you mean src?"},
      {"byte > 5", 0, 4, "a test, as in", "did you mean bytes?"},
      {"not upd", 4, 3, "a test, as in", "did you mean udp?"},
      {"application_nam x", 0, 15, "a test, as in", "did you mean application_name?"},
      {"qqqqqqqq 5", 0, 8, "a test, as in", "weir docs filter"},
      {"src 192.0.2.1", 4, 9, "ip, mac, mask, net"},
      {"and tcp", 0, 3, "a test, as in"},
      {"tcp or or udp", 7, 2, "a test, as in"},
      {"\"tcp\"", 0, 5, "a test, as in"},
      {"= 5", 0, 1, "a test, as in"},
      {"tcp and )", 8, 1, "a test, as in"},
      {"port []", 5, 1, "at least one value"},
      {"not src ip in [ , ]", 14, 1, "at least one value"},
      {"port 80 or 443", 11, 3, "a test, as in", "in brackets"},
      {"proto 1,6", 7, 1, "and, or, or the end", "in brackets"},
      {"flags [S 2]", 9, 1, "letters of TCP flags"},
      {"has foo", 4, 3, "the name of a field", "weir docs fields"},
      {"field nope 5", 6, 4, "the name of a field", "weir docs fields"},
  });
}

TEST(ParserErrors, TestsThatDoNotFitTogether) {
  expect_refused({
      {"tcp an udp", 4, 2, "and, or, or the end"},
      {"tcp udp", 4, 3, "and, or, or the end"},
      {"tcp & udp", 4, 1, "and, or, or the end"},
      {"tcp)", 3, 1, "and, or, or the end", "there is no ( for it"},
      {"(tcp", 4, 0, "and, or, or )", "the ( at octet 1 is still open"},
      {"(tcp or (udp)", 13, 0, "and, or, or )", "the ( at octet 1 is still open"},
      {"tcp or (udp icmp)", 12, 4, "and, or, or )", "the ( at octet 8 is still open"},
      {"src net 192.0.2.0 255.0.255.0", 18, 11, "and, or, or the end"},
      {"site a b", 7, 1, "and, or, or the end"},
  });
}

TEST(ParserErrors, ExpressionsThatEndTooEarly) {
  expect_refused({
      {"tcp and", 7, 0, "a test, as in"},
      {"not", 3, 0, "a test, as in"},
      {"bytes", 5, 0, "a number"},
      {"bytes >", 7, 0, "a number"},
      {"port in", 7, 0, "a port"},
      {"port 80 -", 9, 0, "a port"},
      {"bytes [1 2", 10, 0, "a value or ]"},
      {"has", 3, 0, "the name of a field", "weir docs fields"},
      {"field", 5, 0, "the name of a field", "weir docs fields"},
      {"src ip", 6, 0, "an address"},
      {"site =", 6, 0, "a text in quotes"},
  });
  EXPECT_EQ(refused("tcp and").problem.found, "it ends too early");
}

TEST(ParserErrors, AMissingQuote) {
  expect_refused({
      {"site \"abc", 5, 4, "another \""},
      {"site 'abc", 5, 4, "another '"},
      {"site \"abc\\\"", 5, 6, "another \""},
      {"tcp and \"", 8, 1, "another \""},
      {"tcp \"", 4, 1, "another \""},
      {"port 80 - \"90", 10, 3, "another \""},
      {"bytes [1 \"2]", 9, 3, "another \""},
      {"src ip \"192.0.2.1", 7, 10, "another \""},
      {"has 'bytes", 4, 6, "another '"},
  });
  EXPECT_EQ(refused("site \"abc").problem.found, "a quote is missing");
}

TEST(ParserErrors, NumbersThatAreTooLarge) {
  expect_refused({
      {"src port 70000", 9, 5, "at most 65535"},
      {"port 70000", 5, 5, "at most 65535"},
      {"port 80-70000", 5, 8, "at most 65535"},
      {"port 80 - 70000", 10, 5, "at most 65535"},
      {"port [80 65536]", 9, 5, "at most 65535"},
      {"proto 256", 6, 3, "at most 255"},
      {"mask 129", 5, 3, "at most 128"},
      {"in if 4294967296", 6, 10, "at most 4294967295"},
      {"allowed 2", 8, 1, "at most 1"},
      {"src as AS4294967296", 7, 12, "an AS number"},
      {"src as 1.65536", 7, 7, "an AS number"},
      {"bytes 18446744073709551616", 6, 20, "a number"},
      {"bytes 20E", 6, 3, "a number"},
      {"bytes 0x10000000000000000", 6, 19, "a number"},
  });
}

TEST(ParserErrors, ValuesOfAnotherKind) {
  expect_refused({
      {"bytes 1.5", 6, 3, "a number, as in 1500"},
      {"bytes -1", 6, 2, "a number"},
      {"bytes 1Q", 6, 2, "a number"},
      {"bytes K", 6, 1, "a number"},
      {"bytes and tcp", 6, 3, "a number", "a value is missing"},
      {"port htps", 5, 4, "the name of a service", "did you mean https?"},
      {"proto tpc", 6, 3, "a protocol", "did you mean tcp?"},
      {"port 90-80", 5, 5, "a port"},
      {"port 90 - 80", 5, 2, "a port"},
      {"port 80 - )", 10, 1, "a port"},
      {"src ip 192.0.2.256", 7, 11, "an address"},
      {"src ip 192.0.2.0/33", 7, 12, "an address"},
      {"src ip 192.0.2.9-192.0.2.1", 7, 19, "a range as in"},
      {"src mac 00:1b:21", 8, 8, "a MAC address"},
      {"src mac 00:1b:21:aa:bb:cg", 8, 17, "a MAC address"},
      {"src mac 001b.21aa.bbcc", 8, 14, "a MAC address"},
      {"flags QZ", 6, 2, "letters of TCP flags"},
      {"flowdir up", 8, 2, "ingress or egress"},
      {"allowed maybe", 8, 5, "true or false"},
      {"type netflow8", 5, 8, "netflow9, ipfix or sflow"},
      {"etype ipx", 6, 3, "0x0800"},
      {"delta 1.5", 6, 3, "a whole number"},
      {"delta 9223372036854775808", 6, 19, "a whole number"},
      {"ratio x", 6, 1, "a number, as in 1.5"},
      {"duration fast", 9, 4, "a duration"},
      {"duration 9223372036854775807", 9, 19, "a duration"},
      {"start soon", 6, 4, "a time"},
      {"start 2026-02-30", 6, 10, "a time"},
      {"layer_stack 5", 12, 1, "only be tested with has"},
  });
}

TEST(ParserErrors, ComparisonsWithoutAnOrder) {
  expect_refused({
      {"bytes < [1 2]", 6, 1, "a single value"},
      {"bytes >= [1]", 6, 2, "a single value"},
      {"bytes gt 1-5", 6, 2, "a single value"},
      {"src ip > 192.0.2.1", 7, 1, "= or !=", "192.0.2.1-192.0.2.9"},
      {"site < \"a\"", 5, 1, "= or !=", "192.0.2.1-192.0.2.9"},
      {"bytes [1 (2]", 9, 1, "a value or ]"},
      {"bytes < = 5", 8, 1, "a number"},
      {"bytes = in [5]", 8, 2, "a number", "a value is missing"},
  });
}

TEST(ParserErrors, LimitsAreForParenthesesAndNotsTogether) {
  const std::string deep(kMaxFilterDepth + 1, '(');
  FilterProblem problem = refused(deep + "tcp" + std::string(kMaxFilterDepth + 1, ')')).problem;
  EXPECT_EQ(problem.at, kMaxFilterDepth);
  EXPECT_EQ(problem.length, 1u);
  EXPECT_EQ(problem.expected, "at most 100");
  std::string mixed;
  for (size_t i = 0; i <= kMaxFilterDepth; ++i) mixed += i % 2 ? "(" : "not ";
  EXPECT_EQ(refused(mixed + "tcp").problem.expected, "at most 100");
  EXPECT_EQ(refused(deep.substr(1) + "bytes != 5").problem.expected, "at most 100") << "!= is a not";
  EXPECT_EQ(refused(std::string(kMaxFilterBytes, '(')).problem.at, kMaxFilterDepth);
}

TEST(ParserErrors, TooManyTests) {
  std::string many = "tcp";
  for (size_t i = 0; i < kMaxFilterParts; ++i) many += " or tcp";
  FilterProblem problem = refused(many).problem;
  EXPECT_EQ(problem.at, many.size() - 3);
  EXPECT_EQ(problem.expected, "at most 10000");
  EXPECT_TRUE(problem.hint.contains("a list in brackets is one test"));
}

TEST(ParserErrors, TooLongAText) {
  auto [problem, message] = refused("tcp" + std::string(kMaxFilterBytes - 2, ' '));
  EXPECT_EQ(problem.at, 0u);
  EXPECT_EQ(problem.expected, "at most 1048576 octets");
  EXPECT_LT(message.size(), 300u);
}

// A word of a megabyte is not compared with every word of the language, which would take half a minute.
TEST(ParserErrors, ALongWordIsRefusedAtOnce) {
  const auto begin = std::chrono::steady_clock::now();
  auto [problem, message] = refused("x" + std::string(kMaxFilterBytes - 1, 'q'));
  EXPECT_EQ(problem.length, kMaxFilterBytes);
  EXPECT_TRUE(problem.hint.contains("weir docs filter"));
  refused("port " + std::string(kMaxFilterBytes - 5, 'q'));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(ParserErrors, MessagesContainNoControlCharacters) {
  for (std::string control : {"\0"s, "\1"s, "\b"s, "\x1b[2J"s, "\x7f"s, "\xc2\x9b"s, "\x9b"s, "\xe2\x80\xae"s})
    for (std::string text :
         {control, "tcp " + control, "tcp and x" + control + "y", "bytes " + control, "src port 8" + control,
          "has a" + control, "field a" + control, "\"" + control + "\"", "\"" + control, "(tcp \"" + control + "\"",
          "src ip [192.0.2.1 a" + control + "]", "site \"" + control + "\" and", "port \"" + control + "\"",
          "tcp or \"" + control + "\" or udp", "proto x" + control, "start 'a" + control + "'"}) {
      auto [problem, message] = refused(text);
      EXPECT_EQ(printable_lines(message), message) << printable(text);
      EXPECT_EQ(printable(problem.found + problem.expected + problem.hint),
                problem.found + problem.expected + problem.hint);
      EXPECT_FALSE(message.contains('\0')) << "what() would end there";
    }
  // A line end inside a text.
  EXPECT_EQ(lines_of(refused("tcp \"a\nb\"").message).size(), 3u);
}

TEST(ParserErrors, CaretsStandUnderTheToken) {
  EXPECT_EQ(marked("proot tcp"), "proot");
  EXPECT_EQ(marked("tcp and proot tcp"), "proot");
  EXPECT_EQ(marked("bytes < [1 2]"), "<");
  EXPECT_EQ(marked("tcp\nand proot tcp\nand udp"), "proot");
  EXPECT_EQ(marked("tcp and\n  proot tcp\nand udp"), "proot");
  EXPECT_EQ(marked("\nproot tcp"), "proot");
  EXPECT_EQ(marked("\n\n\tproot"), "proot");
  EXPECT_EQ(marked("site \"gr\xc3\xb6\xc3\x9f"
                   "e\" and proot tcp"),
            "proot");
  EXPECT_EQ(marked("tcp gr\xc3\xb6\xc3\x9f"
                   "e"),
            "gr\xc3\xb6\xc3\x9f"
            "e");
  EXPECT_EQ(marked("site \"\x1b\xc2\x9b\" and proot tcp"), "proot");
  EXPECT_EQ(marked("tcp \"a\nb\""), "\"a") << "only the first line of a token";
}

TEST(ParserErrors, TheMessageHasTheLineOfTheProblem) {
  EXPECT_EQ(refused("tcp and\n  proot tcp\nand udp").message,
            "filter: \"proot\" is no word of the filter language; expected a test, as in src net 192.0.2.0/24, dst "
            "port 443, proto udp, bytes > 1M\n"
            "    proot tcp\n"
            "    ^^^^^\n"
            "did you mean proto?");
  std::vector<std::string> lines = lines_of(refused("tcp and").message);
  EXPECT_EQ(lines[1], "  tcp and");
  EXPECT_EQ(lines[2], "         ^") << "after the end";
}

TEST(ParserErrors, OfALongLineAPartIsShown) {
  std::string many = "tcp";
  for (int i = 0; i < 50; ++i) many += " or tcp";
  const std::string text = many + " or proot tcp or " + many;
  EXPECT_EQ(marked(text), "proot");
  std::vector<std::string> lines = lines_of(refused(text).message);
  EXPECT_TRUE(lines[1].starts_with("  ...")) << lines[1];
  EXPECT_LT(lines[1].size(), 120u);
  // Characters are not cut into pieces.
  std::string umlauts;
  for (int i = 0; i < 100; ++i) umlauts += "\xc3\xb6";
  for (const char* shift : {"", "x"}) {
    std::string wide = "site \"" + umlauts + shift + "\" and proot ";
    EXPECT_EQ(marked(wide), "proot");
    EXPECT_EQ(marked(wide + umlauts + shift), "proot");
    EXPECT_EQ(marked("tcp " + (shift + umlauts)).substr(0, 2), *shift ? "x\xc3" : "\xc3\xb6");
    EXPECT_FALSE(lines_of(refused(wide).message)[1].contains("...\xb6"));
  }
}

}  // namespace
}  // namespace weir
