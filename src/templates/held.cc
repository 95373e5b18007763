// SPDX-License-Identifier: Apache-2.0
#include "templates/held.h"

#include <algorithm>

#include "base/assert.h"

namespace weir {

static uint64_t cost(const HeldSet& set) { return set.body.size() + HeldSets::kOverhead; }

void HeldSets::append(Chain& chain, Node* node, Links Node::* links) {
  (node->*links).before = chain.last;
  (chain.last ? (chain.last->*links).after : chain.first) = node;
  chain.last = node;
  ++chain.count;
}

void HeldSets::unlink(Chain& chain, Node* node, Links Node::* links) {
  Links& own = node->*links;
  (own.before ? (own.before->*links).after : chain.first) = own.after;
  (own.after ? (own.after->*links).before : chain.last) = own.before;
  own = {};
  --chain.count;
}

void HeldSets::add(HeldSet set, std::vector<HeldSet>& dropped) {
  uint64_t bytes = cost(set);
  if (bytes > limits_.bytes_per_exporter || bytes > limits_.bytes) {
    dropped.push_back(std::move(set));
    return;
  }
  IpAddress exporter = set.session.exporter;
  drop_oldest_of(exporter, limits_.bytes_per_exporter - bytes, dropped);
  if (!frees_budget(exporter, bytes, dropped)) {
    dropped.push_back(std::move(set));
    return;
  }
  if (bytes_ + bytes > limits_.bytes) evict_largest(dropped);
  Key key{set.session, set.template_id};
  int64_t since = set.held_since_ns;
  Node& node = all_.emplace_back();
  node.set = std::move(set);
  node.self = std::prev(all_.end());
  Share& share = by_exporter_[exporter];
  append(share.sets, &node, &Node::in_share);
  share.bytes += bytes;
  bytes_ += bytes;
  if (budget_) budget_->add(exporter, bytes);
  Queue& queue = by_key_[key];
  if (queue.sets.count == 0) check_later(key, queue, since);
  append(queue.sets, &node, &Node::in_key);
  queue.body_bytes += node.set.body.size();
}

void HeldSets::check_later(const Key& key, Queue& queue, int64_t at_ns) {
  if (checks_.size() >= kMaxChecks) return;
  queue.check_at_ns = at_ns;
  checks_.push_back({at_ns, key});
}

HeldSet HeldSets::remove(Node* node) {
  auto queue = by_key_.find(Key{node->set.session, node->set.template_id});
  auto share = by_exporter_.find(node->set.session.exporter);
  WEIR_ASSERT(queue != by_key_.end() && share != by_exporter_.end());
  unlink(queue->second.sets, node, &Node::in_key);
  unlink(share->second.sets, node, &Node::in_share);
  HeldSet set = std::move(node->set);
  queue->second.body_bytes -= set.body.size();
  share->second.bytes -= cost(set);
  bytes_ -= cost(set);
  if (budget_) budget_->remove(set.session.exporter, cost(set));
  if (queue->second.sets.count == 0) by_key_.erase(queue);
  if (share->second.sets.count == 0) by_exporter_.erase(share);
  all_.erase(node->self);
  return set;
}

bool HeldSets::frees_budget(const IpAddress& exporter, uint64_t bytes, std::vector<HeldSet>& dropped) {
  if (!budget_ || budget_->may_keep(exporter, bytes)) return true;
  auto share = by_exporter_.find(exporter);
  if (share == by_exporter_.end() || share->second.bytes < bytes) return false;
  drop_oldest_of(exporter, share->second.bytes - bytes, dropped);
  return true;
}

void HeldSets::drop_oldest_of(const IpAddress& exporter, uint64_t down_to, std::vector<HeldSet>& dropped) {
  for (;;) {
    auto share = by_exporter_.find(exporter);
    if (share == by_exporter_.end() || share->second.bytes <= down_to) return;
    dropped.push_back(remove(share->second.sets.first));
  }
}

// Evicts down to seven eighths of the total, so that the cost of sorting the exporters is spread over many sets.
// Exporters that hold more than `level` are cut down to it; `level` is the highest value at which all of them together
// stay within the goal.
void HeldSets::evict_largest(std::vector<HeldSet>& dropped) {
  std::vector<std::pair<uint64_t, IpAddress>> holders;
  for (const auto& [exporter, share] : by_exporter_) holders.emplace_back(share.bytes, exporter);
  std::sort(holders.begin(), holders.end());
  const uint64_t goal = limits_.bytes / 8 * 7;
  uint64_t left = goal, level = 0;
  for (size_t i = 0; i < holders.size(); ++i) {
    level = left / (holders.size() - i);
    if (holders[i].first > level) break;
    left -= holders[i].first;
  }
  for (size_t i = holders.size(); i-- > 0 && bytes_ > goal;) drop_oldest_of(holders[i].second, level, dropped);
}

std::vector<HeldSet> HeldSets::take(const SessionKey& session, uint16_t template_id) {
  std::vector<HeldSet> taken;
  for (;;) {
    auto waiting = by_key_.find(Key{session, template_id});
    if (waiting == by_key_.end()) return taken;
    taken.push_back(remove(waiting->second.sets.first));
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

std::vector<HeldSet> HeldSets::take_older(const SessionKey& session, uint32_t boot) {
  std::vector<HeldSet> taken;
  auto share = by_exporter_.find(session.exporter);
  Node* node = share == by_exporter_.end() ? nullptr : share->second.sets.first;
  while (node) {
    Node* after = node->in_share.after;
    bool is_older = static_cast<int32_t>(node->set.context.boot - boot) < 0;
    if (is_older && node->set.session == session) taken.push_back(remove(node));
    node = after;
  }
  return taken;
}

void HeldSets::for_each_key(const std::function<void(const Waiting&)>& visit, size_t limit) const {
  for (const auto& [key, queue] : by_key_) {
    if (limit-- == 0) return;
    const HeldSet& oldest = queue.sets.first->set;
    visit({key.session, key.template_id, queue.sets.count, queue.body_bytes, oldest.held_since_ns,
           oldest.context.received_ns});
  }
}

std::vector<HeldSets::Waiting> HeldSets::due(int64_t before_ns, int64_t now_ns) {
  std::vector<Waiting> found;
  for (size_t left = checks_.size(); left > 0 && checks_.front().at_ns <= before_ns; --left) {
    Check check = checks_.front();
    checks_.pop_front();
    auto queue = by_key_.find(check.key);
    if (queue == by_key_.end() || queue->second.check_at_ns != check.at_ns) continue;  // from an earlier wait
    const HeldSet& oldest = queue->second.sets.first->set;
    if (oldest.held_since_ns <= before_ns)
      found.push_back({check.key.session, check.key.template_id, queue->second.sets.count, queue->second.body_bytes,
                       oldest.held_since_ns, oldest.context.received_ns});
    check_later(check.key, queue->second, now_ns);
  }
  return found;
}

std::vector<const HeldSet*> HeldSets::peek(const SessionKey& session, uint16_t template_id) const {
  std::vector<const HeldSet*> sets;
  auto queue = by_key_.find(Key{session, template_id});
  if (queue == by_key_.end()) return sets;
  for (const Node* node = queue->second.sets.first; node; node = node->in_key.after) sets.push_back(&node->set);
  return sets;
}

}  // namespace weir
