// SPDX-License-Identifier: Apache-2.0
#include "os/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

namespace weir::os {
namespace {

TEST(Process, Figures) {
  ProcessFigures before = process_figures();
  EXPECT_GT(before.resident_bytes, 1u << 20);
  EXPECT_LT(before.resident_bytes, 4ull << 30);
  EXPECT_NEAR(before.start_seconds, static_cast<double>(std::time(nullptr)), 600);
  int fd = ::open("/dev/null", O_RDONLY);
  ProcessFigures after = process_figures();
  ::close(fd);
  EXPECT_EQ(after.open_files, before.open_files + 1);
  EXPECT_GE(after.cpu_seconds, before.cpu_seconds);
  EXPECT_GE(after.max_files, after.open_files);
}

TEST(Process, RaisesTheSoftLimitOfOpenFilesToTheHardOne) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 64;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &small), 0);
  EXPECT_EQ(process_figures().max_files, 64u);
  EXPECT_EQ(raise_open_files(), before.rlim_max);
  EXPECT_EQ(process_figures().max_files, before.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace weir::os
