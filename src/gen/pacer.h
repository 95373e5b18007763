// SPDX-License-Identifier: Apache-2.0
// Pacer: decides when `weir gen` sends, and how much.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace weir {

// Spreads a rate evenly: small bursts half a millisecond apart. After a delay it catches up at no more than about twice
// the rate, so that a receiver's buffer need not absorb what this program's own scheduling delayed.
class Pacer {
 public:
  // From start_ns on; `before` records were sent before that.
  Pacer(double rate, int64_t start_ns, uint64_t before = 0)
      : rate_(rate), start_ns_(start_ns), before_(static_cast<double>(before)) {}

  // How many records may be sent now, for datagrams of `datagram` records; 0: see wait_ns.
  double due(uint64_t sent, double datagram, int64_t now_ns) const {
    if (rate_ <= 0) return std::numeric_limits<double>::infinity();
    double late = behind(sent, datagram, now_ns);
    return late < datagram ? 0 : std::max(datagram, std::min(late, rate_ * kBurstSeconds));
  }
  // How long until the next datagram is due.
  int64_t wait_ns(uint64_t sent, double datagram, int64_t now_ns) const {
    return static_cast<int64_t>((datagram - behind(sent, datagram, now_ns)) / rate_ * 1e9) + 1;
  }

 private:
  static constexpr double kBurstSeconds = 0.001;  // of the rate: the maximum size of one burst
  // The first datagram is due at the start.
  double behind(uint64_t sent, double datagram, int64_t now_ns) const {
    return rate_ * static_cast<double>(now_ns - start_ns_) / 1e9 + datagram - (static_cast<double>(sent) - before_);
  }
  double rate_;
  int64_t start_ns_;
  double before_;
};

}  // namespace weir
