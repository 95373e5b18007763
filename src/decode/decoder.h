// SPDX-License-Identifier: Apache-2.0
// Decoding: export datagrams in, rows of a FlowBatch out. NetFlow v1, v5, v7, v9, IPFIX and sFlow v5 over UDP or from
// a file.
//
//   in       Datagram (borrowed bytes)
//   out      full batches to `emit`, counter samples to `emit_counters`; the last, partial ones at flush()
//   threads  one Decoder per worker; templates, streams and ledger are shared
//   memory   one batch, and what this worker remembers of each sender (bounded as Streams is)
//   failure  malformed input is counted under its reason in the sender's account; what can be read is read
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "decode/exporter_rules.h"
#include "decode/lists.h"
#include "decode/observer.h"
#include "decode/run_plan.h"
#include "decode/sampled_flow.h"
#include "decode/streams.h"
#include "flow/batch.h"
#include "ledger/ledger.h"
#include "os/state_memory.h"
#include "templates/store.h"
#include "wire/datagram.h"
#include "wire/sflow_counters.h"

namespace weir {

struct DecoderConfig {
  uint64_t default_sampling_rate = 0;  // where neither record, options data nor header name one
  DecodeObserver* observer = nullptr;  // told what is met, where there is one
  std::shared_ptr<const ExporterRules> exporters = std::make_shared<const ExporterRules>();
};

class Decoder {
 public:
  using Emit = std::function<void(std::unique_ptr<FlowBatch>)>;
  using EmitCounters = std::function<void(std::unique_ptr<CounterBatch>)>;

  // Without `emit_counters` counter samples are only counted.
  Decoder(const DecoderConfig& config, TemplateStore& templates, Streams& streams, Ledger& ledger, BatchPool& pool,
          Emit emit, EmitCounters emit_counters = {});

  void decode(const Datagram& datagram);
  // One after the other; of many senders faster than each alone.
  void decode(std::span<const Datagram> datagrams);
  // Emits the partial batches that have rows.
  void flush();
  // Lets go of senders that have left the table of streams. To be called now and then where no datagrams come.
  void drop_forgotten();
  // Reads what has waited long enough for its stream, or with another port's template, and gives up what waited too
  // long. Any worker, about once a second. `all`: nothing more will come (the end of a file).
  void tick(int64_t monotonic_ns, bool all = false);
  // Reads what waits for its stream, and gives up everything still held (the end of the process).
  void give_up_held();
  // Received time of the oldest row not yet emitted; 0 where there is none.
  int64_t oldest_pending_ns() const;

 private:
  // What this worker remembers of a sender.
  struct Known {
    std::shared_ptr<Stream> stream;  // null in without_stream_
    // The stream's, to be found without reading it.
    Account* account = nullptr;
    Session* session = nullptr;  // null where it has no templates
    uint32_t version = 0;
    PostCounters post_counters = PostCounters::by_value;
    std::shared_ptr<const SessionPlans> plans;
  };
  // One datagram (or held set) being read.
  struct Message {
    Known* known = nullptr;
    const uint8_t* start = nullptr;  // of what is read; lies context.offset octets into the datagram's payload
    SetContext context;
    TimeBase base;
    IpAddress exporter;
    uint16_t exporter_port = 0;
    Protocol protocol = Protocol::unknown;
    FlowType type = FlowType::unknown;
    uint32_t domain = 0;
    uint64_t header_sampling_rate = 0;
    bool followed = true;           // its sequence number counts
    bool fallback = false;          // a held set, read with a layout that was not sent for it
    Bytes sets;                     // v9, IPFIX: what follows the header
    uint32_t records = 0;           // data records decoded, options data included
    uint32_t sets_held = 0;         // data sets of this message that wait
    uint32_t sets_quarantined = 0;  // that will never be decoded
    uint32_t look_ups = 0;          // of plans that templates of it have changed
    bool stale = false;             // there were too many of them: the plans are no longer looked up
    uint32_t options_taken = 0;     // times that options data of it were taken over for the data after them
    size_t looked_at = 0;           // octets of `sets` whose data sets are in data_ids_
  };
  // What waited for a template of the set that is being read.
  struct Released {
    std::shared_ptr<const Plan> plan;
    std::vector<HeldSet> sets;
  };

  void look_ahead(std::span<const Datagram> datagrams) const;
  void read(const Datagram& datagram, Standing standing);
  // stray.cc
  bool may_read(const Message& message, const Datagram& datagram, bool far);
  bool goes_on(const Stray& stray, const Message& message) const;
  static Standing standing_of_another(Stream& stream);
  void read_stray(const Stray& stray);
  void read_strays(int64_t monotonic_ns, bool all);
  struct FixedVersion;
  void decode_fixed(const Datagram& datagram, const FixedVersion& version);
  void decode_netflow9(const Datagram& datagram);
  void decode_ipfix(const Datagram& datagram);
  void decode_sets(Message& message, Bytes sets);
  void read_templates(Message& message, Bytes body, TemplateKind kind);
  void install(Message& message, TemplateRecord& record, TemplateKind kind, const uint8_t* at);
  void withdraw(Message& message, const TemplateRecord& record, TemplateKind kind);
  void settle(Message& message);
  void write_journal();
  bool has_data_before(Message& message, uint16_t set_id);
  void take_options(Message& message, uint16_t set_id);
  void read_data_set(Message& message, uint16_t set_id, Bytes body);
  static HeldSet held_set(const Message& message, uint16_t set_id, Bytes body);
  void hold(Message& message, uint16_t set_id, Bytes body);
  void quarantine(Message& message, uint16_t set_id, Bytes body);

  // Decoding of a set's records with its plan; returns the number of data records.
  uint32_t read_records(const Message& message, const Plan& plan, Bytes body);
  uint32_t read_fixed(const Message& message, const Plan& plan, Bytes body);
  uint32_t read_variable(const Message& message, const Plan& plan, Bytes body);
  uint32_t read_options(const Message& message, const Plan& plan, Bytes body);
  void tell_options(const Message& message);
  void drop_facts();
  uint32_t make_room(const Message& message, const Plan& plan);
  Run& begin_run(const Message& message, FieldMask mask, uint32_t rows);
  void finish_run(const Message& message, const Plan& plan, Run& run);

  // sFlow (sflow.cc).
  struct SampleStep {
    SampleKind kind;
    SampleSource source;
    uint32_t sequence;
  };
  void decode_sflow(const Datagram& datagram);
  void read_samples(Message& message, ByteReader& in, uint32_t count);
  void read_flow_sample(Message& message, Bytes body, SampleFormat format);
  void read_flow_records(const Message& message, ByteReader& in, uint32_t count);
  void put_sample(const Message& message, bool discarded);
  void read_counter_sample(Message& message, Bytes body, bool expanded);
  bool arrive_samples(Message& message, const Datagram& datagram);
  void follow_samples(const Message& message, const SflowHeader& header);

  void replay(std::vector<HeldSet> sets, std::shared_ptr<const Plan> plan, Message* current, bool fallback);
  bool is_of(const HeldSet& set, const Message& message) const;
  // Why held sets will never be decoded.
  enum class GivenUp : uint8_t { expired, quarantined };
  void give_up(const std::vector<HeldSet>& sets, GivenUp why = GivenUp::expired);
  void count_forgotten(const std::vector<TemplateStore::Forgotten>& forgotten);
  bool begin(Message& message, const Datagram& datagram, Protocol protocol, uint32_t domain);
  Known* without_stream(const SessionKey& key, int64_t now_ns);
  std::unique_lock<std::mutex> pin(Message& message);
  Known* known(const SessionKey& key, int64_t now_ns);
  void refresh(Known& known);
  bool arrive(Message& message, const Datagram& datagram);
  void finish(const Message& message, uint32_t units, bool units_known);
  static void count_unfollowed(Account& account, int64_t records);
  static void note_records(const Known& known);
  SequenceHeader sequence_header(const Message& message) const;
  void follow_sequence(const Message& message, uint32_t units, bool units_known);
  static void count(Account& account, const SequenceChange& change);
  CounterSample& next_counter_sample();
  void flush_counters();
  void refuse(const Datagram& datagram, Protocol protocol, Malformed reason);
  // Counts it; `at` is where the rule is broken.
  void malformed(const Message& message, Malformed reason, const uint8_t* at);
  DecodePlace place(const Message& message, const uint8_t* at) const;

  const DecoderConfig config_;
  TemplateStore& templates_;
  Streams& streams_;
  Ledger& ledger_;
  BatchPool& pool_;
  Emit emit_;
  EmitCounters emit_counters_;
  std::unique_ptr<FlowBatch> batch_;
  std::unique_ptr<CounterBatch> counters_;  // null while there are none
  // begin() alone adds to it while a message is read, before it takes an address in it.
  os::StateMap<SessionKey, Known> known_{os::table_memory()};
  uint64_t departures_ = 0;  // Streams::departures() when known_ was last gone through
  // The sender of a datagram that is decoded although there is no room for a stream.
  Known without_stream_;
  SessionKey without_stream_key_;
  std::optional<AccountHold> without_stream_hold_;
  Standing standing_ = Standing::asked;  // of the datagram being read
  std::unique_ptr<Stray> settled_;       // to be read before the datagram that settled it
  std::vector<FieldBytes> fields_;       // of the record being walked
  ListReader lists_;
  TemplateRecord record_;                   // the template being read
  std::vector<Released> released_;          // by the templates of the set being read
  absl::flat_hash_set<uint16_t> data_ids_;  // of the data sets before it; see Message::looked_at
  bool options_told_ = false;               // since the plans were looked up
  bool writes_journal_ = false;             // the store has changes that are not in its journal yet
  std::vector<HeldSet> dropped_;
  std::vector<OptionsFact> facts_;        // of the options data set being read
  std::deque<std::string> fact_texts_;    // that facts_ borrow
  std::unique_ptr<SampledFlow> sampled_;  // the sFlow sample being read
  std::vector<SampleStep> sample_steps_;  // of the datagram being read
  bool sample_run_open_ = false;          // the last run is of this datagram
};

}  // namespace weir
