// SPDX-License-Identifier: Apache-2.0
#include "format/counter_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace weir {
namespace {

CounterSample interface_sample() {
  CounterSample sample;
  sample.received_ns = 1'378'125'488'790'492'000;
  sample.agent = *IpAddress::parse("2001:db8::1");
  sample.sub_agent = 2, sample.uptime_ms = 3, sample.sequence = 4, sample.source_class = 0, sample.source_index = 55;
  auto set = [&](CounterField field, uint64_t value) {
    sample.present.set(static_cast<size_t>(field));
    sample.values[static_cast<size_t>(field)] = value;
  };
  set(CounterField::if_index, 55);
  set(CounterField::in_octets, UINT64_MAX - 1);
  set(CounterField::host_out_drops, 0);
  return sample;
}

TEST(CounterWriter, JsonHasOnlyWhatTheAgentSent) {
  std::string line;
  write_counter_json(interface_sample(), line);
  EXPECT_EQ(line,
            R"({"time_received_ns":1378125488790492000,"sampler_address":"2001:db8::1","sub_agent":2,"uptime_ms":3,)"
            R"("sequence_num":4,"source_id_class":0,"source_id_index":55,"if_index":55,)"
            R"("in_octets":18446744073709551614,"host_out_drops":0})"
            "\n");
  EXPECT_TRUE(nlohmann::json::accept(line));
}

TEST(CounterWriter, CsvHasEveryColumnAndLeavesAbsentOnesEmpty) {
  std::string header, line;
  write_counter_csv_header(header);
  write_counter_csv(interface_sample(), line);
  EXPECT_TRUE(header.starts_with("time_received_ns,sampler_address,sub_agent,uptime_ms,sequence_num,")) << header;
  EXPECT_TRUE(line.starts_with("1378125488790492000,2001:db8::1,2,3,4,0,55,55,,,,,18446744073709551614,,")) << line;
  EXPECT_TRUE(line.ends_with(",0\n")) << line;
  EXPECT_EQ(std::ranges::count(line, ','), std::ranges::count(header, ','));
  EXPECT_EQ(static_cast<size_t>(std::ranges::count(line, ',')), kCounterColumnCount - 1);
}

}  // namespace
}  // namespace weir
