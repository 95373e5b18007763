// SPDX-License-Identifier: Apache-2.0
#include "output/output.h"

#include <errno.h>

namespace weir {

OutputError output_error(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return OutputError::no_space;
    case EFBIG:
      return OutputError::file_too_large;
    case EPIPE:
      return OutputError::closed_pipe;
    case EAGAIN:
      return OutputError::stuck_pipe;
  }
  return OutputError::input_output;
}

OutputStats OutputCounters::stats() const {
  OutputStats stats;
  stats.sent_records = sent_records_.load(std::memory_order_relaxed);
  stats.sent_bytes = sent_bytes_.load(std::memory_order_relaxed);
  for (size_t i = 0; i < kOutputErrorCount; ++i) {
    stats.errors[i] = errors_[i].load(std::memory_order_relaxed);
    stats.dropped_records[i] = dropped_[i].load(std::memory_order_relaxed);
  }
  return stats;
}

}  // namespace weir
