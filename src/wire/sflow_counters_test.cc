// SPDX-License-Identifier: Apache-2.0
// Samples built by hand from the XDR of the sFlow v5 specification and of sFlow Host Structures.
#include "wire/sflow_counters.h"

#include <gtest/gtest.h>

#include <bit>
#include <set>
#include <string>
#include <vector>

namespace weir {
namespace {

constexpr uint32_t kUnknown = 0xffffffff;

// XDR, written one value at a time.
struct Xdr {
  std::vector<uint8_t> bytes;

  Xdr& u32(std::initializer_list<uint32_t> values) {
    for (uint32_t value : values)
      for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<uint8_t>(value >> shift));
    return *this;
  }
  Xdr& u64(uint64_t value) { return u32({static_cast<uint32_t>(value >> 32), static_cast<uint32_t>(value)}); }
  // A counter record: format, length, body.
  Xdr& record(uint32_t format, const Xdr& body) {
    u32({format, static_cast<uint32_t>(body.bytes.size())});
    bytes.insert(bytes.end(), body.bytes.begin(), body.bytes.end());
    return *this;
  }
};

// if_counters with a different value in each field.
Xdr interface_counters() {
  Xdr xdr;
  xdr.u32({55, 6}).u64(10'000'000'000).u32({1, 3}).u64(0x1'0000'0001);
  xdr.u32({101, 102, 103, 104, 105, 106}).u64(0x2'0000'0002);
  return xdr.u32({201, 202, 203, 204, 205, 2});
}

Xdr sample(uint32_t records) { return Xdr().u32({87'096, 0x0200'0037, records}); }

TEST(SflowCounters, GenericInterfaceCounters) {
  Xdr xdr = sample(1).record(1, interface_counters());
  CounterSample read;
  auto [usable, problem] = read_counter_sample(xdr.bytes, false, read);
  ASSERT_TRUE(usable);
  EXPECT_FALSE(problem);
  EXPECT_EQ(read.sequence, 87'096u);
  EXPECT_EQ(read.source_class, 2u);
  EXPECT_EQ(read.source_index, 55u);
  EXPECT_EQ(read.present.count(), 19u);
  EXPECT_EQ(read[CounterField::if_index], 55u);
  EXPECT_EQ(read[CounterField::if_type], 6u);
  EXPECT_EQ(read[CounterField::if_speed], 10'000'000'000u);
  EXPECT_EQ(read[CounterField::if_direction], 1u);
  EXPECT_EQ(read[CounterField::if_status], 3u);
  EXPECT_EQ(read[CounterField::in_octets], 0x1'0000'0001u);
  EXPECT_EQ(read[CounterField::in_unicast], 101u);
  EXPECT_EQ(read[CounterField::in_unknown_protos], 106u);
  EXPECT_EQ(read[CounterField::out_octets], 0x2'0000'0002u);
  EXPECT_EQ(read[CounterField::out_unicast], 201u);
  EXPECT_EQ(read[CounterField::out_errors], 205u);
  EXPECT_EQ(read[CounterField::promiscuous], 2u);
  EXPECT_FALSE(read.has(CounterField::fcs_errors));
}

TEST(SflowCounters, ExpandedSourceIdsHaveTwoWords) {
  Xdr xdr = Xdr().u32({7, 3, 0xfedc'ba98, 1});
  xdr.record(5, Xdr().u32({10}).u64(25'963'724).u32({38'531, 167'958, 128'627, 4}));
  CounterSample read;
  auto [usable, problem] = read_counter_sample(xdr.bytes, true, read);
  ASSERT_TRUE(usable);
  EXPECT_FALSE(problem);
  EXPECT_EQ(read.source_class, 3u);
  EXPECT_EQ(read.source_index, 0xfedc'ba98u);
  EXPECT_EQ(read.present.count(), 6u);
  EXPECT_EQ(read[CounterField::vlan_id], 10u);
  EXPECT_EQ(read[CounterField::vlan_octets], 25'963'724u);
  EXPECT_EQ(read[CounterField::vlan_discards], 4u);
}

TEST(SflowCounters, ReadsSeveralStructuresAndSkipsUnknownOnes) {
  Xdr ethernet;
  for (uint32_t i = 1; i <= 13; ++i) ethernet.u32({i});
  Xdr xdr = sample(4);
  xdr.record(4413u << 12 | 1, Xdr().u32({1, 2, 3}));  // format 1 of another enterprise
  xdr.record(3, Xdr().u32({9, 9}));                   // token ring
  xdr.record(1, interface_counters()).record(2, ethernet);
  CounterSample read;
  auto [usable, problem] = read_counter_sample(xdr.bytes, false, read);
  ASSERT_TRUE(usable);
  EXPECT_FALSE(problem);
  EXPECT_EQ(read.present.count(), 19u + 13u);
  EXPECT_EQ(read[CounterField::alignment_errors], 1u);
  EXPECT_EQ(read[CounterField::fcs_errors], 2u);
  EXPECT_EQ(read[CounterField::late_collisions], 7u);
  EXPECT_EQ(read[CounterField::symbol_errors], 13u);
}

// "Unknown counter: use the maximum counter value"; integers have only 0 for that, percentages -1.
TEST(SflowCounters, ValuesUnknownToTheAgentAreAbsent) {
  Xdr counters;
  counters.u32({kUnknown, 6}).u64(UINT64_MAX).u32({0, 3}).u64(UINT64_MAX);
  counters.u32({1, kUnknown, kUnknown, 0, 0, kUnknown}).u64(0xffff'ffff).u32({1, 2, 3, 4, 5, kUnknown});
  Xdr xdr = sample(2).record(1, counters);
  xdr.record(1001, Xdr().u32({kUnknown, 250, 10'000}).u64(UINT64_MAX).u64(1));
  CounterSample read;
  ASSERT_TRUE(read_counter_sample(xdr.bytes, false, read).usable);
  EXPECT_EQ(read[CounterField::if_index], kUnknown);
  EXPECT_EQ(read[CounterField::if_speed], UINT64_MAX);
  EXPECT_FALSE(read.has(CounterField::in_octets));
  EXPECT_FALSE(read.has(CounterField::in_multicast));
  EXPECT_FALSE(read.has(CounterField::in_broadcast));
  EXPECT_FALSE(read.has(CounterField::in_unknown_protos));
  EXPECT_EQ(read[CounterField::out_octets], 0xffff'ffffu);  // a 64-bit counter, so not its maximum
  EXPECT_EQ(read[CounterField::promiscuous], kUnknown);
  EXPECT_FALSE(read.has(CounterField::cpu_5s));
  EXPECT_EQ(read[CounterField::cpu_1m], 250u);
  EXPECT_EQ(read[CounterField::cpu_5m], 10'000u);
  EXPECT_EQ(read[CounterField::memory_free], 1u);
  EXPECT_EQ(read.present.count(), 15u + 4u);
}

TEST(SflowCounters, HostStructures) {
  auto load = [](float value) { return std::bit_cast<uint32_t>(value); };
  Xdr cpu = Xdr().u32({load(0.21f), load(12.5f), load(-1), 2, 300, 8, 2'400, 86'400});
  cpu.u32({1, kUnknown, 3, 4, 5, 6, 7, 8, 9});
  Xdr memory;
  for (uint64_t i = 1; i <= 7; ++i) memory.u64(i << 32);
  memory.u32({11, 12, 13, 14});
  Xdr disk = Xdr().u64(1'000).u64(900).u32({5'025, 21}).u64(22).u32({23, 24}).u64(25).u32({26});
  Xdr net = Xdr().u64(31).u32({32, 33, 34}).u64(35).u32({36, 37, 38});
  Xdr xdr = sample(5).record(2003, cpu).record(2004, memory).record(2005, disk).record(2006, net);
  xdr.record(2002, Xdr().u32({2, 1}));
  CounterSample read;
  auto [usable, problem] = read_counter_sample(xdr.bytes, false, read);
  ASSERT_TRUE(usable);
  EXPECT_FALSE(problem);
  EXPECT_EQ(read[CounterField::load_1m], 21u);
  EXPECT_EQ(read[CounterField::load_5m], 1'250u);
  EXPECT_FALSE(read.has(CounterField::load_15m));
  EXPECT_EQ(read[CounterField::cpus], 8u);
  EXPECT_FALSE(read.has(CounterField::cpu_nice_ms));
  EXPECT_EQ(read[CounterField::context_switches], 9u);
  EXPECT_EQ(read[CounterField::host_memory_total], uint64_t{1} << 32);
  EXPECT_EQ(read[CounterField::swap_free], uint64_t{7} << 32);
  EXPECT_EQ(read[CounterField::swap_out], 14u);
  EXPECT_EQ(read[CounterField::disk_fullest], 5'025u);
  EXPECT_EQ(read[CounterField::disk_write_ms], 26u);
  EXPECT_EQ(read[CounterField::host_out_drops], 38u);
  EXPECT_EQ(read[CounterField::parent_index], 1u);
  EXPECT_EQ(read.present.count(), 15u + 11 + 9 + 8 + 2);
}

// The specification allows structures to be extended at the end.
TEST(SflowCounters, OfALongerStructureTheKnownPartIsRead) {
  Xdr xdr =
      sample(2).record(1, interface_counters().u32({1, 2, 3})).record(5, Xdr().u32({10}).u64(1).u32({2, 3, 4, 5}));
  CounterSample read;
  auto [usable, problem] = read_counter_sample(xdr.bytes, false, read);
  ASSERT_TRUE(usable);
  EXPECT_FALSE(problem);
  EXPECT_EQ(read[CounterField::promiscuous], 2u);
  EXPECT_EQ(read[CounterField::vlan_discards], 5u);
}

TEST(SflowCounters, ARecordShorterThanItsStructureIsSkipped) {
  Xdr xdr = sample(2).record(2, Xdr().u32({1, 2, 3})).record(1, interface_counters());
  CounterSample read;
  auto [usable, problem] = read_counter_sample(xdr.bytes, false, read);
  ASSERT_TRUE(usable);
  EXPECT_EQ(problem, Malformed::short_sample_record);
  EXPECT_EQ(read.present.count(), 19u);
}

TEST(SflowCounters, OfARepeatedStructureTheFirstIsUsed) {
  Xdr xdr = sample(2).record(2002, Xdr().u32({1, 2})).record(2002, Xdr().u32({3, 4}));
  CounterSample read;
  EXPECT_EQ(read_counter_sample(xdr.bytes, false, read).problem, Malformed::sample_records);
  EXPECT_EQ(read[CounterField::parent_class], 1u);
}

TEST(SflowCounters, TruncatedAnywhereItYieldsTheCompleteStructures) {
  Xdr whole = sample(2).record(1, interface_counters()).record(2002, Xdr().u32({1, 2}));
  for (size_t size = 0; size < whole.bytes.size(); ++size) {
    CounterSample read;
    std::vector<uint8_t> cut(whole.bytes.begin(), whole.bytes.begin() + static_cast<ptrdiff_t>(size));
    auto [usable, problem] = read_counter_sample(cut, false, read);
    EXPECT_EQ(usable, size >= 12) << size;
    ASSERT_TRUE(problem) << size;
    bool between = size == 12 || size == 12 + 8 + 88;
    EXPECT_EQ(*problem, size < 12 ? Malformed::short_sample
                        : between ? Malformed::sample_records
                                  : Malformed::short_sample_record)
        << size;
    EXPECT_EQ(read.present.count(), size >= 12 + 8 + 88 ? 19u : 0u) << size;
  }
}

TEST(SflowCounters, CountsAndLengthsAreNotTrusted) {
  CounterSample read;
  Xdr many = sample(kUnknown).record(2002, Xdr().u32({1, 2}));
  EXPECT_EQ(read_counter_sample(many.bytes, false, read).problem, Malformed::sample_records);
  EXPECT_EQ(read.present.count(), 2u);
  Xdr few = sample(0).record(2002, Xdr().u32({1, 2}));
  EXPECT_EQ(read_counter_sample(few.bytes, false, read).problem, Malformed::trailing_bytes);
  EXPECT_EQ(read.present.count(), 0u);
  Xdr long_record = sample(1).u32({2002, kUnknown, 1, 2});
  EXPECT_EQ(read_counter_sample(long_record.bytes, false, read).problem, Malformed::short_sample_record);
  EXPECT_EQ(read.present.count(), 0u);
}

// XDR pads opaque data to four octets.
TEST(SflowCounters, RecordsArePaddedToFourOctets) {
  Xdr xdr = sample(2).u32({1005, 6}).u32({0x7461'7039, 0x3831'0000});
  xdr.record(2002, Xdr().u32({1, 2}));
  CounterSample read;
  EXPECT_FALSE(read_counter_sample(xdr.bytes, false, read).problem);
  EXPECT_EQ(read[CounterField::parent_index], 2u);
}

TEST(SflowCounters, ColumnNamesAndNumbersAreUnique) {
  std::set<std::string_view> names;
  std::set<uint16_t> numbers;
  for (const CounterColumn& column : kCounterColumns) {
    EXPECT_TRUE(names.insert(column.name).second) << column.name;
    EXPECT_TRUE(numbers.insert(column.number).second) << column.name;
  }
  EXPECT_EQ(kCounterHeaderCount, 7u);
  CounterSample sample;
  sample.sub_agent = 3, sample.uptime_ms = 4, sample.sequence = 5, sample.source_class = 6, sample.source_index = 7;
  for (size_t i = 2; i < kCounterHeaderCount; ++i) EXPECT_EQ(sample.header_number(i), kCounterColumns[i].number);
}

}  // namespace
}  // namespace weir
