// SPDX-License-Identifier: Apache-2.0
// Truth of single tests, by the rules of filter/filter.h. That SQL gives the same for random filters and rows:
// query/filter_agrees_test.cc.
#include "filter/predicate.h"

#include <gtest/gtest.h>

#include "base/time_units.h"
#include "filter/parser.h"
#include "filter/testing/random_filter.h"

namespace weir {
namespace {

constexpr int64_t kNow = 1'795'262'400 * kSecond;  // 2026-11-21T12:00Z

constexpr Truth F = Truth::no, U = Truth::unknown, T = Truth::yes;
using Truths = std::vector<Truth>;

IpAddress address(const char* text) { return *IpAddress::parse(text); }

class PredicateTest : public testing::Test {
 protected:
  Truths truths(std::string_view expression) {
    const Predicate predicate(parse_filter(expression, fields_, kNow), fields_);
    std::span<const Truth> all = predicate.evaluate(batch_, scratch_);
    return {all.begin(), all.end()};
  }
  // The truth for the only row.
  Truth truth(std::string_view expression) {
    Truths all = truths(expression);
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? Truth::unknown : all[0];
  }

  weir::Run& add_run(uint32_t rows) {
    weir::Run& run = batch_.append_run(rows);
    run.type = FlowType::ipfix;
    run.exporter = address("192.0.2.1");
    return run;
  }
  // A column of the last run.
  template <class Value>
  void set(Field field, std::initializer_list<Value> values) {
    weir::Run& run = batch_.run(batch_.runs().size() - 1);
    ASSERT_EQ(values.size(), run.rows);
    run.mask.set(field);
    std::ranges::copy(values, batch_.column<Value>(field) + run.first_row);
  }
  // A run of one row with this value.
  template <class Value>
  void add_row(Field field, Value value) {
    add_run(1);
    set<Value>(field, {value});
  }

  const FieldTable fields_{random_extra_fields()};
  FlowBatch batch_;
  PredicateScratch scratch_;
};

// ---- Kleene's logic

// Each pair of truths, from tests of a row with bytes 1 and without packets.
TEST_F(PredicateTest, AndIsTheSmallerOrTheLargerNotTheOpposite) {
  add_row<uint64_t>(Field::bytes, 1);
  const std::pair<Truth, const char*> values[] = {{F, "bytes 2"}, {U, "packets 1"}, {T, "bytes 1"}};
  for (auto [a, first] : values) {
    ASSERT_EQ(truth(first), a) << first;
    EXPECT_EQ(truth("not " + std::string(first)), a == T ? F : a == F ? T : U) << first;
    for (auto [b, second] : values) {
      std::string both = std::string(first) + " and " + second, either = std::string(first) + " or " + second;
      EXPECT_EQ(truth(both), a == F || b == F ? F : a == U || b == U ? U : T) << both;
      EXPECT_EQ(truth(either), a == T || b == T ? T : a == U || b == U ? U : F) << either;
    }
  }
}

TEST_F(PredicateTest, ATestOfAFieldThatIsMissingIsUnknownAndSoIsItsNegation) {
  add_row<uint64_t>(Field::bytes, 1);
  for (const char* test : {"packets 5",   "packets >= 0",
                           "packets < 0", "src ip 192.0.2.1",
                           "src port 80", "flags S",
                           "flags = 0",   "site x",
                           "as path 5",   "mpls_ip 192.0.2.1",
                           "start > -1h", "duration > 0",
                           "pps 0",       "bps 0",
                           "bpp 0",       "delta < 0",
                           "ratio nan",   "allowed true",
                           "mask 24",     "src mac 00:00:00:00:00:00",
                           "tcp",         "inet6"}) {
    EXPECT_EQ(truth(test), U) << test;
    EXPECT_EQ(truth("not " + std::string(test)), U) << test;
    EXPECT_EQ(truth("not not " + std::string(test)), U) << test;
  }
  EXPECT_EQ(truth("packets != 5"), U);
  EXPECT_EQ(truth("packets 5 or bytes 1"), T);
  EXPECT_EQ(truth("packets 5 and bytes 2"), F);
}

TEST_F(PredicateTest, HasIsNeverUnknown) {
  add_row<uint64_t>(Field::bytes, 0);
  EXPECT_EQ(truth("has bytes"), T);
  EXPECT_EQ(truth("not has bytes"), F);
  EXPECT_EQ(truth("has packets"), F);
  EXPECT_EQ(truth("not has packets"), T);
  EXPECT_EQ(truth("has duration"), F);
  EXPECT_EQ(truth("has port"), F);
  EXPECT_EQ(truth("has exporter"), T);
  EXPECT_EQ(truth("has type"), T);
}

TEST_F(PredicateTest, AnyIsTrueForEveryRow) {
  EXPECT_EQ(truths("any"), Truths{});
  add_run(2);
  EXPECT_EQ(truths("any"), (Truths{T, T}));
  EXPECT_EQ(truths("not any"), (Truths{F, F}));
}

// ---- Values

TEST_F(PredicateTest, ZeroIsAValue) {
  add_run(2);
  set<uint64_t>(Field::bytes, {0, 5});
  EXPECT_EQ(truths("bytes 0"), (Truths{T, F}));
  EXPECT_EQ(truths("not bytes 0"), (Truths{F, T}));
  EXPECT_EQ(truths("bytes > 0"), (Truths{F, T}));
  EXPECT_EQ(truths("bytes < 5"), (Truths{T, F}));
  EXPECT_EQ(truths("has bytes"), (Truths{T, T}));
}

TEST_F(PredicateTest, NothingIsBelowTheSmallestNumber) {
  add_row<uint64_t>(Field::bytes, 5);
  EXPECT_EQ(truth("bytes < 0"), F);
  EXPECT_EQ(truth("not bytes < 0"), T);
}

TEST_F(PredicateTest, AnAddressOfTheOtherFamilyIsAValue) {
  add_run(4);
  set<IpAddress>(Field::src_addr, {address("10.0.0.1"), address("11.0.0.1"), address("2001:db8::1"), address("::")});
  EXPECT_EQ(truths("src net 10.0.0.0/8"), (Truths{T, F, F, F}));
  EXPECT_EQ(truths("not src net 10.0.0.0/8"), (Truths{F, T, T, T}));
  EXPECT_EQ(truths("src net 0.0.0.0/0"), (Truths{T, T, F, F}));
  EXPECT_EQ(truths("src net ::/0"), (Truths{F, F, T, T}));
  EXPECT_EQ(truths("src net ::/80"), (Truths{F, F, F, T}));
  EXPECT_EQ(truths("src net 2001:db8::/32"), (Truths{F, F, T, F}));
  EXPECT_EQ(truths("src ip [10.0.0.1 2001:db8::1]"), (Truths{T, F, T, F}));
  EXPECT_EQ(truths("src ip ::"), (Truths{F, F, F, T}));
}

TEST_F(PredicateTest, NumbersAtTheEndsOfTheirTypes) {
  add_run(3);
  set<uint8_t>(Field::proto, {0, 6, 255});
  set<uint16_t>(Field::src_port, {0, 443, 65'535});
  set<uint32_t>(Field::src_as, {0, 64'500, UINT32_MAX});
  set<uint64_t>(Field::bytes, {0, 1'000, UINT64_MAX});
  EXPECT_EQ(truths("proto > 6"), (Truths{F, F, T}));
  EXPECT_EQ(truths("proto <= 6"), (Truths{T, T, F}));
  EXPECT_EQ(truths("proto 0-255"), (Truths{T, T, T}));
  EXPECT_EQ(truths("src port >= 443"), (Truths{F, T, T}));
  EXPECT_EQ(truths("src port [0 65535]"), (Truths{T, F, T}));
  EXPECT_EQ(truths("src as > 64500"), (Truths{F, F, T}));
  EXPECT_EQ(truths("bytes 18446744073709551615"), (Truths{F, F, T}));
  EXPECT_EQ(truths("bytes > 18446744073709551615"), (Truths{F, F, F}));
  EXPECT_EQ(truths("bytes [1 3 5 7 9 1000]"), (Truths{F, T, F})) << "more ranges than are compared one by one";
  EXPECT_EQ(truths("bytes [0 2 4 6 8 18446744073709551615]"), (Truths{T, F, T}));
}

TEST_F(PredicateTest, SignedAndRealNumbers) {
  add_run(4);
  set<int64_t>(fields_.find("delta")->field, {INT64_MIN, -1, 0, INT64_MAX});
  set<double>(fields_.find("ratio")->field, {-INFINITY, -0.0, 0.5, NAN});
  EXPECT_EQ(truths("delta < 0"), (Truths{T, T, F, F}));
  EXPECT_EQ(truths("delta -1..0"), (Truths{F, T, T, F}));
  EXPECT_EQ(truths("ratio 0"), (Truths{F, T, F, F})) << "0 and -0 are equal";
  EXPECT_EQ(truths("ratio < 0"), (Truths{T, F, F, F}));
  EXPECT_EQ(truths("ratio > 0"), (Truths{F, F, T, T})) << "NaN is larger than any number";
  EXPECT_EQ(truths("ratio nan"), (Truths{F, F, F, T}));
}

TEST_F(PredicateTest, Flags) {
  add_run(3);
  set<uint16_t>(Field::tcp_flags, {0x02, 0x12, 0});
  EXPECT_EQ(truths("flags S"), (Truths{T, T, F}));
  EXPECT_EQ(truths("flags SA"), (Truths{F, T, F}));
  EXPECT_EQ(truths("flags = S"), (Truths{T, F, F}));
  EXPECT_EQ(truths("flags S and not flags A"), (Truths{T, F, F}));
  EXPECT_EQ(truths("flags 0"), (Truths{F, F, T}));
}

TEST_F(PredicateTest, ATextOfLengthZeroIsUnknown) {
  add_run(4);
  const Field site = fields_.find("site")->field;
  TextRef dns = batch_.texts().add("dns"), ntp = batch_.texts().add("ntp");
  set<TextRef>(site, {dns, {}, dns, ntp});
  EXPECT_EQ(truths("site dns"), (Truths{T, U, T, F}));
  EXPECT_EQ(truths("site != dns"), (Truths{F, U, F, T}));
  EXPECT_EQ(truths("site \"\""), (Truths{F, U, F, F}));
  EXPECT_EQ(truths("has site"), (Truths{T, F, T, T}));
  EXPECT_EQ(truths("site DNS"), (Truths{F, U, F, F})) << "the case matters";
}

TEST_F(PredicateTest, AListHoldsIfOneOfItsElementsDoes) {
  add_run(3);
  batch_.list_numbers() = {64'500, 64'501, 5};
  batch_.list_addresses() = {address("10.0.0.1"), address("2001:db8::1")};
  set<ListRef>(Field::as_path, {{0, 2}, {2, 1}, {0, 0}});
  set<ListRef>(Field::mpls_ip, {{0, 2}, {1, 1}, {0, 0}});
  EXPECT_EQ(truths("as path 64501"), (Truths{T, F, F}));
  EXPECT_EQ(truths("as path < 100"), (Truths{F, T, F}));
  EXPECT_EQ(truths("not as path 64501"), (Truths{F, T, T}));
  EXPECT_EQ(truths("has as path"), (Truths{T, T, T})) << "an empty list is a value";
  EXPECT_EQ(truths("mpls_ip 10.0.0.0/8"), (Truths{T, F, F}));
  EXPECT_EQ(truths("mpls_ip ::/0"), (Truths{T, T, F}));
}

TEST_F(PredicateTest, APrefixLengthThatDoesNotFitTheAddressIsUnknown) {
  add_run(4);
  set<uint8_t>(Field::src_net, {24, 33, 33, 129});
  set<IpAddress>(Field::src_addr,
                 {address("10.0.0.1"), address("10.0.0.1"), address("2001:db8::1"), address("2001:db8::1")});
  EXPECT_EQ(truths("src mask 24"), (Truths{T, U, F, U}));
  EXPECT_EQ(truths("not src mask 33"), (Truths{T, U, F, U}));
  add_row<uint8_t>(Field::src_net, 24);
  EXPECT_EQ(truths("src mask 24")[4], U) << "without an address";
  EXPECT_EQ(truths("has src mask")[4], F);
}

// ---- What a run has for all its rows

TEST_F(PredicateTest, SamplingRateZeroIsUnknownUnlessTheRowsHaveTheField) {
  add_run(2);
  add_run(1).sampling_rate = 100;
  add_row<uint64_t>(Field::sampling_rate, 0);
  EXPECT_EQ(truths("sampling rate 100"), (Truths{U, U, T, F}));
  EXPECT_EQ(truths("not sampling rate 100"), (Truths{U, U, F, T}));
  EXPECT_EQ(truths("sampling rate 0"), (Truths{U, U, F, T}));
  EXPECT_EQ(truths("has sampling rate"), (Truths{F, F, T, T}));
}

TEST_F(PredicateTest, TheHeaderOfARunIsThatOfItsRows) {
  weir::Run& first = add_run(2);
  first.domain = 7;
  first.received_ns = kNow + 999'999;  // stored in milliseconds
  weir::Run& second = add_run(1);
  second.type = FlowType::sflow5;
  second.exporter = address("2001:db8::1");
  second.sequence = UINT32_MAX;
  second.received_ns = -1;
  EXPECT_EQ(truths("type ipfix"), (Truths{T, T, F}));
  EXPECT_EQ(truths("exporter 192.0.2.0/24"), (Truths{T, T, F}));
  EXPECT_EQ(truths("not exporter 192.0.2.0/24"), (Truths{F, F, T}));
  EXPECT_EQ(truths("observation domain id 7"), (Truths{T, T, F}));
  EXPECT_EQ(truths("sequence_num > 0"), (Truths{F, F, T}));
  EXPECT_EQ(truths("received now"), (Truths{T, T, F}));
  EXPECT_EQ(truths("received -1000000ns"), (Truths{F, F, T})) << "rounded down";
}

TEST_F(PredicateTest, RunsOfOneBatchMayHaveDifferentFields) {
  add_run(2);
  set<uint64_t>(Field::bytes, {1, 2});
  add_run(1);
  set<uint64_t>(Field::packets, {1});
  add_run(2);
  set<uint64_t>(Field::bytes, {2, 1});
  set<uint64_t>(Field::packets, {1, 2});
  EXPECT_EQ(truths("bytes 1"), (Truths{T, F, U, F, T}));
  EXPECT_EQ(truths("bytes 1 or packets 1"), (Truths{T, U, T, T, T}));
  EXPECT_EQ(truths("bytes 1 and packets 1"), (Truths{U, F, U, F, F}));
  EXPECT_EQ(truths("not (bytes 1 and packets 1)"), (Truths{U, T, U, T, T}));
  EXPECT_EQ(truths("has bytes and not has packets"), (Truths{T, T, F, F, F}));
}

// ---- Computed numbers

TEST_F(PredicateTest, RatesAreRoundedDown) {
  add_run(3);
  set<int64_t>(Field::time_flow_start_ns, {kNow, kNow, kNow});
  set<int64_t>(Field::time_flow_end_ns, {kNow + 3 * kSecond, kNow, kNow - kSecond});
  set<uint64_t>(Field::bytes, {1000, 1000, 1000});
  set<uint64_t>(Field::packets, {10, 0, 3});
  EXPECT_EQ(truths("pps 3"), (Truths{T, F, F}));     // 3.33
  EXPECT_EQ(truths("bps 2666"), (Truths{T, F, F}));  // 8000 / 3 = 2666.67
  EXPECT_EQ(truths("bpp 100"), (Truths{T, F, F}));
  EXPECT_EQ(truths("bpp 333"), (Truths{F, F, T}));  // 333.33
  EXPECT_EQ(truths("pps 0"), (Truths{F, T, T})) << "0 if the divisor is not above 0";
  EXPECT_EQ(truths("bpp 0"), (Truths{F, T, F}));
  EXPECT_EQ(truths("bps < 2667"), (Truths{T, T, T}));
  EXPECT_EQ(truths("duration 3s"), (Truths{T, F, F}));
  EXPECT_EQ(truths("duration 0"), (Truths{F, T, F}));
  EXPECT_EQ(truths("duration -1000"), (Truths{F, F, T}));
}

TEST_F(PredicateTest, ADurationNeedsBothTimesAndMayBeVeryLong) {
  add_row<int64_t>(Field::time_flow_start_ns, INT64_MIN);
  set<int64_t>(Field::time_flow_end_ns, {INT64_MAX});
  add_row<int64_t>(Field::time_flow_start_ns, 0);
  EXPECT_EQ(truths("duration > 1h"), (Truths{T, U}));
  EXPECT_EQ(truths("has duration"), (Truths{T, F}));
}

// ---- Batches

TEST_F(PredicateTest, OneScratchServesFiltersAndBatchesOfAnySize) {
  PredicateScratch scratch;
  const Predicate flat(parse_filter("bytes 1", fields_, kNow), fields_);
  const Predicate deep(parse_filter("not (bytes 1 and not (packets 1 or bytes 2))", fields_, kNow), fields_);
  EXPECT_TRUE(flat.evaluate(batch_, scratch).empty());
  add_row<uint64_t>(Field::bytes, 1);
  EXPECT_EQ(flat.evaluate(batch_, scratch)[0], T);
  EXPECT_EQ(deep.evaluate(batch_, scratch)[0], U);  // not (true and not (unknown or false))
  EXPECT_EQ(scratch.truths().size(), 1u);
  EXPECT_EQ(flat.evaluate(batch_, scratch)[0], T);
  add_run(batch_.space());
  EXPECT_EQ(deep.evaluate(batch_, scratch).size(), FlowBatch::capacity());
  EXPECT_EQ(scratch.truths().back(), U);
}

}  // namespace
}  // namespace weir
