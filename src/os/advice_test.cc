// SPDX-License-Identifier: Apache-2.0
#include "os/advice.h"

#include <errno.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Advice, FitsTheError) {
  EXPECT_TRUE(os::advice(EMFILE).contains("ulimit -n"));
  EXPECT_TRUE(os::advice(EMFILE).contains("LimitNOFILE"));
  EXPECT_TRUE(os::advice(ENFILE).contains("fs.file-max"));
  EXPECT_TRUE(os::advice(ENOSPC).contains("free space"));
  EXPECT_TRUE(os::advice(EDQUOT).contains("quota"));
  EXPECT_TRUE(os::advice(EFBIG).contains("ulimit -f"));
  EXPECT_TRUE(os::advice(EACCES).contains("writable"));
  EXPECT_TRUE(os::advice(EROFS).contains("read-only"));
  EXPECT_TRUE(os::advice(EIO).contains("dmesg"));
  for (int error : {EMFILE, ENFILE, EACCES, EPERM, ENOENT, EFBIG})
    EXPECT_FALSE(os::advice(error).contains("disk")) << "it is not the disk: " << error;
}

}  // namespace
}  // namespace weir
