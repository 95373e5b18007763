// SPDX-License-Identifier: Apache-2.0
// Every form in which flow records tell times; the expected values are worked out from the RFCs by hand.
#include "base/time_units.h"
#include "decode/testing/decoder_fixture.h"

namespace weir {
namespace {

constexpr int64_t kExportNs = kExportSeconds * kSecond;                      // 1,700,000,000 s
constexpr uint64_t kNtpSeconds = uint64_t{kExportSeconds} + 2'208'988'800u;  // since 1900
constexpr int64_t kNone = INT64_MIN;

struct Times {
  int64_t start = kNone, end = kNone;
  bool operator==(const Times&) const = default;
};
void PrintTo(const Times& t, std::ostream* out) { *out << t.start << " .. " << t.end; }

Times times_of(const FlowBatch& rows) {
  Times times;
  if (has_field(rows, Field::time_flow_start_ns)) times.start = rows.column<int64_t>(Field::time_flow_start_ns)[0];
  if (has_field(rows, Field::time_flow_end_ns)) times.end = rows.column<int64_t>(Field::time_flow_end_ns)[0];
  return times;
}

Times ipfix_times(const std::vector<FieldSpec>& fields, const Writer& record) {
  Fixture f;
  f.send(ipfix(0, Writer(ipfix_template(300, fields)).add(set(300, record))));
  EXPECT_EQ(f.rows().rows(), 1u);
  return times_of(f.rows());
}

TEST(Times, Seconds) {
  EXPECT_EQ(ipfix_times({{150, 4}, {151, 4}}, Writer().u32(1'699'999'990).u32(1'699'999'999)),
            (Times{kExportNs - 10 * kSecond, kExportNs - kSecond}));
}

TEST(Times, Milliseconds) {
  EXPECT_EQ(ipfix_times({{152, 8}, {153, 8}}, Writer().u64(1'699'999'990'123).u64(1'699'999'999'999)),
            (Times{1'699'999'990'123'000'000, 1'699'999'999'999'000'000}));
  // A date whose size differs from its type's is not read as one (RFC 7011 §6.2 allows reduced size only for numbers).
  EXPECT_EQ(ipfix_times({{152, 4}, {153, 8}}, Writer().u32(1'699'999'990).u64(1'699'999'999'999)).start, kNone);
}

// RFC 7011 §6.1.10: the fraction is in units of 2^-32 s. 0x80000000 is half a second, 0x40000000 a quarter; 0x7ff units
// are 476.6 ns.
TEST(Times, Nanoseconds) {
  EXPECT_EQ(ipfix_times({{156, 8}, {157, 8}},
                        Writer().u64((kNtpSeconds - 2) << 32 | 0x8000'0000).u64((kNtpSeconds - 1) << 32 | 0x4000'07ff)),
            (Times{kExportNs - 2 * kSecond + 500'000'000, kExportNs - kSecond + 250'000'476}));
}

// §6.1.9: the lowest 11 bits of dateTimeMicroseconds must be ignored.
TEST(Times, Microseconds) {
  EXPECT_EQ(ipfix_times({{154, 8}, {155, 8}},
                        Writer().u64((kNtpSeconds - 2) << 32 | 0x8000'07ff).u64((kNtpSeconds - 1) << 32 | 0x4000'0800)),
            (Times{kExportNs - 2 * kSecond + 500'000'000, kExportNs - kSecond + 250'000'476}));
}

// NTP's seconds wrap on 2036-02-07 06:28:16: the era is the one that brings the time closest to the export time.
TEST(Times, NtpEras) {
  uint32_t export_seconds = 2'085'978'496 + 100;  // the era's end, and 100 s
  Writer sets = Writer(ipfix_template(300, {{154, 8}, {157, 8}}));
  sets.add(set(300, Writer().u64(0xffff'ffff'0000'0000).u64(uint64_t{50} << 32)));
  Fixture f;
  f.send(Writer().u16(10).u16(16 + sets.bytes.size()).u32(export_seconds).u32(0).u32(0).add(sets));
  EXPECT_EQ(times_of(f.rows()), (Times{2'085'978'495 * kSecond, 2'085'978'546 * kSecond}));
}

TEST(Times, DeltaToTheExportTime) {
  EXPECT_EQ(ipfix_times({{158, 4}, {159, 4}}, Writer().u32(2'000'001).u32(1)),
            (Times{kExportNs - 2'000'001'000, kExportNs - 1'000}));
}

TEST(Times, Durations) {
  constexpr int64_t kStart = 1'699'999'990 * kSecond;
  EXPECT_EQ(ipfix_times({{161, 4}, {150, 4}}, Writer().u32(1'500).u32(1'699'999'990)),
            (Times{kStart, kStart + 1'500'000'000}));
  EXPECT_EQ(ipfix_times({{151, 4}, {162, 4}}, Writer().u32(1'699'999'990).u32(7)), (Times{kStart - 7'000, kStart}));
  EXPECT_EQ(ipfix_times({{161, 4}, {1, 4}}, Writer().u32(1'500).u32(1)), (Times{}));
}

// RFC 5477 §8.4.2: when a packet was observed; used as start and end if nothing else gives them.
TEST(Times, ObservationTimes) {
  constexpr int64_t kNs = 1'699'999'999'250'000'000;
  uint64_t ntp = (kNtpSeconds - 1) << 32 | 0x4000'0000;
  EXPECT_EQ(ipfix_times({{322, 4}}, Writer().u32(1'699'999'999)),
            (Times{1'699'999'999 * kSecond, 1'699'999'999 * kSecond}));
  EXPECT_EQ(ipfix_times({{323, 8}}, Writer().u64(1'699'999'999'250)), (Times{kNs, kNs}));
  EXPECT_EQ(ipfix_times({{324, 8}}, Writer().u64(ntp)), (Times{kNs, kNs}));
  EXPECT_EQ(ipfix_times({{325, 8}}, Writer().u64(ntp)), (Times{kNs, kNs}));
  EXPECT_EQ(ipfix_times({{323, 8}, {152, 8}}, Writer().u64(1'699'999'999'250).u64(1'699'999'990'000)),
            (Times{1'699'999'990 * kSecond, kNs}));  // Cisco ASA: start of the flow, and time of the event
  EXPECT_EQ(ipfix_times({{323, 8}, {150, 4}, {151, 4}}, Writer().u64(1).u32(1'699'999'990).u32(1'699'999'991)),
            (Times{1'699'999'990 * kSecond, 1'699'999'991 * kSecond}));
}

TEST(Times, TheFinestFormWins) {
  uint64_t ntp = (kNtpSeconds - 1) << 32;
  EXPECT_EQ(ipfix_times({{150, 4}, {156, 8}, {152, 8}}, Writer().u32(1).u64(ntp).u64(2)).start, kExportNs - kSecond);
}

// NetFlow v9: relative to the header's uptime, which corresponds to the export time.
TEST(Times, UptimesOfNetFlow9) {
  Fixture f;
  f.send(netflow9(0, 5'000,
                  Writer(netflow9_template(300, {{22, 4}, {21, 4}}))
                      .add(set(300, Writer().u32(4'294'966'296).u32(4'000)))));  // 2^32 - 1,000
  EXPECT_EQ(times_of(f.rows()), (Times{kExportNs - 6 * kSecond, kExportNs - kSecond}));
  Fixture g;  // absolute times need no uptime
  g.send(netflow9(0, 5'000,
                  Writer(netflow9_template(300, {{152, 8}, {153, 8}}))
                      .add(set(300, Writer().u64(1'699'999'990'123).u64(1'699'999'999'999)))));
  EXPECT_EQ(times_of(g.rows()), (Times{1'699'999'990'123'000'000, 1'699'999'999'999'000'000}));
}

// systemInitTimeMilliseconds (IE 160) in the record, and in options data.
TEST(Times, UptimesOfIpfix) {
  EXPECT_EQ(ipfix_times({{22, 4}, {21, 4}}, Writer().u32(1'000).u32(2'000)), (Times{}));
  EXPECT_EQ(ipfix_times({{160, 8}, {22, 4}, {21, 4}}, Writer().u64(1'699'999'000'000).u32(1'000).u32(2'000)),
            (Times{1'699'999'001 * kSecond, 1'699'999'002 * kSecond}));
  EXPECT_EQ(
      ipfix_times({{160, 8}, {22, 4}, {21, 4}, {160, 8}}, Writer().u64(1'699'999'000'000).u32(1'000).u32(2'000).u64(1)),
      (Times{1'699'999'001 * kSecond, 1'699'999'002 * kSecond}));
  Fixture f;
  Writer sets =
      ipfix_options_template(301, 1, {{149, 4}, {160, 8}}).add(set(301, Writer().u32(0).u64(1'699'999'000'000)));
  f.send(ipfix(0, sets));
  f.send(ipfix(1, Writer(ipfix_template(300, {{22, 4}, {21, 4}})).add(set(300, Writer().u32(1'000).u32(2'000)))));
  EXPECT_EQ(times_of(f.rows()), (Times{1'699'999'001 * kSecond, 1'699'999'002 * kSecond}));
}

// An exporter that has been up for longer than 2^32 ms: 1,690,000,000 s + 2 * 4,294,967.296 s + 1 s is the start.
TEST(Times, UptimesOfIpfixWrap) {
  EXPECT_EQ(ipfix_times({{160, 8}, {22, 4}}, Writer().u64(1'690'000'000'000).u32(1'000)).start,
            1'698'589'935'592'000'000);
}

}  // namespace
}  // namespace weir
