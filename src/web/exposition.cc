// SPDX-License-Identifier: Apache-2.0
#include "web/exposition.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace weir {

// OpenMetrics names a family without the suffix of its samples, the older format with it.
void Exposition::family(std::string_view name, std::string_view help, std::string_view type, std::string_view suffix) {
  std::string_view shown = name;
  if (openmetrics_ && name.ends_with(suffix)) shown.remove_suffix(suffix.size());
  text_.append("# HELP ").append(shown).append(" ").append(help).append("\n");
  text_.append("# TYPE ").append(shown).append(" ").append(type).append("\n");
  name_ = name;
}

static void append_escaped(std::string& out, std::string_view value) {
  for (char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    out += c;
  }
}

void Exposition::name_and_labels(Labels labels) {
  text_ += name_;
  char before = '{';
  for (const auto& [name, value] : labels) {
    text_ += before;
    text_.append(name).append("=\"");
    append_escaped(text_, value);
    text_ += '"';
    before = ',';
  }
  text_ += labels.size() ? "} " : " ";
}

void Exposition::sample(Labels labels, int64_t value) {
  name_and_labels(labels);
  text_.append(std::to_string(value)).append("\n");
}

void Exposition::sample(Labels labels, double value) {
  name_and_labels(labels);
  char digits[32];
  auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  text_.append(digits, end).append("\n");
}

void Exposition::sample_ns(Labels labels, int64_t ns) {
  name_and_labels(labels);
  char digits[32];
  std::snprintf(digits, sizeof digits, "%s%lld.%09lld\n", ns < 0 ? "-" : "", std::llabs(ns / 1'000'000'000),
                std::llabs(ns % 1'000'000'000));
  text_ += digits;
}

static std::string number_text(double value) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

void Exposition::buckets(std::span<const double> bounds, std::span<const uint64_t> counts, double sum) {
  const std::string family = name_;
  name_ = family + "_bucket";
  int64_t below = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    below += static_cast<int64_t>(counts[i]);
    sample({{"le", i < bounds.size() ? number_text(bounds[i]) : "+Inf"}}, below);
  }
  name_ = family + "_sum";
  sample({}, sum);
  name_ = family + "_count";
  sample({}, below);
  name_ = family;
}

std::string Exposition::finish() {
  if (openmetrics_) text_ += "# EOF\n";
  return std::move(text_);
}

}  // namespace weir
