// SPDX-License-Identifier: Apache-2.0
// Checks that the ledger adds up: small random streams of known content with loss, reordering, duplication, restarts of
// the exporter, and templates that come late, never, or with another layout.
//
// What is exact, and under which conditions:
//   records decoded     each record contains its number twice; none is decoded with a wrong layout, and none more often
//                       than its datagram was received
//   data sets           each one received is decoded, or counted as expired or quarantined
//   sent = received + sequence_lost [+ expired_records]
//                       per boot between its first and its last datagram. If there are also data sets that are never
//                       decoded, lost records cannot be distinguished from theirs: then the sum of both is exact
//   duplicates          of datagrams that advance the sequence (IPFIX: with data)
// No collector can detect a layout that changes while the exporter runs if the template is lost or overtaken by its
// data. So here a change arrives in order; data sent before it may arrive after it.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "base/time_units.h"
#include "decode/decoder.h"
#include "wire/encode.h"

namespace weir {
namespace {

constexpr uint16_t kTemplate = 300;

// The record's number is in octetDeltaCount, a second value calculated from it in packetDeltaCount.
uint64_t second_value(uint64_t number) { return number * 31 + 7; }

// Layouts that fit each other's data (0, 1), and layouts that do not (2, 3): octets, packets, ports, and some padding.
const std::vector<TemplateField> kLayouts[] = {
    {{1, 8, 0}, {2, 8, 0}, {7, 2, 0}, {11, 2, 0}},
    {{2, 8, 0}, {7, 2, 0}, {11, 2, 0}, {1, 8, 0}},
    {{7, 2, 0}, {1, 8, 0}, {2, 8, 0}, {11, 2, 0}, {210, 8, 0}},
    {{1, 8, 0}, {210, 3, 0}, {2, 8, 0}, {7, 2, 0}, {11, 2, 0}},
};
constexpr size_t kLayoutCount = std::size(kLayouts);

struct SentSet {
  size_t layout = 0, version = 0;  // version: how often the layout has changed in this boot
  std::vector<uint64_t> numbers;
};
struct Sent {
  uint32_t boot = 0, sequence = 0, uptime_ms = 0;
  int64_t sent_ns = 0;
  bool has_template = false;
  size_t version = 0, layout = 0;  // of that template
  bool pinned = false;             // neither lost nor overtaken by a later one
  std::vector<SentSet> sets;       // after the template
  std::vector<SentSet> sets_before;
  std::vector<uint8_t> bytes;
  size_t records() const {
    size_t n = 0;
    for (const auto* list : {&sets_before, &sets})
      for (const SentSet& set : *list) n += set.numbers.size();
    return n;
  }
};

// ---- What is sent

class Stream {
 public:
  Stream(Protocol protocol, uint32_t seed) : protocol_(protocol), random_(seed) { run(); }
  std::vector<Sent> sent;
  size_t boots() const { return boot_ + 1; }

 private:
  bool one_in(uint32_t n) { return random_() % n == 0; }
  bool has_templates() const { return weir::has_templates(protocol_); }

  void run() {
    size_t boots = 1 + random_() % 3;
    for (boot_ = 0;; ++boot_) {
      run_boot();
      if (boot_ + 1 == boots) return;
      now_ns_ += (3 + random_() % 40) * kSecond;  // the exporter boots
      booted_ns_ = now_ns_ - 1'500'000'000;
      sequence_ = 0;
    }
  }

  void run_boot() {
    size_t first_template = one_in(2) ? 0 : random_() % 12, datagrams = 8 + random_() % 16;
    bool changes = one_in(2);
    version_ = 0;
    if (boot_ == 0 || one_in(2)) layout_ = random_() % kLayoutCount;
    for (size_t i = 0; i < datagrams; ++i) {
      now_ns_ += 100'000'000 + random_() % 300'000'000;
      Sent& datagram = begin();
      datagram.pinned = i == 0 || i + 1 == datagrams;
      bool refresh = i == first_template || (i > first_template && one_in(6));
      if (has_templates() && changes && i > first_template && i + 1 < datagrams && one_in(8)) {
        if (one_in(2)) add_set(datagram.sets_before);
        layout_ = (layout_ + 1 + random_() % (kLayoutCount - 1)) % kLayoutCount;
        ++version_;
        refresh = datagram.pinned = true;
      }
      datagram.has_template = has_templates() && refresh;
      datagram.pinned |= changes && i == first_template;
      datagram.layout = layout_, datagram.version = version_;
      // The last datagram's sequence number shows how many records were sent before it; it has no data sets itself.
      bool last = i + 1 == datagrams && has_templates();
      for (size_t sets = last ? 0 : 1 + random_() % 3; sets > 0; --sets) add_set(datagram.sets);
      finish(datagram);
    }
  }

  Sent& begin() {
    Sent& datagram = sent.emplace_back();
    datagram.boot = static_cast<uint32_t>(boot_);
    datagram.sequence = sequence_;
    datagram.sent_ns = now_ns_;
    datagram.uptime_ms = static_cast<uint32_t>((now_ns_ - booted_ns_) / 1'000'000);
    return datagram;
  }

  void add_set(std::vector<SentSet>& sets) {
    if (!has_templates() && !sets.empty()) return;  // one block of records
    SentSet& set = sets.emplace_back();
    set.layout = layout_, set.version = version_;
    for (size_t n = 1 + random_() % 5; n > 0; --n) set.numbers.push_back(++number_);
  }

  void finish(Sent& datagram) {
    if (has_templates())
      encode(datagram);
    else
      encode_fixed(datagram);
    sequence_ += protocol_ == Protocol::netflow9 ? 1 : static_cast<uint32_t>(datagram.records());
  }

  void encode(Sent& datagram) {
    std::vector<uint8_t> buffer(4096);
    DatagramWriter writer(protocol_, buffer);
    write_sets(writer, datagram.sets_before);
    TemplateLayout layout{kTemplate, {}, kLayouts[datagram.layout]};
    ASSERT_TRUE(!datagram.has_template || writer.add_template(layout));
    write_sets(writer, datagram.sets);
    auto seconds = static_cast<uint32_t>(datagram.sent_ns / kSecond);
    size_t size = protocol_ == Protocol::netflow9
                      ? writer.finish_netflow9(datagram.uptime_ms, seconds, datagram.sequence, 0)
                      : writer.finish_ipfix(seconds, datagram.sequence, 0);
    datagram.bytes.assign(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(size));
  }

  static void write_sets(DatagramWriter& writer, const std::vector<SentSet>& sets) {
    for (const SentSet& set : sets) {
      ASSERT_TRUE(writer.begin_data_set(kTemplate));
      for (uint64_t number : set.numbers) {
        size_t bytes = 0;
        for (const TemplateField& field : kLayouts[set.layout]) bytes += field.length;
        uint8_t* at = writer.add_record(bytes);
        ASSERT_NE(at, nullptr);
        std::fill(at, at + bytes, 0);
        for (const TemplateField& field : kLayouts[set.layout]) {
          if (field.id == 1) store_be(at, number);
          if (field.id == 2) store_be(at, second_value(number));
          at += field.length;
        }
      }
    }
  }

  // Headers and records as decoder.cc describes them; packets at octet 16 of a record, octets at 20.
  void encode_fixed(Sent& datagram) {
    bool v1 = protocol_ == Protocol::netflow1, v7 = protocol_ == Protocol::netflow7;
    size_t header = v1 ? 16 : 24, record = v7 ? 52 : 48;
    datagram.bytes.assign(header + record * datagram.records(), 0);
    uint8_t* p = datagram.bytes.data();
    store_be(p, static_cast<uint16_t>(v1 ? 1 : v7 ? 7 : 5));
    store_be(p + 2, static_cast<uint16_t>(datagram.records()));
    store_be(p + 4, datagram.uptime_ms);
    store_be(p + 8, static_cast<uint32_t>(datagram.sent_ns / kSecond));
    if (!v1) store_be(p + 16, datagram.sequence);
    p += header;
    for (uint64_t number : datagram.sets.at(0).numbers) {
      store_be(p + 16, static_cast<uint32_t>(second_value(number)));
      store_be(p + 20, static_cast<uint32_t>(number));
      p += record;
    }
  }

  const Protocol protocol_;
  std::mt19937 random_;
  size_t boot_ = 0, layout_ = 0, version_ = 0;
  uint32_t sequence_ = 0;
  uint64_t number_ = 0;
  int64_t now_ns_ = 1'700'000'000 * kSecond, booted_ns_ = now_ns_ - 5000 * kSecond;
};

// ---- The network

// Indices of `sent` in the order in which they arrive.
std::vector<size_t> arrivals(const std::vector<Sent>& sent, std::mt19937& random) {
  std::vector<size_t> order;
  for (size_t i = 0; i < sent.size(); ++i) {
    if (!sent[i].pinned && random() % 8 == 0) continue;
    order.push_back(i);
    if (random() % 10 == 0) order.push_back(i);
  }
  // A pinned datagram is not overtaken; a later one may move ahead of any other.
  for (size_t round = 0; round < 3; ++round)
    for (size_t i = 0; i + 1 < order.size(); ++i) {
      bool overtakes = order[i + 1] > order[i];
      if (random() % 6 == 0 && !(overtakes && sent[order[i]].pinned)) std::swap(order[i], order[i + 1]);
    }
  return order;
}

// ---- What is expected

struct Expected {
  std::map<uint64_t, size_t> decoded;  // record number, and how often it is decoded
  std::set<uint64_t> optional;         // either is correct: decoded, or quarantined
  int64_t duplicates = 0, duplicate_records = 0, restarts = 0;
  int64_t lost_datagrams = 0, lost_records = 0, undecoded_sets = 0;
  int64_t undecoded_records = 0;  // each counted once, however often it was received
};

// Calculates what is expected from the arrivals; it knows what each datagram is, and where the decoder sees each boot
// end.
class Oracle {
 public:
  Oracle(Protocol protocol, const std::vector<Sent>& sent, const std::vector<size_t>& order)
      : protocol_(protocol), sent_(sent), order_(order) {}

  Expected expect() {
    std::map<uint32_t, size_t> first;
    for (size_t at = 0; at < order_.size(); ++at) {
      const size_t index = order_[at];
      const uint32_t boot = sent_[index].boot;
      const bool is_first = first.try_emplace(boot, index).second;
      if (boot == 0 || (!is_first && first[boot] != index)) known_from_.try_emplace(boot, at);
    }
    expected_.restarts = static_cast<int64_t>(known_from_.size()) - 1;
    std::set<size_t> seen;
    for (size_t at = 0; at < order_.size(); ++at) {
      const Sent& datagram = sent_[order_[at]];
      bool again = !seen.insert(order_[at]).second;
      bool counts = protocol_ == Protocol::netflow9 || datagram.records() > 0;
      if (again && counts && protocol_ != Protocol::netflow1) ++expected_.duplicates;
      for (const SentSet& set : datagram.sets_before) expect(datagram, set, at, again);
      for (const SentSet& set : datagram.sets) expect(datagram, set, at, again);
    }
    for (size_t i = 0; i < sent_.size(); ++i) {
      if (seen.contains(i)) continue;
      ++expected_.lost_datagrams;
      expected_.lost_records += static_cast<int64_t>(sent_[i].records());
    }
    return expected_;
  }

 private:
  // Adds what is expected for a data set: whether its template (boot and version) arrives in time to decode it.
  void expect(const Sent& datagram, const SentSet& set, size_t at, bool again) {
    size_t end = boot_end(datagram.boot);
    bool is_late = at >= end;  // the next boot has begun: only templates known before it can be used
    size_t waits_until = is_late ? end : std::max(end, at);
    bool has_own =
        &set >= datagram.sets.data() && &set < datagram.sets.data() + datagram.sets.size() && datagram.has_template;
    std::set<size_t> known = versions(datagram.boot, is_late ? end : at);
    bool in_time = known.contains(set.version) || !weir::has_templates(protocol_) || (has_own && !is_late);
    bool comes = in_time || (known.empty() && versions(datagram.boot, waits_until).contains(set.version));
    auto records = static_cast<int64_t>(set.numbers.size());
    bool is_old = changes_since(datagram.boot, set.version, at) > 1;  // two layouts of a template are kept
    if (is_old || (is_late && has_own)) expected_.optional.insert(set.numbers.begin(), set.numbers.end());
    if (again) expected_.duplicate_records += comes ? records : 0;
    for (uint64_t number : set.numbers) expected_.decoded[number] += comes;
  }

  // How often the layout changed after that of this boot and version, before `until`.
  size_t changes_since(uint32_t boot, size_t version, size_t until) const {
    size_t changes = 0;
    std::optional<size_t> layout;
    for (size_t at = 0; at < until; ++at) {
      const Sent& d = sent_[order_[at]];
      if (!d.has_template) continue;
      if (layout && d.layout != *layout) ++changes;
      if (layout || (d.boot == boot && d.version == version)) layout = d.layout;
    }
    return changes;
  }

  size_t boot_end(uint32_t boot) const {
    auto next = known_from_.find(boot + 1);
    return next == known_from_.end() ? order_.size() : next->second;
  }

  std::set<size_t> versions(uint32_t boot, size_t until) const {
    std::set<size_t> found;
    for (size_t at = 0; at < until; ++at)
      if (const Sent& d = sent_[order_[at]]; d.boot == boot && d.has_template) found.insert(d.version);
    return found;
  }

  const Protocol protocol_;
  const std::vector<Sent>& sent_;
  const std::vector<size_t>& order_;
  std::map<uint32_t, size_t> known_from_;  // boot, and when its second datagram arrives, which confirms the first
  Expected expected_;
};

// ---- What is decoded

struct Outcome {
  std::map<uint64_t, size_t> decoded;
  size_t wrong = 0;
  LedgerRow row;
};

Outcome decode(Protocol protocol, const std::vector<Sent>& sent, const std::vector<size_t>& order) {
  TemplateStoreConfig config;
  config.hold = {limits::kHeldForNs, limits::kHeldBytesPerExporter, limits::kHeldBytes};
  Ledger ledger(0, 16);
  TemplateStore templates(config);
  Streams streams(ledger, templates);
  static BatchPool pool;
  Outcome outcome;
  auto take = [&](std::unique_ptr<FlowBatch> batch) {
    for (uint32_t row = 0; row < batch->rows(); ++row) {
      uint64_t number = batch->number(Field::bytes, row);
      uint64_t second = batch->number(Field::packets, row);
      ++outcome.decoded[number];
      outcome.wrong += second != second_value(number);
    }
    pool.give_back(std::move(batch));
  };
  Decoder decoder({}, templates, streams, ledger, pool, take);
  int64_t now_ns = 0;
  for (size_t index : order) {
    now_ns = std::max(now_ns + 1000, sent[index].sent_ns);
    decoder.decode({sent[index].bytes, IpAddress::v4(0xc0000201), 4000, now_ns});
  }
  decoder.give_up_held();
  decoder.flush();
  LedgerSnapshot rows = ledger.rows();
  EXPECT_EQ(rows.entries.size(), 1u);
  outcome.row = rows.entries.at(0);
  EXPECT_EQ(outcome.row.key.protocol, protocol);
  return outcome;
}

// Counts the received data sets that were not decoded, each copy separately.
void count_undecoded(const std::vector<Sent>& sent, const std::vector<size_t>& order, const Outcome& outcome,
                     Expected& expected) {
  std::map<uint64_t, size_t> copies;
  std::map<uint64_t, size_t> size_of;
  for (size_t index : order)
    for (const auto* sets : {&sent[index].sets_before, &sent[index].sets})
      for (const SentSet& set : *sets) ++copies[set.numbers[0]], size_of[set.numbers[0]] = set.numbers.size();
  for (const auto& [number, came] : copies) {
    auto found = outcome.decoded.find(number);
    size_t out = found == outcome.decoded.end() ? 0 : found->second;
    ASSERT_LE(out, came);
    expected.undecoded_sets += static_cast<int64_t>(came - out);
  }
}

// Describes the arrivals, one line per datagram: boot, number, sets (layout/version: records), template.
std::string describe(const std::vector<Sent>& sent, const std::vector<size_t>& order) {
  std::string text;
  auto add = [&](const std::vector<SentSet>& sets) {
    for (const SentSet& set : sets)
      text += " set " + std::to_string(set.layout) + "/v" + std::to_string(set.version) + ":" +
              std::to_string(set.numbers.front()) + ".." + std::to_string(set.numbers.back());
  };
  for (size_t index : order) {
    const Sent& d = sent[index];
    text += "#" + std::to_string(index) + " boot " + std::to_string(d.boot) + " seq " + std::to_string(d.sequence);
    add(d.sets_before);
    if (d.has_template) text += " template " + std::to_string(d.layout) + "/v" + std::to_string(d.version);
    add(d.sets);
    text += d.pinned ? " pinned\n" : "\n";
  }
  return text;
}

class LedgerScenarios : public testing::TestWithParam<Protocol> {};

void check_sequence(Protocol protocol, const Expected& expected, const LedgerRow& row, int64_t first_copies_undecoded) {
  EXPECT_EQ(row.restarts, expected.restarts);
  EXPECT_EQ(row.duplicates, expected.duplicates);
  if (protocol == Protocol::netflow9) {
    EXPECT_EQ(row.sequence_lost, expected.lost_datagrams);
  } else if (protocol == Protocol::ipfix) {
    EXPECT_EQ(row.sequence_lost + row.expired_records, expected.lost_records + first_copies_undecoded);
    EXPECT_TRUE(first_copies_undecoded > 0 || row.sequence_lost == expected.lost_records);
  } else {
    EXPECT_EQ(row.sequence_lost, expected.lost_records);
  }
}

void run_scenario(Protocol protocol, uint32_t seed) {
  Stream stream(protocol, seed);
  std::mt19937 random(seed * 7919);
  std::vector<size_t> order = arrivals(stream.sent, random);
  Expected expected = Oracle(protocol, stream.sent, order).expect();
  Outcome outcome = decode(protocol, stream.sent, order);
  SCOPED_TRACE(describe(stream.sent, order));
  const LedgerRow& row = outcome.row;

  EXPECT_EQ(outcome.wrong, 0u) << "records out of a wrong layout";
  for (const auto& [number, times] : expected.decoded) {
    auto found = outcome.decoded.find(number);
    size_t out = found == outcome.decoded.end() ? 0 : found->second;
    if (expected.optional.contains(number)) continue;
    EXPECT_EQ(out, times) << "record " << number;
  }
  int64_t records = 0;
  for (const auto& [number, times] : outcome.decoded) {
    EXPECT_TRUE(expected.decoded.contains(number)) << number << " was never sent";
    records += static_cast<int64_t>(times);
  }
  EXPECT_EQ(row.records, records);
  EXPECT_EQ(row.datagrams, static_cast<int64_t>(order.size()));
  EXPECT_EQ(row.malformed, 0);

  count_undecoded(stream.sent, order, outcome, expected);
  EXPECT_EQ(row.held, 0);
  EXPECT_EQ(row.expired + row.quarantined, expected.undecoded_sets);
  EXPECT_EQ(row.missing_template, row.replayed_sets + row.expired + row.quarantined);
  EXPECT_LE(row.replayed, row.records);

  if (protocol == Protocol::netflow1) return;
  // Records that were received, and of which no copy was decoded, or only a later one.
  int64_t received = 0;
  for (size_t i = 0; i < stream.sent.size(); ++i)
    if (std::ranges::find(order, i) != order.end()) received += static_cast<int64_t>(stream.sent[i].records());
  int64_t not_decoded = received - (row.records - row.duplicate_records);
  check_sequence(protocol, expected, row, not_decoded);
}

TEST_P(LedgerScenarios, AddUp) {
  const char* fixed = std::getenv("WEIR_SEED");
  uint32_t first = fixed ? static_cast<uint32_t>(std::strtoul(fixed, nullptr, 10)) : 1;
  for (uint32_t seed = first; seed < first + (fixed ? 1 : 3000); ++seed) {
    run_scenario(GetParam(), seed);
    if (testing::Test::HasFailure()) FAIL() << "WEIR_SEED=" << seed << " runs this scenario alone";
  }
}

INSTANTIATE_TEST_SUITE_P(All, LedgerScenarios,
                         testing::Values(Protocol::netflow1, Protocol::netflow5, Protocol::netflow7, Protocol::netflow9,
                                         Protocol::ipfix),
                         [](const auto& param) { return std::string(protocol_name(param.param)); });

}  // namespace
}  // namespace weir
