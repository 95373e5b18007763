// SPDX-License-Identifier: Apache-2.0
#include "sink/output.h"

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

}  // namespace weir
