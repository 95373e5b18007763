// SPDX-License-Identifier: Apache-2.0
#include "config/option_table.h"

#include <algorithm>
#include <charconv>
#include <climits>

#include "base/error.h"
#include "base/text.h"
#include "config/exporter_option.h"
#include "config/field_option.h"
#include "config/listen_uri.h"
#include "config/output_option.h"
#include "config/secret_file.h"
#include "config/token_option.h"
#include "filter/parser.h"
#include "filter/predicate.h"
#include "flow/field_table.h"
#include "http/address.h"
#include "os/file.h"

namespace weir {
namespace {

uint64_t parse_number(const std::string& text, uint64_t limit) {
  uint64_t number = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size() || number > limit)
    throw usage_error(in_quotes(text) + " is not a number from 0 to " + std::to_string(limit));
  return number;
}

int64_t parse_size(const std::string& text, int64_t smallest, int64_t limit) {
  int64_t bytes = parse_bytes(text);
  if (bytes < 0)
    throw usage_error(in_quotes(text) + " is not a size; write bytes, or a number with k, M or G, as in 16MiB");
  if (bytes < smallest || bytes > limit)
    throw usage_error(in_quotes(text) + " is out of range; from " + std::to_string(smallest) + " to " +
                      std::to_string(limit) + " bytes");
  return bytes;
}

int64_t parse_duration(const std::string& text) {
  int64_t ns = parse_duration_ns(text);
  if (ns < 0)
    throw usage_error(in_quotes(text) +
                      " is not a duration; write a number with its unit, as in 500ms, 10s, 30m, 2h or off");
  return ns;
}

bool parse_boolean(const std::string& text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  throw usage_error(in_quotes(text) + " is neither true nor false");
}

std::string parse_choice(const std::string& text, const std::vector<std::string>& choices) {
  if (std::ranges::find(choices, text) != choices.end()) return text;
  std::string all;
  for (const std::string& choice : choices) all += (all.empty() ? "" : ", ") + choice;
  std::string hint = nearest(text, choices);
  throw usage_error(in_quotes(text) + " is not one of " + all + did_you_mean(hint));
}

void set_listen(CollectConfig& config, const Value& value) {
  std::vector<Listener> listeners;
  for (const std::string& uri : value.items) {
    Listener listener = parse_listen_uri(uri);
    for (const Listener& other : listeners)
      if (other.endpoint == listener.endpoint)
        throw usage_error(in_quotes(uri) + " listens where " + in_quotes(other.uri) +
                          " already does; name each address and port once");
    listeners.push_back(listener);
  }
  if (listeners.empty()) throw usage_error("no address to listen on; write at least one URI, as in netflow://:2055");
  config.listen = std::move(listeners);
}

void set_fields(CollectConfig& config, const Value& value) {
  check_field_names(value.items, *config.field_table);
  config.fields = value.items;
}

void set_where(CollectConfig& config, const Value& value) {
  make_predicate(value.text, *config.field_table, kNoRelativeTimes);  // throws if it is wrong
  config.where = value.text;
}

void set_allow(CollectConfig& config, const Value& value) {
  config.allow.clear();
  for (const std::string& network : value.items) config.allow.push_back(parse_network(network));
}

void set_borrow(CollectConfig& config, const Value& value) {
  const std::string& text = value.text;
  const std::string choice = parse_choice(text, {"off", "port", "domain"});
  config.borrow = choice == "off" ? Borrow::off : choice == "port" ? Borrow::port : Borrow::domain;
}

void set_ignore_ports(CollectConfig& config, const Value& value) {
  IgnorePorts ignore{{}, value.text != "off"};
  if (ignore.by_itself)
    for (const std::string& network : value.items) ignore.networks.push_back(parse_network(network));
  config.ignore_ports = std::move(ignore);
}

void set_data(CollectConfig& config, const Value& value) {
  const std::string& text = value.text;
  config.keeps_nothing = text == "off";
  config.data = text.empty() ? default_data_directory() : config.keeps_nothing ? "" : text;
}

uint64_t parse_at_least(const std::string& text, uint64_t smallest, uint64_t limit) {
  uint64_t number = parse_number(text, limit);
  if (number < smallest) throw usage_error(in_quotes(text) + " is too small; at least " + std::to_string(smallest));
  return number;
}

// A size; "off" is 0.
uint64_t parse_bound(const std::string& text) {
  return text == "off" ? 0 : static_cast<uint64_t>(parse_size(text, 0, INT64_MAX));
}

void set_flush(CollectConfig& config, const Value& value) {
  const std::string& text = value.text;
  int64_t ns = parse_duration(text);
  if (ns < 100'000'000) throw usage_error(in_quotes(text) + " is too short; at least 100ms");
  config.flush_ns = ns;
}

void set_stop_timeout(CollectConfig& config, const Value& value) {
  const std::string& text = value.text;
  int64_t ns = parse_duration(text);
  if (ns < 1'000'000'000) throw usage_error(in_quotes(text) + " is too short; at least 1s");
  config.stop_timeout_ns = ns;
}

void set_min_free(CollectConfig& config, const Value& value) {
  const std::string& text = value.text;
  config.min_free = text == "auto" ? kAutoMinFree : static_cast<int64_t>(parse_bound(text));
}

void set_transport(CollectConfig& config, const Value& value) {
  const std::string& text = value.text;
  for (const char* planned : {"kafka", "clickhouse", "http"})
    if (text == planned)
      throw usage_error("this version does not have the transport " + in_quotes(text) +
                        "; it writes to a file, a pipe or stdout: file");
  config.transport = parse_choice(text, {"file"});
}

void set_log_format_of(CollectConfig& config, const Value& value) {
  const std::string choice = parse_choice(value.text, {"text", "json", "ecs"});
  config.log_format = choice == "text" ? LogFormat::text : choice == "json" ? LogFormat::json : LogFormat::ecs;
}

void set_log_level_of(CollectConfig& config, const Value& value) {
  const std::string choice = parse_choice(value.text, {"error", "warning", "info", "debug"});
  config.log_level = choice == "error"     ? LogLevel::error
                     : choice == "warning" ? LogLevel::warning
                     : choice == "info"    ? LogLevel::info
                                           : LogLevel::debug;
}

void set_http(CollectConfig& config, const Value& value) {
  const std::string& text = value.text;
  if (text != "off") parse_http_address(text);
  config.http = text;
}

constexpr std::string_view kReceiving = "Receiving";
constexpr std::string_view kOutput = "Output";
constexpr std::string_view kOperating = "Operating";
constexpr std::string_view kStore = "Store";
constexpr std::string_view kTemplates = "Templates";

// The kernel doubles the requested value and keeps it in an int.
constexpr int64_t kMaxReceiveBuffer = INT_MAX / 2;
constexpr int64_t kMinTemplates = 64 << 10;  // more than the largest template takes
constexpr int64_t kMaxHeld = 1ll << 40;
constexpr int64_t kMinSenders = 16 << 20;
constexpr uint64_t kMaxFlushRows = 100'000'000;
constexpr uint64_t kMaxMerged = 10'000;

// clang-format off
const Option<CollectConfig> kOptions[] = {
    {{"collect.listen", "--listen", ValueKind::list, "URI,..", "netflow://:2055,netflow://:4739,sflow://:6343", kReceiving,
     "Where to receive: netflow://ADDRESS:PORT or sflow://ADDRESS:PORT. Both accept NetFlow v1, v5, v7, v9, IPFIX and "
     "sFlow v5 over UDP, distinguished by the version field. Without an address: all addresses of this machine. "
     "Without a port: 2055, with sflow:// 6343"},
     set_listen},
    {{"collect.workers", "--workers", ValueKind::number, "N", "0", kReceiving,
     "Threads that receive and decode, each with its own socket for each listen address. 0: one thread per core"},
     [](CollectConfig& c, const Value& v) { c.workers = static_cast<unsigned>(parse_number(v.text, limits::kWorkers)); }},
    {{"collect.rcvbuf", "--rcvbuf", ValueKind::size, "BYTES", "16MiB", kReceiving,
     "Receive buffer requested from the kernel for each socket. Without CAP_NET_ADMIN the kernel grants at most "
     "net.core.rmem_max; the log says how much it granted"},
     [](CollectConfig& c, const Value& v) { c.receive_buffer_bytes = parse_size(v.text, 1, kMaxReceiveBuffer); }},
    {{"collect.gro", "--gro", ValueKind::text, "on|off", "on", kReceiving,
     "Accept consecutive datagrams of an exporter joined together by the kernel (UDP generic receive offload), if "
     "kernel and network card support it: fewer system calls, and more datagrams fit in the buffer. But if the kernel "
     "drops joined datagrams, it counts them as one, so kernel_drops is too low. off: each datagram is received and "
     "counted separately"},
     [](CollectConfig& c, const Value& v) { c.gro = parse_choice(v.text, {"on", "off"}) == "on"; }},
    {{"collect.allow", "--allow", ValueKind::list, "NETWORK,..", "", kReceiving,
     "Accept datagrams from these addresses and networks only. All others are discarded and counted as not_allowed of "
     "the listener; nothing is stored about their senders. Empty: accept all"},
     set_allow},
    {{"collect.sampling_rate", "--sampling-rate", ValueKind::number, "N", "0", kReceiving,
     "Sampling rate assumed for exporters that announce none. 0: unknown. The bytes and packets of a record are never "
     "multiplied by it"},
     [](CollectConfig& c, const Value& v) { c.default_sampling_rate = parse_number(v.text, UINT32_MAX); }},

    {{"collect.where", "--where", ValueKind::text, "FILTER", "", kReceiving,
     "Keep only records that match this filter, as in 'src net 10.0.0.0/8 and not proto icmp' "
     "(docs/reference/filter.md). The others reach no output and are counted as filtered; so are records without the "
     "field that is tested, whether the test is negated or not. Empty: keep all"},
     set_where},

    {{"collect.format", "--format", ValueKind::text, "FORMAT", "none", kOutput,
     "In addition to the store, write every record as json (one object per line), csv or protobuf (each message "
     "preceded by its length). none: only the store; with --no-store, records are only decoded and counted"},
     [](CollectConfig& c, const Value& v) { c.format = parse_choice(v.text, {"json", "csv", "protobuf", "none"}); if (v.text == "none") c.format.clear(); }},
    {{"collect.transport.type", "--transport", ValueKind::text, "NAME", "file", kOutput,
     "Kind of destination; so far only file: a file, a pipe or standard output"}, set_transport},
    {{"collect.transport.file", "--transport.file", ValueKind::text, "PATH", "-", kOutput,
     "File or pipe that records are appended to. -: standard output. SIGHUP reopens it"},
     [](CollectConfig& c, const Value& v) { if (v.text.empty()) throw usage_error("an empty path; write a file name, or - for standard output"); c.file = v.text; }},
    {{"collect.fields", "--fields", ValueKind::list, "NAME,..", "", kOutput,
     "Fields to write, in this order. Empty: all"}, set_fields},
    {{"collect.data", "--data", ValueKind::text, "DIR", "", kOperating,
     "Directory of the flow store, the templates and the ledger. Empty: /var/lib/weir, or for a user who cannot write "
     "there $XDG_STATE_HOME/weir or ~/.local/state/weir. off, only with --no-store: nothing is saved, and after a "
     "restart no templates are known"},
     set_data},
    {{"collect.no_store", "--no-store", ValueKind::boolean, "", "false", kOperating,
     "Keep templates and the ledger in the data directory, but no flows"},
     [](CollectConfig& c, const Value& v) { c.no_store = parse_boolean(v.text); }},
    {{"collect.http", "--http", ValueKind::text, "ADDRESS:PORT", "127.0.0.1:8080", kOperating,
     "Where /metrics, /-/ready and the ledger are served. :PORT means 127.0.0.1:PORT; 0.0.0.0:PORT means every "
     "address. off: no HTTP"}, set_http},
    {{"collect.http_certificate", "--http-certificate", ValueKind::text, "FILE", "", kOperating,
     "Serve HTTPS with this certificate (PEM, followed in the same file by its chain). Needs --http-key. Empty: HTTP"},
     [](CollectConfig& c, const Value& v) { c.http_certificate = v.text; }},
    {{"collect.http_key_file", "--http-key", ValueKind::secret_file, "FILE", "", kOperating,
     "Private key of the certificate (PEM). A relative path starts from $CREDENTIALS_DIRECTORY (systemd's "
     "LoadCredential=)"},
     [](CollectConfig& c, const Value& v) { c.http_key = v.text.empty() ? "" : secret_path(v.text); }},
    {{"collect.stop_timeout", "--stop-timeout", ValueKind::duration, "TIME", "20s", kOperating,
     "How long stopping may take. Records that are still queued after three quarters of this time are dropped and "
     "counted as stop_timeout; a second SIGTERM or SIGINT drops them at once"},
     set_stop_timeout},
    {{"collect.log_format", "--log-format", ValueKind::text, "FORMAT", "text", kOperating,
     "Format of the log on standard error: text, json, or ecs (JSON with the field names of the Elastic Common "
     "Schema)"}, set_log_format_of},
    {{"collect.log_level", "--log-level", ValueKind::text, "LEVEL", "info", kOperating,
     "Lowest severity that is logged: error, warning, info or debug"}, set_log_level_of},

    {{"store.flush", "--flush", ValueKind::duration, "TIME", "10s", kStore,
     "Longest time before a received flow is written to a segment, where queries can see it"}, set_flush},
    {{"store.flush_rows", "--flush-rows", ValueKind::number, "N", "4000000", kStore,
     "A segment that has this many flows is written at once, without waiting for store.flush"},
     [](CollectConfig& c, const Value& v) { c.flush_rows = parse_at_least(v.text, 1, kMaxFlushRows); }},
    {{"store.keep", "--keep", ValueKind::duration, "TIME", "off", kStore,
     "Remove flows that were received longer ago than this, a whole hour at a time. off: never"},
     [](CollectConfig& c, const Value& v) { c.keep_ns = parse_duration(v.text); }},
    {{"store.max_size", "--max-size", ValueKind::size, "BYTES", "off", kStore,
     "Remove the oldest hours when all segments together are larger than this. off: never"},
     [](CollectConfig& c, const Value& v) { c.store_max_bytes = parse_bound(v.text); }},
    {{"store.min_free", "--min-free", ValueKind::size, "BYTES", "auto", kStore,
     "While the file system has less free space than this, no flows are stored: they are dropped and counted as "
     "no_space. auto: 1 GiB, or 5 % of a file system smaller than 20 GiB. off: store until the disk is full"},
     set_min_free},
    {{"store.merge_flushes", "--merge-flushes", ValueKind::number, "N", "30", kStore,
     "Merge this many new segments into one (30 of 10 s each: 5 min). 0: merge only at the end of the hour"},
     [](CollectConfig& c, const Value& v) { c.merge_flushes = parse_number(v.text, kMaxMerged); }},
    {{"store.merge_merged", "--merge-merged", ValueKind::number, "N", "12", kStore,
     "Merge this many merged segments into one (12 of 5 min each: 1 h). 0: merge only at the end of the hour"},
     [](CollectConfig& c, const Value& v) { c.merge_merged = parse_number(v.text, kMaxMerged); }},

    {{"limits.senders_bytes", "--senders-bytes", ValueKind::size, "BYTES", "512MiB", kTemplates,
     "Memory for the state of all exporters: templates, sequence numbers, waiting data, rows of the ledger. Each "
     "exporter address gets a fair share; when the memory is used up, senders that never delivered a record are "
     "evicted first"},
     [](CollectConfig& c, const Value& v) { c.senders_bytes = static_cast<uint64_t>(parse_size(v.text, kMinSenders, kMaxHeld)); }},
    {{"limits.templates_bytes_per_exporter", "--templates-bytes-per-exporter", ValueKind::size, "BYTES", "16MiB", kTemplates,
     "Memory for the templates of one exporter address. Templates beyond it are refused and counted as "
     "exporter_templates_full"},
     [](CollectConfig& c, const Value& v) { c.templates_bytes_per_exporter = static_cast<uint64_t>(parse_size(v.text, kMinTemplates, kMaxHeld)); }},
    {{"templates.fallback", "--template-fallback", ValueKind::duration, "TIME", "10s", kTemplates,
     "How long data waits for a template from its own source port before the template of another source port of the "
     "exporter is used (only if all known ones agree). Also how long, after a restart of the exporter, data waits "
     "before a template from before the restart is used (only if it fits). off: never use them"},
     [](CollectConfig& c, const Value& v) { c.template_fallback_ns = parse_duration(v.text); }},
    {{"templates.borrow", "--template-borrow", ValueKind::text, "FROM", "domain", kTemplates,
     "Where records get sampling rates and names from if options data announced none on their own source port and "
     "observation domain. port: from other source ports of the exporter, same domain, if they agree. domain: as port, "
     "and if nothing is found there, from another domain of the exporter, if exactly one has any. off: nowhere. Such "
     "records are counted as borrowed"},
     set_borrow},
    {{"templates.ignore_ports", "--ignore-ports", ValueKind::list, "NETWORK,..", "", kTemplates,
     "Addresses of exporters behind a load balancer that changes the source port of each datagram (as nginx's stream "
     "module does): their source port is ignored. Weir also detects such exporters itself: more than 64 ports in 10 "
     "seconds with the same boot time, and sequence numbers that continue from port to port. off: never ignore ports, "
     "and do not detect this"},
     set_ignore_ports},
    {{"templates.lifetime", "--template-lifetime", ValueKind::duration, "TIME", "off", kTemplates,
     "A template that is not sent again for this time is discarded, and its data waits until it is sent again. Three "
     "times the exporters' refresh interval is usual (RFC 7011 §8.4). off: never"},
     [](CollectConfig& c, const Value& v) { c.template_lifetime_ns = parse_duration(v.text); }},
    {{"templates.hold_for", "--hold-for", ValueKind::duration, "TIME", "30m", kTemplates,
     "How long data that arrived before its template is kept. Then it is given up and counted as expired"},
     [](CollectConfig& c, const Value& v) { c.hold_for_ns = parse_duration(v.text); }},
    {{"templates.hold_bytes_per_exporter", "--hold-bytes-per-exporter", ValueKind::size, "BYTES", "4MiB", kTemplates,
     "Memory for data of one exporter that is waiting for its template. When it is used up, the oldest data is given "
     "up and counted as expired"},
     [](CollectConfig& c, const Value& v) { c.hold_bytes_per_exporter = static_cast<uint64_t>(parse_size(v.text, 0, kMaxHeld)); }},
    {{"templates.hold_bytes", "--hold-bytes", ValueKind::size, "BYTES", "64MiB", kTemplates,
     "Memory for data of all exporters that is waiting for its template. When it is used up, the exporters with the "
     "most data lose their oldest, which is counted as expired"},
     [](CollectConfig& c, const Value& v) { c.hold_bytes = static_cast<uint64_t>(parse_size(v.text, 0, kMaxHeld)); }},
};
// clang-format on

// Every type of table that may appear several times, and how it is applied. Fields come first: other tables refer to
// them.
struct Tables {
  const RepeatedTable* type;
  void (*set)(CollectConfig& config, const std::vector<TableValues>& tables, Problems& problems);
};

void set_field_tables(CollectConfig& config, const std::vector<TableValues>& tables, Problems& problems) {
  const size_t before = problems.count();
  auto fields = read_repeated(kFieldTable, field_options(), tables, check_extra_field, problems);
  if (problems.count() == before) config.field_table = std::make_shared<FieldTable>(std::move(fields));
}

void set_exporter_tables(CollectConfig& config, const std::vector<TableValues>& tables, Problems& problems) {
  config.exporters = std::make_shared<ExporterRules>(
      read_repeated(kExporterTable, exporter_options(), tables, check_exporter_rule, problems));
}

void set_token_tables(CollectConfig& config, const std::vector<TableValues>& tables, Problems& problems) {
  config.tokens = read_repeated(kTokenTable, token_options(), tables, check_token, problems);
}

void set_output_tables(CollectConfig& config, const std::vector<TableValues>& tables, Problems& problems) {
  config.outputs = read_repeated(kOutputTable, output_options(), tables, check_output_config, problems);
  for (const TableValues& table : tables)
    if (const Value* fields = table.find("fields"))
      problems.at(fields->place, key_at(fields->place, "output.fields"),
                  [&] { check_field_names(fields->items, *config.field_table); });
  for (const TableValues& table : tables)
    if (const Value* where = table.find("where"))
      problems.at(where->place, key_at(where->place, "output.where"),
                  [&] { make_predicate(where->text, *config.field_table, kNoRelativeTimes); });
}

std::span<const Tables> tables_of_collect() {
  static const Tables kTables[] = {{&field_table_type(), set_field_tables},
                                   {&exporter_table_type(), set_exporter_tables},
                                   {&token_table_type(), set_token_tables},
                                   {&output_table_type(), set_output_tables}};
  return kTables;
}

}  // namespace

const Schema& collect_schema() {
  static const Schema schema = [] {
    std::vector<const RepeatedTable*> repeated;
    for (const Tables& tables : tables_of_collect()) repeated.push_back(tables.type);
    return Schema(infos(std::span<const Option<CollectConfig>>(kOptions)), repeated,
                  {kTransportShortKey, kTransportKey});
  }();
  return schema;
}

std::string environment_name(std::string_view key) {
  std::string name = "WEIR_";
  for (char c : key) name += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

void set_option(CollectConfig& config, const OptionInfo& option, const Value& value) {
  static_cast<const Option<CollectConfig>&>(option).set(config, value);
}

void set_tables(CollectConfig& config, const RepeatedTable& type, const std::vector<TableValues>& tables,
                Problems& problems) {
  for (const Tables& known : tables_of_collect())
    if (known.type == &type) known.set(config, tables, problems);
}

std::string default_data_directory() {
  std::string system = "/var/lib/weir";
  if (os::is_root() || os::is_writable(system)) return system;
  std::string state = os::environment("XDG_STATE_HOME");
  if (!state.empty()) return state + "/weir";
  std::string home = os::environment("HOME");
  return home.empty() ? system : home + "/.local/state/weir";
}

}  // namespace weir
