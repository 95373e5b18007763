// SPDX-License-Identifier: Apache-2.0
// CollectConfig: the settings of `weir collect`, one value per key of weir.toml; each is also a flag and an environment
// variable (the table is in config/option_table.cc). Precedence: flag > environment > file > default.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/log.h"
#include "decode/exporter_rules.h"
#include "flow/field_table.h"
#include "http/server.h"
#include "os/udp_socket.h"
#include "senders/ignored_ports.h"
#include "templates/borrow.h"

namespace weir {

struct Listener {
  std::string uri;  // as given: "netflow://:2055"
  os::Endpoint endpoint;
};

// [[output]]: where records are written, in addition to the store.
struct OutputConfig {
  std::string name;  // label in metrics, key in the ledger
  std::string type = "file";
  std::string format;               // json, csv, protobuf
  std::string path;                 // -: standard output
  std::vector<std::string> fields;  // empty: all
  std::string where = {};           // a filter; empty: every record
  bool operator==(const OutputConfig&) const = default;
};

// The smaller of 1 GiB and 5 % of the file system.
inline constexpr int64_t kAutoMinFree = -1;

struct CollectConfig {
  // [collect]
  std::vector<Listener> listen;             // --listen; default netflow://:2055,netflow://:4739,sflow://:6343
  unsigned workers = 0;                     // --workers; 0: one per core
  int64_t receive_buffer_bytes = 16 << 20;  // --rcvbuf, requested per socket
  std::vector<Network> allow;               // --allow: who may send; empty: everybody
  bool gro = true;                          // --gro
  std::string where;                        // --where: a filter; empty: every record
  std::string data;                // --data; default /var/lib/weir, else $XDG_STATE_HOME/weir, else ~/.local/state/weir
  bool keeps_nothing = false;      // --data off: `data` is empty
  bool no_store = false;           // --no-store
  std::string format;              // --format: "", json, csv, protobuf
  std::string transport = "file";  // --transport: file
  std::string file = "-";          // --transport.file: path, or - for stdout
  std::vector<std::string> fields;           // --fields; empty: all
  std::string http;                          // --http; default 127.0.0.1:8080; "off"
  std::string http_certificate, http_key;    // --http-certificate, --http-key; empty: no TLS
  bool check = false;                        // --check
  int64_t stop_timeout_ns = 20'000'000'000;  // --stop-timeout
  LogFormat log_format = LogFormat::text;    // --log-format
  LogLevel log_level = LogLevel::info;       // --log-level
  uint64_t default_sampling_rate = 0;        // --sampling-rate: if the exporter reports none (0: unknown)

  // [[field]]
  std::shared_ptr<const FieldTable> field_table = std::make_shared<FieldTable>(std::vector<ExtraField>{});  // --field

  // [[exporter]]
  std::shared_ptr<const ExporterRules> exporters = std::make_shared<ExporterRules>();  // --exporter

  // [[token]]
  std::vector<HttpToken> tokens;  // --token

  // [[output]]
  std::vector<OutputConfig> outputs;  // --output

  // [store]
  int64_t flush_ns = 10'000'000'000;  // --flush
  uint64_t flush_rows = 4'000'000;    // --flush-rows
  int64_t keep_ns = 0;                // --keep; 0: forever
  uint64_t store_max_bytes = 0;       // --max-size; 0: no limit
  int64_t min_free = kAutoMinFree;    // --min-free; 0: none
  uint64_t merge_flushes = 30;        // --merge-flushes
  uint64_t merge_merged = 12;         // --merge-merged

  // [limits]
  uint64_t senders_bytes = limits::kSendersBytes;                              // --senders-bytes
  uint64_t templates_bytes_per_exporter = limits::kTemplatesBytesPerExporter;  // --templates-bytes-per-exporter

  // [templates]
  int64_t template_fallback_ns = 10'000'000'000;                     // --template-fallback; 0: off
  Borrow borrow = Borrow::domain;                                    // --template-borrow
  IgnorePorts ignore_ports;                                          // --ignore-ports
  int64_t template_lifetime_ns = 0;                                  // --template-lifetime; 0: forever
  int64_t hold_for_ns = limits::kHeldForNs;                          // --hold-for
  uint64_t hold_bytes_per_exporter = limits::kHeldBytesPerExporter;  // --hold-bytes-per-exporter
  uint64_t hold_bytes = limits::kHeldBytes;                          // --hold-bytes
};

}  // namespace weir
