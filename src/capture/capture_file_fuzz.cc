// SPDX-License-Identifier: Apache-2.0
// Any bytes as a capture file: reading stays in bounds and terminates, and every frame is counted once.
#include <sys/mman.h>
#include <unistd.h>

#include <numeric>
#include <string>

#include "base/assert.h"
#include "base/error.h"
#include "capture/capture_file.h"
#include "os/file.h"
#include "wire/flow_export.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const int fd = ::memfd_create("capture", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(fd);
  WEIR_ASSERT(::ftruncate(fd, 0) == 0 && ::lseek(fd, 0, SEEK_SET) == 0);
  WEIR_ASSERT(weir::os::write_all(fd, data, size) == 0);
  try {
    weir::CaptureFile file(path);
    weir::CapturedDatagram datagram;
    uint64_t seen = 0, sum = 0, last_packet = 0;
    while (file.next(datagram)) {
      WEIR_ASSERT(datagram.packet_number > last_packet && datagram.file_offset <= size);
      last_packet = datagram.packet_number;
      for (uint8_t byte : datagram.datagram.bytes) sum += byte;
      sum += weir::looks_like_flow_export(datagram.datagram.bytes);
      ++seen;
    }
    const weir::CaptureCounts& counts = file.counts();
    WEIR_ASSERT(seen == counts.datagrams());
    WEIR_ASSERT(counts.frames == std::accumulate(counts.outcomes.begin(), counts.outcomes.end(), uint64_t{0}));
    WEIR_ASSERT(!counts.damaged || counts.damage.offset <= size);
    asm volatile("" : : "g"(sum));  // keeps the reads from being optimised away
  } catch (const weir::Error&) {    // neither a capture nor datagrams
  }
  return 0;
}
