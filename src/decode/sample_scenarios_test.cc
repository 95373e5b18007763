// SPDX-License-Identifier: Apache-2.0
// Checks that the ledger of sFlow adds up: small random agents with loss, reordering, duplication and restarts. These
// counters are exact:
//
//   sent = received + sequence_lost      samples, per boot between the first and the last of each source
//   duplicates, duplicate_records        datagrams that were received again, and their samples
//   restarts                             each counted once, even if datagrams of the previous boot arrive after it
//
// Samples that arrive after the next boot has been recognised are received, but stay counted as lost.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "base/time_units.h"
#include "decode/decoder.h"
#include "decode/testing/sflow_octets.h"

namespace weir {
namespace {

constexpr uint32_t kAgents[] = {0xcb007105, 0xcb007106};  // behind one address
constexpr uint32_t kFlowFormat = 1, kCountersFormat = 2, kDiscardedFormat = 5;

struct Source {
  uint32_t format = 0, index = 0, next = 1;
};

struct Sent {
  size_t agent = 0;
  uint32_t boot = 0, sequence = 0, uptime_ms = 0;
  int64_t sent_ns = 0;
  bool pinned = false;            // neither lost nor overtaken by a later one: the first and the last of a boot
  std::vector<uint32_t> packets;  // numbers of the sampled packets, stored in their source address
  size_t samples = 0;
  Octets bytes;
};

// ---- What is sent

class Agent {
 public:
  Agent(size_t index, std::mt19937& random, std::vector<Sent>& sent) : index_(index), random_(random), sent_(sent) {
    for (uint32_t format : {kFlowFormat, kCountersFormat, kDiscardedFormat})
      for (uint32_t port = 1; port <= 1 + random_() % 2; ++port) sources_.push_back({format, port});
    begin_numbers();
  }

  // Boots last longer than the 10 s by which a datagram may be late.
  void run_boot() {
    size_t datagrams = 24 + random_() % 12;
    for (size_t i = 0; i < datagrams; ++i) {
      now_ns_ += kSecond / 2 + random_() % (kSecond / 2);
      bool pinned = i == 0 || i + 1 == datagrams;
      Octets samples;
      Sent datagram;
      datagram.agent = index_, datagram.boot = boot_, datagram.sent_ns = now_ns_, datagram.pinned = pinned;
      if (pinned)
        for (Source& source : sources_) add_sample(source, datagram, samples);
      else
        for (size_t n = random_() % 4; n > 0; --n) add_sample(sources_[random_() % sources_.size()], datagram, samples);
      datagram.sequence = sequence_++;
      datagram.uptime_ms = static_cast<uint32_t>((now_ns_ - booted_ns_) / 1'000'000);
      datagram.bytes = words({5, 1, kAgents[index_], 3, datagram.sequence, datagram.uptime_ms,
                              static_cast<uint32_t>(datagram.samples)}) +
                       samples;
      sent_.push_back(std::move(datagram));
    }
  }

  void restart() {
    ++boot_;
    now_ns_ += (3 + random_() % 40) * kSecond;
    booted_ns_ = now_ns_ - kSecond;
    begin_numbers();
  }

 private:
  // Numbers start at 1, or at a random number, so that they may wrap.
  void begin_numbers() {
    bool anywhere = random_() % 3 == 0;
    sequence_ = anywhere ? 0u - static_cast<uint32_t>(random_() % 30) : 1;
    for (Source& source : sources_) source.next = anywhere ? static_cast<uint32_t>(random_()) : 1;
  }

  void add_sample(Source& source, Sent& datagram, Octets& samples) {
    ++datagram.samples;
    uint32_t number = source.next++;
    if (source.format == kCountersFormat) {
      samples = samples + item(source.format, words({number, source.index, 0}));
      return;
    }
    datagram.packets.push_back(++packet_);
    // Only an Ethernet header: the source address ends in the number, and nothing after its EtherType is read.
    Octets frame = words({1, 100, 4, 14, 0x0200'0000, 0x0002'0200, packet_, 0x88b5'0000});
    Octets sample = source.format == kFlowFormat ? words({number, source.index, 512, 51'200, 0, 7, 8, 1})
                                                 : words({number, 0, source.index, 0, 7, 0, 256, 1});
    samples = samples + item(source.format, sample + item(1, frame));
  }

  const size_t index_;
  std::mt19937& random_;
  std::vector<Sent>& sent_;
  std::vector<Source> sources_;
  uint32_t boot_ = 0, sequence_ = 1;
  uint32_t packet_ = static_cast<uint32_t>(1'000'000 * (index_ + 1));
  int64_t now_ns_ = 1'700'000'000 * kSecond, booted_ns_ = now_ns_ - 5'000 * kSecond;
};

std::vector<Sent> send(std::mt19937& random) {
  std::vector<Sent> sent;
  for (size_t agent = 0; agent < 1 + random() % std::size(kAgents); ++agent) {
    Agent sender(agent, random, sent);
    sender.run_boot();
    for (size_t restarts = random() % 3; restarts > 0; --restarts) sender.restart(), sender.run_boot();
  }
  std::ranges::sort(sent, {}, &Sent::sent_ns);
  return sent;
}

// ---- The network

// Indices of `sent` in the order in which they arrive. Agents are independent of each other.
std::vector<size_t> arrivals(const std::vector<Sent>& sent, std::mt19937& random) {
  std::vector<size_t> order;
  for (size_t i = 0; i < sent.size(); ++i) {
    if (!sent[i].pinned && random() % 8 == 0) continue;
    order.push_back(i);
    if (random() % 10 == 0) order.push_back(i);
  }
  for (size_t round = 0; round < 3; ++round)
    for (size_t i = 0; i + 1 < order.size(); ++i) {
      const Sent &first = sent[order[i]], &second = sent[order[i + 1]];
      bool overtakes_pinned = first.agent == second.agent && order[i + 1] > order[i] && first.pinned;
      if (random() % 6 == 0 && !overtakes_pinned) std::swap(order[i], order[i + 1]);
    }
  return order;
}

// ---- What is expected

struct Expected {
  int64_t lost = 0, duplicates = 0, duplicate_samples = 0, restarts = 0, records = 0, counter_samples = 0;
  std::map<uint64_t, size_t> packets;  // number, and how often it comes
};

// When the decoder knows that a boot of an agent has begun: with its second datagram, which confirms the first, or at
// once if another agent's datagram is waiting to be confirmed.
class Boots {
 public:
  explicit Boots(const std::vector<Sent>& sent) : sent_(sent) {}
  void arrive(size_t index) {
    const Sent& datagram = sent_[index];
    if (waits_ && sent_[*waits_].agent == datagram.agent) {
      if (sent_[*waits_].boot != datagram.boot || *waits_ == index) return;
      waits_.reset();
    } else if (datagram.boot > begun(datagram.agent) && !waits_) {
      waits_ = index;
      return;
    }
    boots_[datagram.agent] = std::max(boots_[datagram.agent], datagram.boot);
  }
  uint32_t begun(size_t agent) { return boots_[agent]; }

 private:
  const std::vector<Sent>& sent_;
  std::map<size_t, uint32_t> boots_;  // by agent
  std::optional<size_t> waits_;
};

Expected expect(const std::vector<Sent>& sent, const std::vector<size_t>& order) {
  Expected expected;
  Boots boots(sent);
  std::set<size_t> seen, in_time;
  for (size_t index : order) {
    const Sent& datagram = sent[index];
    const uint32_t before = boots.begun(datagram.agent);
    boots.arrive(index);
    expected.restarts += boots.begun(datagram.agent) > before;
    expected.records += static_cast<int64_t>(datagram.packets.size());
    expected.counter_samples += static_cast<int64_t>(datagram.samples - datagram.packets.size());
    for (uint32_t packet : datagram.packets) ++expected.packets[packet];
    if (!seen.insert(index).second) {
      ++expected.duplicates;
      expected.duplicate_samples += static_cast<int64_t>(datagram.samples);
    } else if (datagram.boot >= boots.begun(datagram.agent)) {
      in_time.insert(index);
    }
  }
  for (size_t i = 0; i < sent.size(); ++i)
    if (!in_time.contains(i)) expected.lost += static_cast<int64_t>(sent[i].samples);
  return expected;
}

// ---- What is decoded

struct Outcome {
  std::map<uint64_t, size_t> packets;
  LedgerRow row;
};

Outcome decode(const std::vector<Sent>& sent, const std::vector<size_t>& order) {
  Ledger ledger(0, 16);
  TemplateStore templates({});
  Streams streams(ledger, templates);
  static BatchPool pool;
  Outcome outcome;
  auto take = [&](std::unique_ptr<FlowBatch> batch) {
    for (uint32_t row = 0; row < batch->rows(); ++row)
      ++outcome.packets[batch->number(Field::src_mac, row) & 0xffff'ffff];
    pool.give_back(std::move(batch));
  };
  Decoder decoder({}, templates, streams, ledger, pool, take);
  int64_t now_ns = 0;
  for (size_t index : order) {
    now_ns = std::max(now_ns + 1000, sent[index].sent_ns);
    decoder.decode({sent[index].bytes, IpAddress::v4(0xc0000201), 6343, now_ns});
  }
  decoder.flush();
  LedgerSnapshot rows = ledger.rows();
  EXPECT_EQ(rows.entries.size(), 1u);
  outcome.row = rows.entries.at(0);
  return outcome;
}

std::string describe(const std::vector<Sent>& sent, const std::vector<size_t>& order) {
  std::string text;
  for (size_t index : order) {
    const Sent& d = sent[index];
    text += "#" + std::to_string(index) + " agent " + std::to_string(d.agent) + " boot " + std::to_string(d.boot) +
            " uptime " + std::to_string(d.uptime_ms) + " number " + std::to_string(d.sequence) + " samples " +
            std::to_string(d.samples) + (d.pinned ? " pinned\n" : "\n");
  }
  return text;
}

void run_scenario(uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<Sent> sent = send(random);
  std::vector<size_t> order = arrivals(sent, random);
  SCOPED_TRACE(describe(sent, order));
  Expected expected = expect(sent, order);
  Outcome outcome = decode(sent, order);
  const LedgerRow& row = outcome.row;
  EXPECT_EQ(row.malformed, 0);
  EXPECT_EQ(row.datagrams, static_cast<int64_t>(order.size()));
  EXPECT_EQ(row.restarts, expected.restarts);
  EXPECT_EQ(row.duplicates, expected.duplicates);
  EXPECT_EQ(row.duplicate_records, expected.duplicate_samples);
  EXPECT_EQ(row.records, expected.records);
  EXPECT_EQ(row.counter_samples, expected.counter_samples);
  EXPECT_EQ(row.sequence_lost, expected.lost);
  EXPECT_EQ(outcome.packets, expected.packets);
}

TEST(SampleScenarios, AddUp) {
  const char* fixed = std::getenv("WEIR_SEED");
  uint32_t first = fixed ? static_cast<uint32_t>(std::strtoul(fixed, nullptr, 10)) : 1;
  for (uint32_t seed = first; seed < first + (fixed ? 1 : 3000); ++seed) {
    run_scenario(seed);
    if (testing::Test::HasFailure()) FAIL() << "WEIR_SEED=" << seed << " runs this scenario alone";
  }
}

}  // namespace
}  // namespace weir
