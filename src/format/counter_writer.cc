// SPDX-License-Identifier: Apache-2.0
#include "format/counter_writer.h"

#include <charconv>

namespace weir {
namespace {

template <class Number>
void append_number(std::string& out, Number number) {
  char text[24];
  out.append(text, std::to_chars(text, text + sizeof text, number).ptr);
}

std::string_view text_name(const CounterColumn& column) {
  return column.type == CounterType::time_ms ? "time_received_ns" : column.name;
}

bool has(const CounterSample& sample, size_t column) {
  return column < kCounterHeaderCount || sample.present[column - kCounterHeaderCount];
}

// `quote`: written around values that are not numbers.
void append_value(const CounterSample& sample, size_t column, std::string_view quote, std::string& out) {
  if (column >= kCounterHeaderCount) return append_number(out, sample.values[column - kCounterHeaderCount]);
  switch (kCounterColumns[column].type) {
    case CounterType::time_ms:
      return append_number(out, sample.received_ns);
    case CounterType::address:
      out.append(quote).append(sample.agent.to_string()).append(quote);
      return;
    default:
      return append_number(out, sample.header_number(column));
  }
}

}  // namespace

void write_counter_json(const CounterSample& sample, std::string& out) {
  char before = '{';
  for (size_t column = 0; column < kCounterColumnCount; ++column) {
    if (!has(sample, column)) continue;
    out += before;
    out.append("\"").append(text_name(kCounterColumns[column])).append("\":");
    append_value(sample, column, "\"", out);
    before = ',';
  }
  out += "}\n";
}

void write_counter_csv(const CounterSample& sample, std::string& out) {
  for (size_t column = 0; column < kCounterColumnCount; ++column) {
    if (column > 0) out += ',';
    if (has(sample, column)) append_value(sample, column, "", out);
  }
  out += '\n';
}

void write_counter_csv_header(std::string& out) {
  for (size_t column = 0; column < kCounterColumnCount; ++column) {
    if (column > 0) out += ',';
    out += text_name(kCounterColumns[column]);
  }
  out += '\n';
}

}  // namespace weir
