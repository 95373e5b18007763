// SPDX-License-Identifier: Apache-2.0
// Replay: sends a capture's export datagrams to a collector again, at their original pace or another, each source from
// its own socket.
//
//   threads  the caller's
//   failure  runtime_failure if the capture cannot be read or has more than kMaxSources; a failed send ends the run
#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "capture/capture_file.h"
#include "os/resolve.h"
#include "os/signals.h"
#include "os/udp_socket.h"

namespace weir {

inline constexpr size_t kMaxUdpPayload = 65'507;  // that IPv4 can carry
inline constexpr size_t kReplayBatch = 64;        // datagrams per sendmmsg
inline constexpr size_t kMaxSources = 1024;       // each has a socket

enum class ReplayPace : uint8_t { original, rate, unpaced };

struct ReplayOptions {
  std::string file;
  os::Endpoint to;
  ReplayPace pace = ReplayPace::original;
  double rate = 0;     // datagrams a second
  double speed = 1;    // multiple of the original
  uint64_t loops = 1;  // 0: until interrupted
  uint16_t only_port = 0;
  bool verbose = false, json = false;
};

// A source in the capture and the socket that sends for it.
struct ReplaySource {
  os::Endpoint captured, local;
  os::UdpSocket socket;
};

// Gives each source its socket, created when it first appears. References remain valid.
class ReplaySources {
 public:
  explicit ReplaySources(const os::Endpoint& to) : to_(to) {
    loopback_v4_ = to.address.is_v4() && to.address.v4_host_order() >> 24 == 127;
    os::allow_open_files(kMaxSources + 64);
  }
  ReplaySource& at(const os::Endpoint& captured);
  const std::vector<std::unique_ptr<ReplaySource>>& all() const { return sources_; }

 private:
  IpAddress local_address(const IpAddress& captured);

  os::Endpoint to_;
  bool loopback_v4_;
  absl::flat_hash_map<std::pair<IpAddress, uint16_t>, ReplaySource*> by_endpoint_;
  absl::flat_hash_map<IpAddress, IpAddress> local_addresses_;
  std::vector<std::unique_ptr<ReplaySource>> sources_;
};

struct ReplayTotals {
  uint64_t datagrams = 0, bytes = 0, passes = 0;
  uint64_t other_port = 0, too_large = 0;
  CaptureCounts capture;  // of all passes
  int64_t start_ns = 0, end_ns = 0;
  double seconds() const { return static_cast<double>(end_ns - start_ns) / 1e9; }
};

class Replay {
 public:
  explicit Replay(const ReplayOptions& options)
      : options_(options), sources_(options.to), batch_(kReplayBatch, kMaxUdpPayload), sizes_(kReplayBatch) {}
  int run();  // returns the exit code
  const ReplayTotals& totals() const { return totals_; }
  const ReplaySources& sources() const { return sources_; }

 private:
  void pass();
  void add(const CapturedDatagram& captured);
  bool finished() const { return stopped_ || error_ != 0; }
  int64_t due_ns(int64_t captured_ns) const;
  void wait_until(int64_t due);
  void flush();
  int exit_code() const;

  const ReplayOptions& options_;
  os::Signals signals_;
  ReplaySources sources_;
  os::SendBatch batch_;        // of datagrams from one source
  std::vector<size_t> sizes_;  // of the datagrams in the batch
  const ReplaySource* source_ = nullptr;
  ReplayTotals totals_;
  uint64_t taken_ = 0, flushes_ = 0;
  int64_t pass_start_ns_ = 0, first_captured_ns_ = 0;
  int error_ = 0;
  bool stopped_ = false;
};

}  // namespace weir
