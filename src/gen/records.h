// SPDX-License-Identifier: Apache-2.0
// The record sources of a simulated exporter: generated (GeneratedRecords) or from a file (CsvRecords).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/protocol.h"
#include "gen/flows.h"
#include "wire/encode.h"

namespace weir {

// The content of datagrams.
struct Content {
  uint64_t datagrams = 0;
  uint64_t records = 0;
  uint64_t bytes = 0;    // sum of the octet counters
  uint64_t packets = 0;  // sum of the packet counters
  uint64_t options_records = 0;
  Content& operator+=(const Content& other);
};

// The exporter's clock as in the datagram's header. UTC.
struct ExporterClock {
  int64_t now_ns = 0;
  int64_t boot_ns = 0;
  uint32_t uptime_ms() const { return static_cast<uint32_t>((now_ns - boot_ns) / 1'000'000); }
};

class RecordSource {
 public:
  virtual ~RecordSource() = default;
  // v9 and IPFIX: the templates of the records, whose ids are kV4Template and kV6Template.
  virtual std::span<const TemplateLayout> templates() const = 0;
  // v9 and IPFIX: adds up to `limit` records in data sets, as many as fit.
  virtual void add(DatagramWriter& writer, size_t limit, const ExporterClock& clock, Content* content) = 0;
  // v5: the next record; false if there is none.
  virtual bool next(const ExporterClock& clock, NetFlow5Record* record) = 0;
  // sFlow: the flow whose packet is sampled next, and whether it is an IPv6 one. Generated records only.
  virtual Flow next_flow(bool* /*v6*/) { return {}; }
  virtual bool finished() const { return false; }
  virtual uint64_t skipped() const { return 0; }  // records that do not fit the protocol
};

inline constexpr uint16_t kV4Template = 256, kV6Template = 257, kSamplerTemplate = 258;

// How generated records of v9 and IPFIX use templates.
struct TemplateUse {
  static constexpr uint64_t kMax = 6;  // so that those of both address families fit into one datagram
  uint64_t ids = 1;                    // for each address family, datagrams alternate between them; 1 to kMax
  bool variable_length = false;        // IPFIX: applicationName at the end of each record
};

// NetFlow v5 has two octets for an AS number; AS_TRANS stands for a longer one (RFC 6793).
inline uint16_t two_octet_as(uint32_t as) { return as > 0xffff ? uint16_t{23'456} : static_cast<uint16_t>(as); }

// One exporter's endless generated records, with the fields of a common router.
class GeneratedRecords final : public RecordSource {
 public:
  // `sampled`: the records refer to sampler 1. v5 has no IPv6 and uses a share of 0.
  GeneratedRecords(Protocol protocol, const Network& network, uint64_t seed, double ipv6_share, bool sampled,
                   const TemplateUse& use = {});

  std::span<const TemplateLayout> templates() const override { return templates_; }
  void add(DatagramWriter& writer, size_t limit, const ExporterClock& clock, Content* content) override;
  bool next(const ExporterClock& clock, NetFlow5Record* record) override;
  Flow next_flow(bool* v6) override;

 private:
  bool next_is_v6(size_t records) const;

  Protocol protocol_;
  FlowSource flows_;
  double ipv6_share_;
  bool sampled_;
  TemplateUse use_;
  std::vector<TemplateLayout> templates_;
  std::array<uint64_t, 2> turn_{};  // datagrams so far of IPv4 and of IPv6
  uint64_t records_ = 0;
  uint64_t v6_records_ = 0;
};

// Bytes of the longest record of a protocol, whatever its source.
size_t longest_record_bytes(Protocol protocol, const TemplateUse& use = {});

}  // namespace weir
