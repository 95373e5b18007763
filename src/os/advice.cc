// SPDX-License-Identifier: Apache-2.0
#include "os/advice.h"

#include <errno.h>

namespace weir::os {

std::string_view advice(int error) {
  switch (error) {
    case EMFILE:
      return "raise the limit of open files (LimitNOFILE= of the unit, or ulimit -n)";
    case ENFILE:
      return "raise the machine's limit of open files (sysctl fs.file-max)";
    case ENOSPC:
      return "free space on that disk";
    case EDQUOT:
      return "free space, or raise the quota";
    case EFBIG:
      return "raise the limit of a file's size (ulimit -f)";
    case EACCES:
    case EPERM:
      return "make it writable for the user that weir runs as";
    case EROFS:
      return "the file system is mounted read-only: look at the disk (dmesg), then mount it again";
    case ENOENT:
    case ENOTDIR:
      return "the directory has gone: make it again with its owner and mode";
    case ENOMEM:
      return "give it more memory (MemoryMax= of the unit)";
    default:
      return "look at the disk (dmesg)";
  }
}

}  // namespace weir::os
