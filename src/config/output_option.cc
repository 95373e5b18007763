// SPDX-License-Identifier: Apache-2.0
#include "config/output_option.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "config/option_table.h"

namespace weir {
namespace {

constexpr const char* kForm = "write NAME=FORMAT:PATH, as in archive=csv:/var/log/flows.csv";
constexpr std::string_view kStoreName = "store";
constexpr std::string_view kShortFormName = "file";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size()) text.replace(at, from.size(), to);
  return text;
}

std::string unescaped(const std::string& text) {
  return replaced(replaced(replaced(text, "%2C", ","), "%3A", ":"), "%25", "%");
}

TableValues parse_short(const std::string& text) {
  const size_t equals = text.find('=');
  const std::vector<std::string> parts =
      split_list(equals == text.npos ? std::string_view() : std::string_view(text).substr(equals + 1), ':');
  if (parts.size() < 2 || parts.size() > 3) throw usage_error(in_quotes(text) + " is no output; " + kForm);
  TableValues values;
  values.values.push_back({"name", {text.substr(0, equals), {}, {}}});
  values.values.push_back({"format", {parts[0], {}, {}}});
  values.values.push_back({"path", {unescaped(parts[1]), {}, {}}});
  if (parts.size() == 3) values.values.push_back({"fields", {parts[2], split_list(parts[2], '+'), {}}});
  return values;
}

const Option<OutputConfig> kOptions[] = {
    {{"name", "", ValueKind::text, "NAME", kNeeded, "",
      "Name of the output in metrics and the ledger: letters, digits, _ and -"},
     [](OutputConfig& o, const Value& v) { set_output_name(o, v.text); }},
    {{"type", "", ValueKind::text, "TYPE", "file", "",
      "Kind of destination; so far only file: a file, a pipe or standard output"},
     [](OutputConfig& o, const Value& v) { set_output_type(o, v.text); }},
    {{"format", "", ValueKind::text, "FORMAT", kNeeded, "",
      "json (one object per line), csv or protobuf (each message preceded by its length)"},
     [](OutputConfig& o, const Value& v) { set_output_format(o, v.text); }},
    {{"path", "", ValueKind::text, "PATH", kNeeded, "",
      "File or pipe that records are appended to. -: standard output"},
     [](OutputConfig& o, const Value& v) { set_output_path(o, v.text); }},
    {{"fields", "", ValueKind::list, "NAME,..", "", "", "Fields to write, in this order. Empty: all"},
     [](OutputConfig& o, const Value& v) { o.fields = v.items; }},
    {{"where", "", ValueKind::text, "FILTER", "", "",
      "Write only records that match this filter, as in 'src net 10.0.0.0/8 and not proto icmp'. Empty: all. Without a "
      "store, the first output cannot have one"},
     [](OutputConfig& o, const Value& v) { o.where = v.text; }},
};

}  // namespace

void set_output_name(OutputConfig& output, const std::string& text) {
  constexpr size_t kLongestName = 32;
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  auto other = [](char c) { return (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  const bool plain = !text.empty() && letter(text[0]) && text.size() <= kLongestName &&
                     std::ranges::all_of(text, [&](char c) { return letter(c) || other(c); });
  if (!plain)
    throw usage_error(in_quotes(text) +
                      " cannot be the name of an output; take letters, digits, _ and -, a letter first, at most 32");
  if (text == kStoreName) throw usage_error("the store is the output \"store\" already; take another name");
  output.name = text;
}

void set_output_type(OutputConfig& output, const std::string& text) {
  if (text != "file") throw usage_error(in_quotes(text) + " is no type of an output; there is \"file\"");
  output.type = text;
}

void set_output_format(OutputConfig& output, const std::string& text) {
  const std::vector<std::string> formats = {"json", "csv", "protobuf"};
  if (std::ranges::find(formats, text) == formats.end())
    throw usage_error(in_quotes(text) + " is no format; it is one of json, csv, protobuf" +
                      did_you_mean(nearest(text, formats)));
  output.format = text;
}

void set_output_path(OutputConfig& output, const std::string& text) {
  if (text.empty()) throw usage_error("an empty path; write a file name, or - for standard output");
  output.path = text;
}

void check_output_config(const std::vector<OutputConfig>& before, const OutputConfig& added) {
  if (before.size() == limits::kOutputs)
    throw usage_error("output " + in_quotes(added.name) + " is one too many; at most " +
                      std::to_string(limits::kOutputs));
  for (const OutputConfig& other : before) {
    if (other.name == added.name) throw usage_error("output " + in_quotes(added.name) + " is named twice");
    if (other.path == added.path)
      throw usage_error("output " + in_quotes(added.name) + " would write to " + added.path + ", as output " +
                        in_quotes(other.name) + " does; give it another path");
  }
}

std::span<const Option<OutputConfig>> output_options() { return kOptions; }

const RepeatedTable& output_table_type() {
  static const RepeatedTable type{
      kOutputTable,
      "--output",
      "NAME=FORMAT:PATH,..",
      "Output",
      "Writes every record to one more file or pipe, in addition to that of --format and --transport.file. Each output "
      "has its own name, queue and counters; if one is slow or full, the others are not affected. To write only some "
      "fields: NAME=FORMAT:PATH:FIELD+FIELD. In PATH, write %2C for a comma, %3A for a colon and %25 for a percent "
      "sign. May be given several times",
      "[[output]]\nname = \"archive\"\ntype = \"file\"\nformat = \"csv\"\npath = \"/var/log/flows.csv\"\n"
      "fields = [\"time_received_ns\", \"src_addr\", \"dst_addr\", \"bytes\"]",
      infos(output_options()),
      parse_short};
  return type;
}

std::vector<OutputConfig> outputs_of(const CollectConfig& config) {
  std::vector<OutputConfig> outputs;
  if (!config.format.empty())
    outputs.push_back({std::string(kShortFormName), config.transport, config.format, config.file, config.fields});
  for (const OutputConfig& output : config.outputs) {
    check_output_config(outputs, output);
    outputs.push_back(output);
  }
  return outputs;
}

void check_field_names(const std::vector<std::string>& names, const FieldTable& table) {
  std::vector<std::string> known;
  for (const FieldInfo& field : table.all()) known.emplace_back(field.name);
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (!table.find(*name))
      throw usage_error("unknown field " + in_quotes(*name) + did_you_mean(nearest(*name, known)) +
                        "; docs/reference/fields.md lists them");
    if (std::find(names.begin(), name, *name) != name)
      throw usage_error("field " + in_quotes(*name) + " is named twice");
  }
}

}  // namespace weir
