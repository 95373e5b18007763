// SPDX-License-Identifier: Apache-2.0
// What of the ledger is worth a line in the log: an exporter that is new, silent or back; loss and kernel drops that
// begin and end; malformed input and refusals, by reason. Whatever comes, it is a bounded number of lines: ten of a
// kind in a minute, then how many more there were.
//
//   in       the ledger, looked at about once a second, at most kEntriesALook of its entries at a time
//   memory   sizeof(Seen) of each entry, of which the ledger bounds the number
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

// Lets the first few of a kind through, and says once a minute how many it did not.
class LineLimit {
 public:
  static constexpr int kMax = 10;
  static constexpr int64_t kWindowSeconds = 60;
  // Whether one more may be said.
  bool take(int64_t now_s);
  // Those held back, once their window is over; else 0.
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
  static constexpr int64_t kOverSeconds = 60;      // without more of it, what began is over
  static constexpr int64_t kSummarySeconds = 60;   // between two lines of what goes on
  static constexpr int64_t kSilentSeconds = 60;    // at least; an exporter is silent after kSilentTimes its interval
  static constexpr int64_t kSilentTimes = 10;      // and only one that had sent for kSilentSeconds,
  static constexpr int64_t kSilentDatagrams = 10;  // and so many datagrams

  // What the ledger holds by now is no news. The ledger outlives it.
  explicit LedgerWatch(const Ledger& ledger, Say say = to_log);
  // `now_s`: any clock that goes on, seconds.
  void look(int64_t now_s);

 private:
  static void to_log(Weight weight, const std::string& line);

  struct Seen {
    LedgerKey key;
    bool known = false, loses = false, silent = false;
    int64_t datagrams = 0, malformed = 0, refused = 0;
    // Loss is believed once it shows in two looks: what only came late is taken back by then.
    int64_t lost = 0, lost_believed = 0, lost_before = 0;
    int64_t loss_began_s = 0, last_loss_s = 0;
    int64_t began_s = 0, last_s = 0;  // datagrams came, as seen here
    int64_t datagrams_before = 0;
  };
  struct Worst {
    LedgerKey key;
    int64_t count = 0;
    void offer(const LedgerKey& of, int64_t n) {
      if (n > count) key = of, count = n;
    }
  };
  // Counts by reason that only rise, summed over all entries.
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
  uint32_t next_ = 0;  // index of the entry to go on with
  std::vector<Seen> seen_;
  std::vector<std::pair<Weight, std::string>> pending_;  // found with the ledger's lock held, to be said without it
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
