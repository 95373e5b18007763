// SPDX-License-Identifier: Apache-2.0
#include "config/exporter_option.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "config/option_table.h"

namespace weir {
namespace {

constexpr std::string_view kPostCounters = "counters_23_24";
constexpr const char* kForm = "write NETWORK=counters_23_24:VALUE, as in 192.0.2.0/24=counters_23_24:reverse";

TableValues parse_short(const std::string& text) {
  const size_t equals = text.find('=');
  const size_t colon = text.find(':', equals == text.npos ? text.size() : equals);
  if (colon == text.npos) throw usage_error(in_quotes(text) + " says nothing of an exporter; " + kForm);
  const std::string key = text.substr(equals + 1, colon - equals - 1);
  if (key != kPostCounters) throw usage_error(in_quotes(key) + " is nothing that can be said of an exporter; " + kForm);
  TableValues values;
  values.values.push_back({"address", {text.substr(0, equals), {}, {}}});
  values.values.push_back({kPostCounters, {text.substr(colon + 1), {}, {}}});
  return values;
}

const Option<ExporterRule> kOptions[] = {
    {{"address", "", ValueKind::text, "NETWORK", kNeeded, "", "An address, or a network as ADDRESS/LENGTH"},
     [](ExporterRule& r, const Value& v) { set_network(r, v.text); }},
    {{kPostCounters, "", ValueKind::text, "MEANING", kNeeded, "",
      "What elements 23 and 24 mean if a record also has 1 and 2. reverse: octets and packets of the other direction; "
      "ignore: they are not used"},
     [](ExporterRule& r, const Value& v) { set_post_counters(r, v.text); }},
};

}  // namespace

void set_network(ExporterRule& rule, const std::string& text) { rule.network = parse_network(text); }

void set_post_counters(ExporterRule& rule, const std::string& text) {
  if (text != "reverse" && text != "ignore")
    throw usage_error(in_quotes(text) +
                      " is no meaning of the counters 23 and 24; take reverse (the other direction) or ignore" +
                      did_you_mean(nearest(text, {"reverse", "ignore"})));
  rule.post_counters = text == "reverse" ? PostCounters::reverse : PostCounters::ignore;
}

void check_exporter_rule(const std::vector<ExporterRule>& before, const ExporterRule& added) {
  for (const ExporterRule& other : before)
    if (other.network == added.network)
      throw usage_error("exporter " + in_quotes(added.network.to_string()) + " is named twice");
}

std::span<const Option<ExporterRule>> exporter_options() { return kOptions; }

const RepeatedTable& exporter_table_type() {
  static const RepeatedTable type{
      kExporterTable,
      "--exporter",
      "NETWORK=counters_23_24:VALUE,..",
      "Receiving",
      "How to read the records of exporters with this address or in this network. counters_23_24: what elements 23 and "
      "24 mean if a record also has 1 and 2. reverse: octets and packets of the other direction (Cisco FTD); ignore: "
      "they are not used. Default: reverse if they differ from 1 and 2, else ignore. May be given several times; of "
      "the networks that contain an exporter, the one with the longest prefix applies",
      "[[exporter]]\naddress = \"192.0.2.0/24\"\ncounters_23_24 = \"reverse\"",
      infos(exporter_options()),
      parse_short};
  return type;
}

}  // namespace weir
