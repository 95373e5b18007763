// SPDX-License-Identifier: Apache-2.0
// LedgerWatch: logs noteworthy changes in the ledger: an exporter that is new, silent or back; loss and kernel drops
// that begin and end; malformed input and refusals, by reason. The number of lines is bounded whatever is received: ten
// a minute for each of new exporters, loss and silence, then the number of those left out; one a minute for each of
// malformed input and refusals; two for each period in which the kernel drops datagrams of a listener.
//
//   in       the ledger, examined about once a second, at most kEntriesALook of its entries at a time
//   memory   sizeof(Seen) per entry; the ledger bounds their number
//   threads  one
#pragma once

#include <array>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ledger/ledger.h"

namespace weir {

// Lets the first lines of a kind in each minute through, and counts those that it suppresses.
class LineLimit {
 public:
  static constexpr int kMax = 10;
  static constexpr int64_t kWindowSeconds = 60;
  // Whether one more line may be logged.
  bool take(int64_t now_s);
  // The number suppressed, once their window is over; else 0.
  int64_t held_back(int64_t now_s);

 private:
  int64_t began_s_ = 0, held_back_ = 0;
  int said_ = 0;
};

class LedgerWatch {
 public:
  enum class Weight : uint8_t { info, warning };
  using Say = std::function<void(Weight, const std::string&)>;
  static constexpr uint32_t kEntriesALook = 16'384;
  static constexpr int64_t kOverSeconds = 60;     // loss or kernel drops have ended after this long without more
  static constexpr int64_t kSummarySeconds = 60;  // between two lines about malformed input, or about refusals
  // An exporter is silent after kSilentSeconds without a datagram, or kSilentTimes the mean interval between its
  // datagrams if that is longer; but only if it sent at least kSilentDatagrams, for at least kSilentSeconds.
  static constexpr int64_t kSilentSeconds = 60;
  static constexpr int64_t kSilentTimes = 10;
  static constexpr int64_t kSilentDatagrams = 10;

  // What the ledger already contains is not news. The ledger must outlive the watch.
  explicit LedgerWatch(const Ledger& ledger, Say say = to_log);
  // `now_s`: of a clock that is never set, in seconds.
  void look(int64_t now_s);

 private:
  static void to_log(Weight weight, const std::string& line);

  struct Seen {
    LedgerKey key;
    bool known = false, loses = false, silent = false;
    int64_t datagrams = 0, malformed = 0, refused = 0;
    // Loss counts once two successive looks at the entry show it: datagrams that were only late are subtracted by then.
    int64_t lost = 0, lost_believed = 0, lost_before = 0;
    int64_t loss_began_s = 0, last_loss_s = 0;
    int64_t began_s = 0, last_s = 0;  // when the entry was first seen, and when new datagrams were last seen in it
    int64_t datagrams_before = 0;     // when it was first seen
  };
  struct Worst {
    LedgerKey key;
    int64_t count = 0;
    void offer(const LedgerKey& of, int64_t n) {
      if (n > count) key = of, count = n;
    }
  };
  // Counts by reason: `sum` over the entries of the present round, `said` the highest that was logged.
  template <size_t N>
  struct Reasons {
    std::array<int64_t, N> sum{}, said{};
    Worst worst;
    int64_t said_s = INT64_MIN / 2;
  };
  enum class Kind : uint8_t { appeared, loss, silence, kCount };

  void see(const LedgerEntry& entry);
  void see_traffic(Seen& seen, const LedgerEntry& entry);
  void see_loss(Seen& seen, const LedgerEntry& entry);
  void see_reasons(Seen& seen, const LedgerEntry& entry);
  void round_is_over();
  void look_at_sockets();
  template <size_t N>
  void say_reasons(Reasons<N>& reasons, const std::string_view (&names)[N], const std::string& what);
  void say(Kind kind, Weight weight, const std::string& line);
  void say_held_back();
  void say_pending();

  const Ledger& ledger_;
  Say say_;
  int64_t now_s_ = 0;
  bool first_round_ = true;
  uint32_t next_ = 0;  // index of the entry to continue with
  std::vector<Seen> seen_;
  std::vector<std::pair<Weight, std::string>> pending_;  // found with the ledger's lock held, logged after its release
  Reasons<kMalformedCount> malformed_;
  Reasons<kRefusedCount> refused_;
  std::array<LineLimit, static_cast<size_t>(Kind::kCount)> limits_;
  struct Drops {
    int64_t count = 0, before = 0;
    int64_t began_s = 0, last_s = 0;
    bool going_on = false;
  };
  std::map<std::string, Drops> drops_;  // by listener
};

}  // namespace weir
