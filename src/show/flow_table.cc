// SPDX-License-Identifier: Apache-2.0
#include "show/flow_table.h"

#include <charconv>

#include "base/rfc3339.h"
#include "base/text.h"

namespace weir {
namespace {

// The fields that the default columns are made from, and the columns.
const std::vector<Field> kSource = {Field::time_flow_start_ns,
                                    Field::time_flow_end_ns,
                                    Field::proto,
                                    Field::src_addr,
                                    Field::src_port,
                                    Field::dst_addr,
                                    Field::dst_port,
                                    Field::tcp_flags,
                                    Field::packets,
                                    Field::bytes,
                                    Field::in_if,
                                    Field::out_if,
                                    Field::sampler_address};
enum {
  kStart,
  kEnd,
  kProto,
  kSource4,
  kSourcePort,
  kTarget,
  kTargetPort,
  kFlags,
  kPackets,
  kBytes,
  kIn,
  kOut,
  kExporter
};

struct ColumnHead {
  const char* name;
  bool right;
};
constexpr ColumnHead kColumns[] = {{"start", false},       {"duration", true}, {"proto", false},   {"source", false},
                                   {"destination", false}, {"flags", false},   {"packets", true},  {"bytes", true},
                                   {"in", true},           {"out", true},      {"exporter", false}};

int64_t number(std::string_view text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// "2026-01-02 03:04:05.678", UTC.
std::string clock_time(int64_t ns) {
  std::string text = rfc3339_ms(ns);
  text.pop_back();
  size_t t = text.find('T');
  if (t != std::string::npos) text[t] = ' ';
  return text;
}

// Seconds with milliseconds. Negative for a flow that ends before it starts.
std::string duration(int64_t start_ns, int64_t end_ns) {
  uint64_t ns = static_cast<uint64_t>(end_ns) - static_cast<uint64_t>(start_ns);
  bool negative = end_ns < start_ns;
  if (negative) ns = 0 - ns;
  std::string fraction = std::to_string(ns / 1'000'000 % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  return (negative ? "-" : "") + std::to_string(ns / 1'000'000'000) + "." + fraction;
}

std::string end_point(const std::string& address, const std::string& port) {
  if (port == "0") return address.empty() ? "-" : address;
  return (address.find(':') == std::string::npos ? address : "[" + address + "]") + ":" + port;
}

// "...AP.SF", in the order of the header (RFC 9293 §3.1); "-" for none.
std::string flag_letters(int64_t flags) {
  static constexpr std::string_view kLetters = "CEUAPRSF";
  if ((flags & 0xff) == 0) return "-";
  std::string out;
  for (size_t i = 0; i < kLetters.size(); ++i) out += flags & (0x80 >> i) ? kLetters[i] : '.';
  return out;
}

std::vector<std::string> default_cells(std::vector<std::string> from) {
  const std::string &start = from[kStart], &end = from[kEnd];
  return {start.empty() ? "-" : clock_time(number(start)),
          start.empty() || end.empty() ? "-" : duration(number(start), number(end)),
          from[kProto],
          end_point(from[kSource4], from[kSourcePort]),
          end_point(from[kTarget], from[kTargetPort]),
          flag_letters(number(from[kFlags])),
          from[kPackets],
          from[kBytes],
          from[kIn],
          from[kOut],
          from[kExporter].empty() ? "-" : from[kExporter]};
}

bool is_right(const FieldInfo& f) {
  bool list = f.column == Column::list_u32 || f.column == Column::list_address;
  return f.spelling == Spelling::number && !list;
}

}  // namespace

std::vector<std::string> take_csv_line(std::string_view& csv) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  size_t i = 0;
  for (; i < csv.size(); ++i) {
    char c = csv[i];
    if (quoted && c == '"' && i + 1 < csv.size() && csv[i + 1] == '"')
      cells.back() += csv[++i];
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && c == ',')
      cells.emplace_back();
    else if (!quoted && c == '\n')
      break;
    else
      cells.back() += c;
  }
  csv.remove_prefix(std::min(i + 1, csv.size()));
  return cells;
}

FlowTable::FlowTable(const std::vector<Field>& fields, size_t width, const FieldTable& table)
    : default_columns_(fields.empty()),
      width_(width),
      csv_(make_record_writer(RecordFormat::csv, fields.empty() ? kSource : fields, table)) {
  if (default_columns_) {
    for (const ColumnHead& column : kColumns) {
      table_.heading.emplace_back(column.name);
      table_.right.push_back(column.right);
    }
  } else {
    for (Field field : fields) {
      table_.heading.emplace_back(table.info(field).name);
      table_.right.push_back(is_right(table.info(field)));
    }
  }
  table_.fit(table_.heading);
}

void FlowTable::write(const FlowBatch& batch, std::string& out) {
  lines_.clear();
  csv_->write(batch, lines_);
  for (std::string_view rest = lines_; !rest.empty();) {
    Cells cells = take_csv_line(rest);
    take(default_columns_ ? default_cells(std::move(cells)) : std::move(cells), out);
  }
}

void FlowTable::take(Cells cells, std::string& out) {
  for (std::string& cell : cells) cell = printable(std::move(cell));
  if (begun_) {
    cells.resize(table_.heading.size());
    return table_.append_row(out, cells, false);
  }
  table_.fit(cells);
  held_.push_back(std::move(cells));
  if (held_.size() >= kRowsForWidths) begin(out);
}

// Two spaces between columns; the columns up to the destination are always shown.
void FlowTable::fit_width() {
  static constexpr size_t kAlways = 5;
  if (width_ == 0 || !default_columns_) return;
  auto line = [&] {
    size_t sum = 0;
    for (size_t width : table_.widths) sum += width + 2;
    return sum - 2;
  };
  while (table_.heading.size() > kAlways && line() > width_) {
    left_out_ = table_.heading.back() + (left_out_.empty() ? "" : ", " + left_out_);
    table_.heading.pop_back();
    table_.right.pop_back();
    table_.widths.pop_back();
  }
}

void FlowTable::begin(std::string& out) {
  begun_ = true;
  fit_width();
  table_.append_top(out, false);
  for (Cells& cells : held_) {
    cells.resize(table_.heading.size());
    table_.append_row(out, cells, false);
  }
  held_.clear();
}

void FlowTable::finish(std::string& out) {
  if (!begun_) begin(out);
}

}  // namespace weir
