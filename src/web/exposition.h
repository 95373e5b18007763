// SPDX-License-Identifier: Apache-2.0
// Exposition: writes metric families as exposition text. It knows the two formats and nothing about the metrics.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

class Exposition {
 public:
  explicit Exposition(bool openmetrics) : openmetrics_(openmetrics) {}

  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // Begins a family; only its samples may follow. The name of a counter ends in _total, that of an info in _info.
  void counter(std::string_view name, std::string_view help) { family(name, help, "counter", "_total"); }
  void gauge(std::string_view name, std::string_view help) { family(name, help, "gauge", ""); }
  void info(std::string_view name, std::string_view help) {
    family(name, help, openmetrics_ ? "info" : "gauge", "_info");
  }

  void histogram(std::string_view name, std::string_view help) { family(name, help, "histogram", ""); }

  void sample(Labels labels, int64_t value);
  void sample(Labels labels, double value);
  void sample_ns(Labels labels, int64_t ns);  // as seconds, with nanosecond precision
  // The samples of a histogram: `counts` for each bound (not cumulative), the last one for values above all bounds.
  void buckets(std::span<const double> bounds, std::span<const uint64_t> counts, double sum);

  std::string finish();

 private:
  void family(std::string_view name, std::string_view help, std::string_view type, std::string_view suffix);
  void name_and_labels(Labels labels);

  bool openmetrics_;
  std::string name_, text_;
};

}  // namespace weir
