// SPDX-License-Identifier: Apache-2.0
#include "os/file_reader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"

namespace weir::os {
namespace {

std::string write_file(size_t bytes) {
  std::string path = testing::TempDir() + "/file_reader_test." + std::to_string(bytes);
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  for (size_t i = 0; i < bytes; ++i) out.put(static_cast<char>(i % 251));
  return path;
}

TEST(FileReader, ReturnsEveryByteInOrderAcrossRefills) {
  constexpr size_t kSize = 5'000'003;  // several refills of the 1 MiB buffer, not a multiple of the step
  FileReader reader(write_file(kSize), 70'000);
  size_t at = 0;
  while (at < kSize) {
    size_t want = std::min<size_t>(69'997, kSize - at);
    Bytes bytes = reader.peek(want);
    ASSERT_GE(bytes.size(), want);
    for (size_t i = 0; i < want; i += 97) ASSERT_EQ(bytes[i], (at + i) % 251);
    ASSERT_EQ(reader.offset(), at);
    ASSERT_EQ(reader.skip(want), want);
    at += want;
  }
  EXPECT_TRUE(reader.peek(1).empty());
  EXPECT_EQ(reader.skip(1), 0u);
}

TEST(FileReader, SkipsBeyondItsBufferAndReportsTheEndOfTheFile) {
  FileReader reader(write_file(3'000'000), 16);
  EXPECT_EQ(reader.skip(2'500'000), 2'500'000u);
  EXPECT_EQ(reader.peek(1)[0], 2'500'000 % 251);
  EXPECT_EQ(reader.skip(uint64_t{1} << 60), 500'000u);
  EXPECT_EQ(reader.offset(), 3'000'000u);
}

TEST(FileReader, UnreadableFilesAreRefusedByName) {
  for (const std::string& path : {std::string("/nonexistent/capture"), testing::TempDir()}) {
    try {
      FileReader reader(path, 16);
      ADD_FAILURE() << path;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ExitCode::usage);
      EXPECT_NE(std::string(e.what()).find(path), std::string::npos) << e.what();
    }
  }
}

}  // namespace
}  // namespace weir::os
