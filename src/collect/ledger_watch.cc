// SPDX-License-Identifier: Apache-2.0
#include "collect/ledger_watch.h"

#include <algorithm>
#include <utility>

#include "base/amounts.h"
#include "base/log.h"
#include "collect/collect_log.h"
#include "ledger/ledger_columns.h"

namespace weir {
namespace {

std::string name_of(const LedgerKey& key) {
  if (key == LedgerKey{}) return "exporters without a row of their own";
  std::string name = exporter_name(key.exporter) + " (" + std::string(protocol_name(key.protocol));
  return name + (key.domain ? ", domain " + std::to_string(key.domain) : "") + ")";
}

std::string units_of(Protocol protocol) { return std::string(sequence_unit(protocol)); }

}  // namespace

bool LineLimit::take(int64_t now_s) {
  if (held_back_ == 0 && now_s - began_s_ >= kWindowSeconds) began_s_ = now_s, said_ = 0;
  if (said_ < kMax) return ++said_, true;
  ++held_back_;
  return false;
}

int64_t LineLimit::held_back(int64_t now_s) {
  if (held_back_ == 0 || now_s - began_s_ < kWindowSeconds) return 0;
  began_s_ = now_s, said_ = 0;
  return std::exchange(held_back_, 0);
}

void LedgerWatch::to_log(Weight weight, const std::string& line) {
  weight == Weight::warning ? log_warning("exporters", line) : log_info("exporters", line);
}

LedgerWatch::LedgerWatch(const Ledger& ledger, Say say) : ledger_(ledger), say_(std::move(say)) {
  while (first_round_) look(0);
}

void LedgerWatch::look(int64_t now_s) {
  now_s_ = now_s;
  next_ = ledger_.visit(next_, kEntriesALook, [this](const LedgerEntry& entry) { see(entry); });
  say_pending();
  if (next_ == 0) round_is_over();
  look_at_sockets();
  say_held_back();
}

void LedgerWatch::see(const LedgerEntry& entry) {
  if (entry.index >= seen_.size()) seen_.resize(entry.index + 1);
  Seen& seen = seen_[entry.index];
  // The entry now belongs to another exporter, or to the same one again: its counts have restarted.
  const bool again = seen.known && seen.key == entry.key && entry.datagrams.value() < seen.datagrams;
  if (!seen.known || seen.key != entry.key || again) {
    seen = {};
    seen.key = entry.key;
    seen.known = true;
    seen.last_s = seen.began_s = now_s_;
    if (first_round_) {
      seen.lost = seen.lost_believed = entry.sequence_lost.value();
      seen.malformed = entry.malformed.value(), seen.refused = entry.refused.value();
      seen.datagrams = seen.datagrams_before = entry.datagrams.value();
    } else if (!again && entry.key != LedgerKey{} && entry.key.protocol != Protocol::unknown) {
      say(Kind::appeared, Weight::info, "new exporter " + name_of(entry.key));
    }
  }
  see_traffic(seen, entry);
  see_loss(seen, entry);
  see_reasons(seen, entry);
}

void LedgerWatch::see_traffic(Seen& seen, const LedgerEntry& entry) {
  const int64_t datagrams = entry.datagrams.value(), here = datagrams - seen.datagrams_before;
  if (entry.key == LedgerKey{} || entry.key.protocol == Protocol::unknown) return;
  if (datagrams != seen.datagrams) {
    if (seen.silent)
      say(Kind::silence, Weight::info,
          name_of(seen.key) + " sends again, after " + age_text(now_s_ - seen.last_s) + " of silence");
    seen.silent = false;
    seen.datagrams = datagrams;
    seen.last_s = now_s_;
    return;
  }
  const int64_t sent_for = seen.last_s - seen.began_s, silence = now_s_ - seen.last_s;
  if (seen.silent || here < kSilentDatagrams || sent_for < kSilentSeconds) return;
  if (silence < std::max(kSilentSeconds, kSilentTimes * sent_for / here)) return;
  seen.silent = true;
  say(Kind::silence, Weight::warning, name_of(seen.key) + " has sent nothing for " + age_text(silence));
}

void LedgerWatch::see_loss(Seen& seen, const LedgerEntry& entry) {
  const int64_t lost = entry.sequence_lost.value(), believed = std::min(lost, seen.lost);
  seen.lost = lost;
  if (lost < seen.lost_believed) seen.lost_believed = lost;
  if (believed > seen.lost_believed) {
    if (!seen.loses) {
      seen.loses = true;
      seen.loss_began_s = now_s_;
      seen.lost_before = seen.lost_believed;
      say(Kind::loss, Weight::warning,
          name_of(seen.key) + ": loss begins, " + number_text(believed - seen.lost_believed) + " " +
              units_of(seen.key.protocol) + " by the sequence numbers; weir exporters --only lossy shows more");
    }
    seen.lost_believed = believed;
    seen.last_loss_s = now_s_;
  }
  if (!seen.loses || now_s_ - seen.last_loss_s < kOverSeconds) return;
  seen.loses = false;
  say(Kind::loss, Weight::info,
      name_of(seen.key) + ": loss has ended, " + number_text(seen.lost_believed - seen.lost_before) + " " +
          units_of(seen.key.protocol) + " in " + age_text(seen.last_loss_s - seen.loss_began_s + 1));
}

void LedgerWatch::see_reasons(Seen& seen, const LedgerEntry& entry) {
  const int64_t malformed = entry.malformed.value(), refused = entry.refused.value();
  malformed_.worst.offer(seen.key, malformed - std::exchange(seen.malformed, malformed));
  refused_.worst.offer(seen.key, refused - std::exchange(seen.refused, refused));
  if (malformed != 0)
    for (size_t i = 0; i < kMalformedCount; ++i) malformed_.sum[i] += entry.malformed_by_reason[i].value();
  if (refused != 0)
    for (size_t i = 0; i < kRefusedCount; ++i) refused_.sum[i] += entry.refused_by_reason[i].value();
}

// An entry that is removed during a round may be counted twice, or not until the next round, so a sum may decrease. The
// count that was logged does not, so that nothing is logged twice.
template <size_t N>
void LedgerWatch::say_reasons(Reasons<N>& reasons, const std::string_view (&names)[N], const std::string& what) {
  const std::array<int64_t, N> sum = std::exchange(reasons.sum, {});
  if (first_round_) reasons.said = sum, reasons.worst = {};
  if (now_s_ - reasons.said_s < kSummarySeconds) return;
  std::string line;
  for (size_t i = 0; i < N; ++i) {
    const int64_t more = sum[i] - reasons.said[i];
    if (more > 0) line += (line.empty() ? "" : ", ") + std::string(names[i]) + " " + number_text(more);
    reasons.said[i] = std::max(sum[i], reasons.said[i]);
  }
  if (line.empty()) return;
  reasons.said_s = now_s_;
  say_(Weight::warning, what + ": " + line + "; most from " + name_of(std::exchange(reasons.worst, {}).key));
}

void LedgerWatch::round_is_over() {
  say_reasons(malformed_, kMalformedNames, "malformed input");
  say_reasons(refused_, kRefusedNames, "refused");
  first_round_ = false;
}

void LedgerWatch::look_at_sockets() {
  std::map<std::string, int64_t> now;
  for (const SocketRow& socket : ledger_.sockets()) now[socket.listener] += socket.kernel_drops;
  for (const auto& [listener, count] : now) {
    auto [found, is_new] = drops_.try_emplace(listener, Drops{.count = count});
    Drops& drops = found->second;
    if (count > drops.count) {
      if (!drops.going_on) {
        drops.going_on = true;
        drops.began_s = now_s_;
        drops.before = drops.count;
        say_(Weight::warning, listener + ": the kernel begins to drop datagrams (" + number_text(count - drops.count) +
                                  "), as a receive buffer is full: raise --rcvbuf, and net.core.rmem_max to at least "
                                  "as much");
      }
      drops.count = count;
      drops.last_s = now_s_;
    }
    if (!drops.going_on || now_s_ - drops.last_s < kOverSeconds) continue;
    drops.going_on = false;
    say_(Weight::info, listener + ": the kernel drops no more, after " + number_text(count - drops.before) +
                           " datagrams in " + age_text(drops.last_s - drops.began_s + 1));
  }
}

void LedgerWatch::say(Kind kind, Weight weight, const std::string& line) {
  if (limits_[static_cast<size_t>(kind)].take(now_s_)) pending_.emplace_back(weight, line);
}

void LedgerWatch::say_pending() {
  for (const auto& [weight, line] : std::exchange(pending_, {})) say_(weight, line);
}

void LedgerWatch::say_held_back() {
  static constexpr const char* kMore[] = {" more new exporters", " more lines about loss that began or ended",
                                          " more lines about exporters that went silent or sent again"};
  for (size_t i = 0; i < limits_.size(); ++i)
    if (const int64_t more = limits_[i].held_back(now_s_))
      say_(Weight::info, number_text(more) + kMore[i] + "; weir exporters shows all");
}

}  // namespace weir
