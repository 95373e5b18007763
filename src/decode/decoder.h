// SPDX-License-Identifier: Apache-2.0
// Decoding: export datagrams in, rows of a FlowBatch out. NetFlow v1, v5, v7, v9 and IPFIX over UDP or from a
// file.
//
//   in       Datagram (borrowed bytes)
//   out      full batches to `emit`; the last, partial one at flush()
//   threads  one Decoder per worker; templates, streams and ledger are shared
//   memory   one batch, and what this worker remembers of each sender (bounded as Streams is)
//   failure  malformed input is counted under its reason in the sender's account; what can be read is read
#pragma once

#include <absl/container/flat_hash_map.h>

#include <functional>
#include <memory>
#include <vector>

#include "decode/run_plan.h"
#include "decode/streams.h"
#include "flow/batch.h"
#include "ledger/ledger.h"
#include "templates/store.h"
#include "wire/datagram.h"

namespace weir {

struct DecoderConfig {
  uint64_t default_sampling_rate = 0;  // where neither record, options data nor header name one
};

class Decoder {
 public:
  using Emit = std::function<void(std::unique_ptr<FlowBatch>)>;

  Decoder(const DecoderConfig& config, TemplateStore& templates, Streams& streams, Ledger& ledger, BatchPool& pool,
          Emit emit);

  void decode(const Datagram& datagram);
  // Emits the partial batch, if it has rows.
  void flush();
  // Reads what has waited long enough with another port's template, and gives up what waited too long. Any worker,
  // about once a second. `all`: nothing more will come (the end of a file).
  void tick(int64_t monotonic_ns, bool all = false);
  // Gives up everything still held (the end of the process).
  void give_up_held();
  // Received time of the oldest row not yet emitted; 0 where there is none.
  int64_t oldest_pending_ns() const { return batch_->empty() ? 0 : batch_->runs().front().received_ns; }

 private:
  // What this worker remembers of a sender.
  struct Known {
    std::shared_ptr<Stream> stream;
    uint32_t version = 0;
    std::shared_ptr<const SessionPlans> plans;
  };
  // One datagram (or held set) being read.
  struct Message {
    Known* known = nullptr;
    SetContext context;
    TimeBase base;
    IpAddress exporter;
    uint16_t exporter_port = 0;
    Protocol protocol = Protocol::unknown;
    FlowType type = FlowType::unknown;
    uint32_t domain = 0;
    uint64_t header_sampling_rate = 0;
    Bytes sets;                     // v9, IPFIX: what follows the header
    uint32_t records = 0;           // data records decoded, options data included
    uint32_t sets_held = 0;         // data sets of this message that wait
    uint32_t sets_quarantined = 0;  // that will never be decoded
  };

  struct FixedVersion;
  void decode_fixed(const Datagram& datagram, const FixedVersion& version);
  void decode_netflow9(const Datagram& datagram);
  void decode_ipfix(const Datagram& datagram);
  void decode_sets(Message& message, Bytes sets);
  void read_templates(Message& message, Bytes body, TemplateKind kind);
  void install(Message& message, TemplateRecord& record);
  bool has_data_before(const Message& message, uint16_t set_id) const;
  void read_data_set(Message& message, uint16_t set_id, Bytes body);
  void hold(Message& message, uint16_t set_id, Bytes body);
  void quarantine(Message& message, Bytes body);

  // Decoding of a set's records with its plan; returns the number of data records.
  uint32_t read_records(const Message& message, const Plan& plan, Bytes body);
  uint32_t read_fixed(const Message& message, const Plan& plan, Bytes body);
  uint32_t read_variable(const Message& message, const Plan& plan, Bytes body);
  uint32_t read_options(const Message& message, const Plan& plan, Bytes body);
  void apply_options(const Message& message, const Plan& plan, const FieldBytes* fields);
  Run& begin_run(const Message& message, const Plan& plan, uint32_t rows);
  void finish_run(const Message& message, Run& run);
  void fill_sampling(const Message& message, Run& run);

  void replay(std::vector<HeldSet> sets, std::shared_ptr<const Plan> plan, Message* current, bool fallback);
  bool is_of(const HeldSet& set, const Message& message) const;
  // Why held sets will never be decoded.
  enum class GivenUp : uint8_t { expired, quarantined };
  void give_up(const std::vector<HeldSet>& sets, GivenUp why = GivenUp::expired);
  void count_forgotten(const std::vector<TemplateStore::Forgotten>& forgotten);
  bool begin(Message& message, const Datagram& datagram, Protocol protocol, uint32_t domain);
  Known* known(const SessionKey& key, int64_t now_ns);
  void refresh(Known& known);
  void arrive(Message& message);
  void finish(const Message& message, uint32_t units, bool units_known);
  SequenceHeader sequence_header(const Message& message) const;
  void follow_sequence(const Message& message, uint32_t units, bool units_known);
  static void count(Account& account, const SequenceChange& change);
  void refuse(const Datagram& datagram, Protocol protocol, Malformed reason);

  const DecoderConfig config_;
  TemplateStore& templates_;
  Streams& streams_;
  Ledger& ledger_;
  BatchPool& pool_;
  Emit emit_;
  std::unique_ptr<FlowBatch> batch_;
  absl::flat_hash_map<SessionKey, std::unique_ptr<Known>> known_;
  std::vector<FieldBytes> fields_;  // of the record being walked
  TemplateRecord record_;           // the template being read
  std::vector<HeldSet> dropped_;
};

}  // namespace weir
