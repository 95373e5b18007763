// SPDX-License-Identifier: Apache-2.0
// What is sent is checked against nfcapd and tshark in test/test_gen_csv.py; this tests how the file is read.
#include "gen/csv.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"

namespace weir {
namespace {

std::string write(const std::string& text) {
  std::string path = testing::TempDir() + "/gen_csv_test.csv";
  std::ofstream(path, std::ios::trunc) << text;
  return path;
}

TEST(CsvFile, ColumnsInAnyOrderAndMissingOnesZero) {
  CsvFile file(
      write("bytes,dst_addr,src_addr,start_ms\n"
            "18446744073709551615,192.0.2.1,198.51.100.7,1313481706976\n"
            "\n"
            "7,2001:db8::1,2001:db8::2,0\r\n"));
  CsvFlow flow;
  ASSERT_TRUE(file.next(&flow));
  EXPECT_EQ(flow[CsvColumn::bytes], UINT64_MAX);
  EXPECT_EQ(flow.dst.to_string(), "192.0.2.1");
  EXPECT_EQ(flow.src.to_string(), "198.51.100.7");
  EXPECT_EQ(flow[CsvColumn::start_ms], 1313481706976u);
  EXPECT_EQ(flow[CsvColumn::packets], 0u);
  EXPECT_FALSE(flow.v6);
  ASSERT_TRUE(file.next(&flow));
  EXPECT_TRUE(flow.v6);
  EXPECT_EQ(flow.src.to_string(), "2001:db8::2");
  EXPECT_FALSE(file.next(&flow));
  file.rewind();
  ASSERT_TRUE(file.next(&flow));
  EXPECT_EQ(flow[CsvColumn::bytes], UINT64_MAX);
}

std::string error_of(const std::string& text) {
  try {
    CsvFile file(write(text));
    CsvFlow flow;
    while (file.next(&flow)) {
    }
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(CsvFile, ErrorsNameLineAndColumn) {
  auto has = [](const std::string& text, std::initializer_list<const char*> words) {
    std::string error = error_of(text);
    for (const char* word : words) EXPECT_NE(error.find(word), std::string::npos) << error << " lacks " << word;
  };
  has("", {"gen_csv_test.csv", "empty"});
  has("bytes,colour\n", {":1:", "colour", "start_ms"});
  has("bytes,bytes\n", {":1:", "bytes", "twice"});
  has("bytes,packets\n1,2\n3\n", {":3:", "2 columns", "1 values"});
  has("bytes,packets\n1,2,3\n", {":2:", "3 values"});
  has("bytes,packets\n1,\n", {":2:", "packets", "''"});
  has("bytes,proto\n1,6\n1,256\n", {":3:", "proto", "255"});
  has("bytes\n-1\n", {":2:", "bytes"});
  has("bytes\n18446744073709551616\n", {":2:", "bytes"});
  has("src_port\n80x\n", {":2:", "src_port", "80x"});
  has("src_addr\n1.2.3\n", {":2:", "src_addr", "1.2.3"});
  has("src_addr,dst_addr\n1.2.3.4,2001:db8::1\n", {":2:", "src_addr"});
  EXPECT_EQ(error_of("src_addr,dst_addr\n1.2.3.4,5.6.7.8\n"), "");
}

}  // namespace
}  // namespace weir
