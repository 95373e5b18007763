// SPDX-License-Identifier: Apache-2.0
// Generator: runs the exporters of `weir gen`: sends records at a steady rate or as fast as it can, and counts exactly
// what it sent.
//
//   threads  the caller's
//   failure  usage_error if the machine allows too few sockets; a failed send ends the run with exit code 1
#pragma once

#include <limits>
#include <memory>
#include <vector>

#include "gen/csv_records.h"
#include "gen/exporter.h"
#include "os/resolve.h"
#include "os/signals.h"
#include "os/udp_socket.h"

namespace weir {

inline constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();
inline constexpr size_t kDatagramBytes = 1'400;  // unless more records are requested
inline constexpr size_t kGenBatch = 32;          // datagrams per sendmmsg

struct GenOptions {
  ExporterSettings exporter;
  std::shared_ptr<CsvRecords> csv;  // null: generated records
  double ipv6_share = 0;            // of generated records
  TemplateUse template_use;         // of generated records
  os::Endpoint to;
  uint64_t exporters = 1;
  uint64_t seed = 1;
  uint64_t datagrams = kUnlimited;
  uint64_t records = kUnlimited;
  uint64_t records_per_datagram = kUnlimited;  // as many as fit
  size_t datagram_bytes = kDatagramBytes;
  double rate = 0;  // records a second; 0: as fast as possible
  int64_t duration_ns = 0;
  uint64_t pause_after = kUnlimited;  // records
  int64_t pause_ns = 0;
  uint16_t source_port = 0;
  bool json = false;
  bool endless() const { return datagrams == kUnlimited && records == kUnlimited && duration_ns == 0; }
};

class Generator {
 public:
  explicit Generator(const GenOptions& options);
  // Returns the exit code.
  int run();
  void print() const;

 private:
  struct Player {
    Exporter exporter;
    os::UdpSocket socket;
    uint64_t records_left, datagrams_left;  // its share of the total, so that a seed determines what each one sends
    bool sent = false;
  };
  bool finished() const {
    bool at_end = options_.csv && options_.csv->finished();
    return at_end || records_left_ == 0 || datagrams_left_ == 0 || error_ != 0 || stopped_;
  }
  std::shared_ptr<RecordSource> records_of(uint64_t exporter) const;
  void burst(double records);
  size_t turn_datagrams(double records) const;
  void turn(Player& player, size_t datagrams);
  void flush(Player& player);
  void wait(int64_t ns);
  void pause();
  void send_late_templates();
  void warn_if_refused();
  int exit_code() const;

  const GenOptions& options_;
  Network network_;
  os::Signals signals_;
  os::SendBatch batch_;
  Content in_batch_[kGenBatch];
  std::vector<Player> players_;
  size_t next_player_ = 0;
  uint64_t records_left_, datagrams_left_;
  double records_per_datagram_;  // average so far
  Content total_;
  int64_t start_ns_ = 0, end_ns_ = 0;  // monotonic
  int error_ = 0;
  bool stopped_ = false, paused_ = false;
};

}  // namespace weir
