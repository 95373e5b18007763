// SPDX-License-Identifier: Apache-2.0
#include "cmd/decode_options.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/error.h"
#include "base/text.h"
#include "config/arguments.h"
#include "config/option_table.h"
#include "filter/predicate.h"
#include "os/clock.h"

namespace weir {
namespace {

constexpr const char* kAbout =
    "Decodes captures (pcap, pcapng), IPFIX files (RFC 5655) and bare export datagrams with the collector's own "
    "decoder. Writes records to standard output; totals, and every violation of the protocols, to standard error.";

constexpr const char* kMore =
    "Exit code: 0, also if datagrams are malformed (they are reported and counted); 1 if a file is damaged; 2 for a "
    "wrong flag or file.\n"
    "\n"
    "Examples:\n"
    "  weir decode capture.pcap                          a JSON object for every flow\n"
    "  weir decode capture.pcap --format table           a table to read\n"
    "  weir decode capture.pcap --templates              what do the exporters send?\n"
    "  weir decode capture.pcap --elements               everything they sent, element by element\n"
    "  weir decode capture.pcap --format none            only totals, and what is malformed\n";

// Texts that are parsed once all flags have been read.
struct Texts {
  std::string fields, hold_bytes = "1GiB";
  std::string borrow = "domain";

  std::vector<std::string> added, exporters, ignore_ports;
};

void add_flags(CLI::App& app, DecodeOptions& options, Texts& texts) {
  app.add_option("files", options.files, "captures, IPFIX files or datagram files")->required();
  app.add_option("--format", options.format,
                 "json (one line per record; the default), csv, protobuf, table, or none (totals only)")
      ->check(CLI::IsMember({"json", "csv", "protobuf", "table", "none"}));
  app.add_option("--fields", texts.fields, "only these fields, in this order: a,b,c");
  app.add_option("--where", options.where,
                 "only records that match this filter, as in 'src net 10.0.0.0/8 and proto tcp'");
  app.add_option("--field", texts.added,
                 "adds a field to every record: NAME=PEN/ID:TYPE, as in app_name=9/12235:string");
  app.add_flag("--counters", options.counters, "instead of flows: sFlow's counter samples (json, csv)");
  app.add_flag("--templates", options.templates,
               "instead of flows: every template as first seen or changed, and options data; as a table or json");
  app.add_flag("--elements", options.elements,
               "instead of flows: every data record with all its elements, as the exporter sent them; as a table or "
               "json. Not for sFlow, which has none");
  app.add_flag("--sets", options.sets,
               "instead of flows: every data set and the template it is read with; as a table or json");
  app.add_option("--port", options.ports, "only datagrams to these ports (default: whatever looks like flow export)");
  app.add_option("--hold-bytes", texts.hold_bytes, "memory for data sets that wait for their template (default: 1GiB)");
  app.add_option("--sampling-rate", options.sampling_rate, "sampling rate assumed for exporters that announce none");
  app.add_option("--exporter", texts.exporters,
                 "what an exporter's elements 23 and 24 mean if a record also has 1 and 2: "
                 "192.0.2.0/24=counters_23_24:reverse (or ignore)");
  app.add_option("--template-borrow", texts.borrow,
                 "where sampling rates and names come from if none were announced on the record's own source port and "
                 "domain: off (nowhere), port (other ports), domain (also another domain; the default)");
  app.add_option("--ignore-ports", texts.ignore_ports,
                 "addresses of exporters behind a load balancer that changes the source port of each datagram; off: "
                 "never ignore ports");
  app.add_option("--errors", options.max_errors,
                 "lines to print for each kind of malformed input; the rest is only counted (default: 10)");
  app.add_flag("--quiet,-q", options.quiet, "print nothing about malformed input, and no totals");
  app.footer(kMore);
}

void check_together(const DecodeOptions& options, const std::string& fields) {
  bool records_only = options.format == "protobuf" || options.format == "table" || !fields.empty();
  if (options.counters && (records_only || options.shows_wire()))
    throw usage_error(
        "--counters prints json or csv, with all columns; leave out the other format, --fields, "
        "--templates, --elements and --sets");
  if (!options.where.empty() && (options.counters || options.shows_wire()))
    throw usage_error("--where selects flow records; leave it out with --counters, --templates, --elements and --sets");
  if (!options.shows_wire()) return;
  std::string flag = options.templates ? "--templates" : options.elements ? "--elements" : "--sets";
  if (options.format != "table" && options.format != "json")
    throw usage_error("--format " + options.format + ": " + flag + " is shown as table or json");
  if (!fields.empty()) throw usage_error("--fields chooses fields of flow records, which " + flag + " does not print");
}

void set_flag(CollectConfig& config, std::string_view key, const char* flag, const std::string& text) {
  Problems problems;
  const Value value{text, split_list(text), {flag}};
  problems.at(value.place, "", [&] { set_option(config, *collect_schema().option(key), value); });
  problems.throw_all();
}

// Sets tables from their short form.
void set_tables_flag(CollectConfig& config, std::string_view path, const std::vector<std::string>& texts) {
  Problems problems;
  const RepeatedTable& type = *collect_schema().table(path);
  set_tables(config, type, short_tables(type, join_list(texts), std::string(type.flag), problems), problems);
  problems.throw_all();
}

}  // namespace

DecodeOptions parse_decode_options(const Arguments& arguments) {
  DecodeOptions options;
  Texts texts;
  CLI::App app(kAbout, "weir decode");
  add_flags(app, options, texts);
  try {
    parse_words(app, arguments);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    options.files.clear();
    return options;
  } catch (const CLI::ParseError& error) {
    throw usage_error(std::string(error.what()) + " (see weir decode --help)");
  }
  int64_t bytes = parse_bytes(texts.hold_bytes);
  if (bytes <= 0)
    throw usage_error("--hold-bytes: '" + texts.hold_bytes + "' is no size; write 512MiB, 1GiB or a number of bytes");
  options.hold_bytes = static_cast<uint64_t>(bytes);
  if (options.format.empty()) options.format = options.shows_wire() ? "table" : "json";
  check_together(options, texts.fields);
  CollectConfig chosen;
  set_tables_flag(chosen, "field", texts.added);
  set_flag(chosen, "collect.fields", "--fields", texts.fields);
  set_tables_flag(chosen, "exporter", texts.exporters);
  set_flag(chosen, "templates.borrow", "--template-borrow", texts.borrow);
  set_flag(chosen, "templates.ignore_ports", "--ignore-ports", join_list(texts.ignore_ports));
  options.exporters = chosen.exporters;
  options.ignore_ports = chosen.ignore_ports;
  options.borrow = chosen.borrow;
  options.field_table = chosen.field_table;
  make_predicate(options.where, *options.field_table, os::realtime_ns());  // throws before any file is read
  for (const std::string& name : chosen.fields) options.fields.push_back(chosen.field_table->find(name)->field);
  return options;
}

}  // namespace weir
