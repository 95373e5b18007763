// SPDX-License-Identifier: Apache-2.0
#include "config/goflow2.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "config/schema.h"
#include "flow/fields.h"

namespace weir {
namespace {

struct GoFlag {
  std::string_view name;
  std::string_view fallback;
  bool is_boolean = false;
};

// The flags of GoFlow2 2.2.6, except those for Kafka.
constexpr GoFlag kFlags[] = {
    {"addr", ":8080"},
    {"err.cnt", "10"},
    {"err.int", "10s"},
    {"format", "json"},
    {"listen", "sflow://:6343,netflow://:2055"},
    {"logfmt", "normal"},
    {"loglevel", "info"},
    {"mapping", ""},
    {"produce", "sample"},
    {"templates.path", "/templates"},
    {"transport", "file"},
    {"transport.file", ""},
    {"transport.file.sep", "\n"},
    {"v", "false", true},
    {"h", "false", true},
    {"help", "false", true},
};
constexpr std::string_view kKafka = "transport.kafka.";

const GoFlag& find_flag(const std::string& name) {
  const auto found = std::ranges::find(kFlags, name, &GoFlag::name);
  if (found != std::end(kFlags)) return *found;
  if (name.starts_with(kKafka))
    throw usage_error("-" + name +
                      ": this version does not write to Kafka; it writes to a file, a pipe or standard output");
  std::vector<std::string> names;
  for (const GoFlag& flag : kFlags) names.emplace_back(flag.name);
  const std::string meant = nearest(name, names);
  throw usage_error("unknown flag -" + name + did_you_mean(meant.empty() ? "" : "-" + meant) +
                    "; GoFlow2 2.2.6 has no such flag. See weir goflow2 -help");
}

using Values = std::map<std::string_view, std::string>;

Values parse_flags(const Arguments& arguments) {
  Values values;
  for (const GoFlag& flag : kFlags) values[flag.name] = flag.fallback;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    const size_t dashes = word.starts_with("--") ? 2 : 1;
    if (word.size() <= dashes || word[0] != '-')
      throw usage_error("unexpected argument " + in_quotes(word) +
                        "; GoFlow2 takes flags only. See weir goflow2 -help");
    const size_t equals = word.find('=');
    const GoFlag& flag = find_flag(word.substr(dashes, equals == word.npos ? word.npos : equals - dashes));
    if (equals != word.npos)
      values[flag.name] = word.substr(equals + 1);
    else if (flag.is_boolean)
      values[flag.name] = "true";
    else if (i + 1 < arguments.size())
      values[flag.name] = arguments[++i];
    else
      throw usage_error("-" + std::string(flag.name) + " needs a value; see weir goflow2 -help");
  }
  return values;
}

std::string choose(const Values& values, std::string_view flag,
                   std::initializer_list<std::pair<const char*, const char*>> to) {
  const std::string& value = values.at(flag);
  std::string all;
  for (const auto& [goflow2_name, weir_name] : to) {
    if (value == goflow2_name) return weir_name;
    all += (all.empty() ? "" : ", ") + std::string(goflow2_name);
  }
  throw usage_error("-" + std::string(flag) + ": " + in_quotes(value) + " is not one of " + all);
}

// "netflow://:2055?count=4&workers=8": the URI up to the question mark; raises `sockets` to the highest count.
std::string listen_uri(const std::string& text, uint64_t& sockets, std::vector<std::string>& notes) {
  const size_t mark = text.find('?');
  for (const std::string& part : split_list(mark == text.npos ? "" : text.substr(mark + 1), '&')) {
    const size_t equals = std::min(part.find('='), part.size());
    const std::string name = part.substr(0, equals), value = part.substr(std::min(equals + 1, part.size()));
    uint64_t number = 0;
    const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool is_number = failed == std::errc{} && end == value.data() + value.size();
    if (name == "count") {
      if (!is_number || number == 0 || number > limits::kWorkers)
        throw usage_error("-listen: " + in_quotes(text) + ": count is a number from 1 to " +
                          std::to_string(limits::kWorkers));
      sockets = std::max(sockets, number);
    } else if (name == "workers" || name == "queue_size" || name == "blocking") {
      notes.push_back("-listen: " + name + " is of no effect: each socket has one thread, which receives and decodes");
    } else {
      throw usage_error("-listen: " + in_quotes(text) + ": GoFlow2 2.2.6 has no parameter " + in_quotes(name) +
                        did_you_mean(nearest(name, {"count", "workers", "queue_size", "blocking"})));
    }
  }
  return text.substr(0, mark);
}

// Go listens on every address if none is given.
std::string http_address(const std::string& addr) {
  if (addr.empty()) return "off";
  return addr.starts_with(":") ? "0.0.0.0" + addr : addr;
}

void add_listeners(const Values& values, GoFlow2Flags& flags) {
  uint64_t sockets = 0;
  std::vector<std::string> uris;
  for (const std::string& text : split_list(values.at("listen")))
    uris.push_back(listen_uri(text, sockets, flags.notes));
  flags.collect.push_back("--listen=" + join_list(uris));
  if (sockets > 0) flags.collect.push_back("--workers=" + std::to_string(sockets));
}

void add_format(const Values& values, GoFlow2Flags& flags) {
  const std::string format = choose(values, "format", {{"json", "json"}, {"bin", "protobuf"}});
  const std::string& separator = values.at("transport.file.sep");
  const std::string needed = format == "json" ? "\n" : "";
  if (separator != needed)
    throw usage_error(format == "json"
                          ? "-transport.file.sep: Weir ends each JSON object with a line end; leave the flag out"
                          : "-transport.file.sep: Weir writes each message after its length and nothing between; "
                            "add -transport.file.sep= to have GoFlow2 write the same");
  flags.collect.push_back("--format=" + format);
  // GoFlow2 has only these fields.
  std::vector<std::string> fields;
  for (size_t i = 0; i < kGoflow2FieldCount; ++i) fields.emplace_back(kFields[i].name);
  flags.collect.push_back("--fields=" + join_list(fields));
}

}  // namespace

GoFlow2Flags parse_goflow2(const Arguments& arguments) {
  const Values values = parse_flags(arguments);
  GoFlow2Flags flags;
  flags.version = values.at("v") == "true";
  flags.help = values.at("h") == "true" || values.at("help") == "true";
  if (flags.version || flags.help) return flags;
  if (values.at("transport") == "kafka")
    throw usage_error(
        "-transport: this version does not write to Kafka; it writes to a file, a pipe or standard output");
  choose(values, "transport", {{"file", ""}});
  if (!values.at("mapping").empty())
    throw usage_error(
        "-mapping: Weir does not read GoFlow2's mapping files; fields of your own are tables [[field]] of "
        "weir.toml, for weir collect");
  if (values.at("produce") != "sample") throw usage_error("-produce: Weir writes decoded records only: sample");
  flags.collect = {"--no-store", "--data=off"};
  add_listeners(values, flags);
  add_format(values, flags);
  const std::string& file = values.at("transport.file");
  flags.collect.push_back("--transport.file=" + (file.empty() ? "-" : file));
  flags.collect.push_back("--http=" + http_address(values.at("addr")));
  flags.collect.push_back("--log-level=" + choose(values, "loglevel",
                                                  {{"debug", "debug"},
                                                   {"info", "info"},
                                                   {"warn", "warning"},
                                                   {"warning", "warning"},
                                                   {"error", "error"},
                                                   {"fatal", "error"}}));
  flags.collect.push_back("--log-format=" + choose(values, "logfmt", {{"normal", "text"}, {"json", "json"}}));
  if (values.at("templates.path") != "/templates")
    flags.notes.push_back("-templates.path is of no effect: Weir serves no list of templates");
  return flags;
}

}  // namespace weir
