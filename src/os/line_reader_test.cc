// SPDX-License-Identifier: Apache-2.0
#include "os/line_reader.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/error.h"

namespace weir::os {
namespace {

std::string path_of(const std::string& name) { return testing::TempDir() + "/line_reader_test." + name; }

std::string write_plain(const std::string& name, const std::string& text) {
  std::ofstream(path_of(name), std::ios::binary | std::ios::trunc) << text;
  return path_of(name);
}

std::string write_gzip(const std::string& name, const std::string& text) {
  gzFile out = gzopen(path_of(name).c_str(), "wb");
  EXPECT_EQ(gzwrite(out, text.data(), static_cast<unsigned>(text.size())), static_cast<int>(text.size()));
  gzclose(out);
  return path_of(name);
}

// Lines of all lengths up to a few hundred; together several times the size of the reader's buffer.
std::string many_lines(size_t lines) {
  std::string text;
  for (size_t i = 0; i < lines; ++i) text += std::to_string(i) + std::string(i * 7919 % 300, 'x') + "\n";
  return text;
}

void expect_lines(LineReader& reader, size_t lines) {
  std::string_view line;
  for (size_t i = 0; i < lines; ++i) {
    ASSERT_TRUE(reader.next(&line));
    ASSERT_EQ(line, std::to_string(i) + std::string(i * 7919 % 300, 'x'));
    ASSERT_EQ(reader.number(), i + 1);
  }
  EXPECT_FALSE(reader.next(&line));
}

TEST(LineReader, ReadsEveryLineOfPlainAndGzipTwice) {
  constexpr size_t kLines = 20'000;
  for (const std::string& path : {write_plain("plain", many_lines(kLines)), write_gzip("gzip", many_lines(kLines))}) {
    LineReader reader(path);
    expect_lines(reader, kLines);
    reader.rewind();
    expect_lines(reader, kLines);
  }
}

TEST(LineReader, AcceptsEitherLineEndAndALastLineWithoutOne) {
  LineReader reader(write_plain("ends", "a\r\n\nb"));
  std::string_view line;
  for (std::string expected : {"a", "", "b"}) {
    ASSERT_TRUE(reader.next(&line));
    EXPECT_EQ(line, expected);
  }
  EXPECT_FALSE(reader.next(&line));
}

void read_all(const std::string& path) {
  LineReader reader(path);
  std::string_view line;
  while (reader.next(&line)) {
  }
}

TEST(LineReader, TruncatedDamagedAndMissingFilesAreRefused) {
  std::string cut = write_gzip("cut", many_lines(5'000));
  std::filesystem::resize_file(cut, std::filesystem::file_size(cut) / 2);
  EXPECT_THROW(read_all(cut), Error);
  std::string damaged = write_gzip("damaged", many_lines(5'000));
  std::fstream(damaged, std::ios::in | std::ios::out | std::ios::binary).seekp(3'000) << "not what was there";
  EXPECT_THROW(read_all(damaged), Error);
  EXPECT_THROW(read_all(path_of("absent")), Error);
  EXPECT_THROW(read_all(testing::TempDir()), Error);
  EXPECT_THROW(read_all(write_plain("long", std::string(LineReader::kLongestLine + 1, 'x'))), Error);
  EXPECT_NO_THROW(read_all(write_plain("nearly", std::string(LineReader::kLongestLine, 'x'))));
}

}  // namespace
}  // namespace weir::os
