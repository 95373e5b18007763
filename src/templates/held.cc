// SPDX-License-Identifier: Apache-2.0
#include "templates/held.h"

#include <algorithm>

#include "base/assert.h"

namespace weir {

static uint64_t cost(const HeldSet& set) { return set.body.size() + HeldSets::kOverhead; }

void HeldSets::add(HeldSet set, std::vector<HeldSet>& dropped) {
  uint64_t bytes = cost(set);
  if (bytes > limits_.bytes_per_exporter || bytes > limits_.bytes) {
    dropped.push_back(std::move(set));
    return;
  }
  IpAddress exporter = set.session.exporter;
  drop_oldest_of(exporter, limits_.bytes_per_exporter - bytes, dropped);
  if (bytes_ + bytes > limits_.bytes) make_room(dropped);
  Key key{set.session, set.template_id};
  int64_t since = set.held_since_ns;
  Node& node = all_.emplace_back();
  node.set = std::move(set);
  node.self = std::prev(all_.end());
  Share& share = by_exporter_[exporter];
  node.in_share = share.sets.insert(share.sets.end(), &node);
  share.bytes += bytes;
  bytes_ += bytes;
  Queue& queue = by_key_[key];
  if (queue.sets.empty()) check_later(key, queue, since);
  queue.sets.push_back(&node);
}

void HeldSets::check_later(const Key& key, Queue& queue, int64_t at_ns) {
  if (checks_.size() >= kMostChecks) return;
  queue.check_at_ns = at_ns;
  checks_.push_back({at_ns, key});
}

// `node` is the oldest of its key.
HeldSet HeldSets::remove(Node* node) {
  HeldSet set = std::move(node->set);
  auto queue = by_key_.find(Key{set.session, set.template_id});
  WEIR_ASSERT(queue != by_key_.end() && queue->second.sets.front() == node);
  queue->second.sets.pop_front();
  if (queue->second.sets.empty()) by_key_.erase(queue);
  auto share = by_exporter_.find(set.session.exporter);
  share->second.sets.erase(node->in_share);
  share->second.bytes -= cost(set);
  if (share->second.sets.empty()) by_exporter_.erase(share);
  bytes_ -= cost(set);
  all_.erase(node->self);
  return set;
}

void HeldSets::drop_oldest_of(const IpAddress& exporter, uint64_t down_to, std::vector<HeldSet>& dropped) {
  for (;;) {
    auto share = by_exporter_.find(exporter);
    if (share == by_exporter_.end() || share->second.bytes <= down_to) return;
    dropped.push_back(remove(share->second.sets.front()));
  }
}

// Down to seven eighths of the total, so that sorting the holders is paid for by many sets. The largest come down to
// the next largest, and so on.
void HeldSets::make_room(std::vector<HeldSet>& dropped) {
  uint64_t goal = limits_.bytes / 8 * 7;
  std::vector<std::pair<uint64_t, IpAddress>> holders;
  for (const auto& [exporter, share] : by_exporter_) holders.emplace_back(share.bytes, exporter);
  std::sort(holders.rbegin(), holders.rend());
  while (bytes_ > goal) {
    for (size_t i = 0; i < holders.size() && bytes_ > goal; ++i) {
      uint64_t next = i + 1 < holders.size() ? holders[i + 1].first : 0;
      holders[i].first = next < holders[i].first ? next : holders[i].first / 2;
      drop_oldest_of(holders[i].second, holders[i].first, dropped);
    }
  }
}

std::vector<HeldSet> HeldSets::take(const SessionKey& session, uint16_t template_id) {
  std::vector<HeldSet> taken;
  for (;;) {
    auto waiting = by_key_.find(Key{session, template_id});
    if (waiting == by_key_.end()) return taken;
    taken.push_back(remove(waiting->second.sets.front()));
  }
}

void HeldSets::expire(int64_t now_ns, std::vector<HeldSet>& dropped) {
  if (limits_.hold_for_ns == 0) return;
  while (!all_.empty() && now_ns - all_.front().set.held_since_ns > limits_.hold_for_ns)
    dropped.push_back(remove(&all_.front()));
}

std::vector<HeldSet> HeldSets::take_all() {
  std::vector<HeldSet> taken;
  while (!all_.empty()) taken.push_back(remove(&all_.front()));
  checks_.clear();
  return taken;
}

std::vector<HeldSets::Waiting> HeldSets::due(int64_t before_ns, int64_t now_ns) {
  std::vector<Waiting> found;
  for (size_t left = checks_.size(); left > 0 && checks_.front().at_ns <= before_ns; --left) {
    Check check = checks_.front();
    checks_.pop_front();
    auto queue = by_key_.find(check.key);
    if (queue == by_key_.end() || queue->second.check_at_ns != check.at_ns) continue;  // of an earlier wait
    int64_t since = queue->second.sets.front()->set.held_since_ns;
    if (since <= before_ns)
      found.push_back({check.key.session, check.key.template_id, queue->second.sets.size(), since});
    check_later(check.key, queue->second, now_ns);
  }
  return found;
}

std::vector<const HeldSet*> HeldSets::peek(const SessionKey& session, uint16_t template_id) const {
  std::vector<const HeldSet*> sets;
  auto queue = by_key_.find(Key{session, template_id});
  if (queue == by_key_.end()) return sets;
  for (const Node* node : queue->second.sets) sets.push_back(&node->set);
  return sets;
}

}  // namespace weir
