// SPDX-License-Identifier: Apache-2.0
#include "cmd/exporter_option.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "cmd/option_table.h"

namespace weir {
namespace {

constexpr std::string_view kPostCounters = "counters_23_24";
constexpr const char* kForm = "write NETWORK=counters_23_24:VALUE, as in 192.0.2.0/24=counters_23_24:reverse";

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

ExporterRule parse_rule(const std::string& text) {
  const size_t equals = text.find('=');
  const size_t colon = text.find(':', equals == text.npos ? text.size() : equals);
  if (colon == text.npos) throw usage_error(quoted(text) + " says nothing of an exporter; " + kForm);
  const std::string key = text.substr(equals + 1, colon - equals - 1);
  if (key != kPostCounters) throw usage_error(quoted(key) + " is nothing that can be said of an exporter; " + kForm);
  ExporterRule rule;
  set_network(rule, text.substr(0, equals));
  set_post_counters(rule, text.substr(colon + 1));
  return rule;
}

}  // namespace

void set_network(ExporterRule& rule, const std::string& text) { rule.network = parse_network(text); }

void set_post_counters(ExporterRule& rule, const std::string& text) {
  if (text != "reverse" && text != "ignore")
    throw usage_error(quoted(text) +
                      " is no meaning of the counters 23 and 24; take reverse (the other direction) or "
                      "ignore" +
                      did_you_mean(nearest(text, {"reverse", "ignore"})));
  rule.post_counters = text == "reverse" ? PostCounters::reverse : PostCounters::ignore;
}

void check_exporter_rule(const std::vector<ExporterRule>& before, const ExporterRule& added) {
  for (const ExporterRule& other : before)
    if (other.network == added.network)
      throw usage_error("exporter " + quoted(text_of(added).substr(0, text_of(added).find('='))) + " is named twice");
}

std::vector<ExporterRule> parse_exporter_rules(const std::string& text) {
  std::vector<ExporterRule> rules;
  for (const std::string& part : split_list(text)) {
    const ExporterRule rule = parse_rule(part);
    check_exporter_rule(rules, rule);
    rules.push_back(rule);
  }
  return rules;
}

std::string text_of(const ExporterRule& rule) {
  return rule.network.to_string() + "=" + std::string(kPostCounters) + ":" +
         (rule.post_counters == PostCounters::reverse ? "reverse" : "ignore");
}

}  // namespace weir
