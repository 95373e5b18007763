// SPDX-License-Identifier: Apache-2.0
#include "format/text_writer.h"

#include "base/json_text.h"
#include "base/protocol_names.h"
#include "format/spelling.h"

namespace weir {
namespace {

// How a row's value is written.
enum class TextOp : uint8_t {
  u8,
  u16,
  u32,
  u64,
  i64,
  f64,
  boolean,
  address,
  mac,
  etype,
  proto,
  src_net,
  dst_net,
  numbers,
  layers,
  addresses,
  json_text,
  csv_text,
  number_if_not_zero,
  address_if_not_zero,
  json_text_if_not_empty,
};

// Whether a value is quoted in JSON.
bool is_text(Spelling spelling) { return spelling != Spelling::number && spelling != Spelling::boolean; }
bool is_list(Column column) { return column == Column::list_u32 || column == Column::list_address; }
bool is_network(Spelling spelling) { return spelling == Spelling::src_net || spelling == Spelling::dst_net; }

TextOp op_for(const FieldInfo& field) {
  switch (field.spelling) {
    case Spelling::address:
      return field.column == Column::list_address ? TextOp::addresses : TextOp::address;
    case Spelling::mac:
      return TextOp::mac;
    case Spelling::etype:
      return TextOp::etype;
    case Spelling::proto:
      return TextOp::proto;
    case Spelling::src_net:
      return TextOp::src_net;
    case Spelling::dst_net:
      return TextOp::dst_net;
    case Spelling::layer:
      return TextOp::layers;
    case Spelling::boolean:
      return TextOp::boolean;
    case Spelling::type:
    case Spelling::number:
    case Spelling::text:
      break;
  }
  switch (field.column) {
    case Column::u8:
      return TextOp::u8;
    case Column::u16:
      return TextOp::u16;
    case Column::u32:
      return TextOp::u32;
    case Column::u64:
      return TextOp::u64;
    case Column::i64:
    case Column::time_ns:
      return TextOp::i64;
    case Column::f64:
      return TextOp::f64;
    case Column::list_u32:
      return TextOp::numbers;
    case Column::text:
      return TextOp::json_text;
    case Column::run:
    case Column::address:
    case Column::list_address:
      break;
  }
  WEIR_ASSERT(!"a field that text does not know how to write");
  return TextOp::u64;
}

// The text of a value that the exporter did not send.
std::string_view zero_text(const FieldInfo& field) {
  if (is_list(field.column)) return "";
  switch (field.spelling) {
    case Spelling::number:
      return "0";
    case Spelling::mac:
      return "00:00:00:00:00:00";
    case Spelling::proto:
      return proto_name(0);
    case Spelling::src_net:
    case Spelling::dst_net:
      return kInvalidNetwork;
    case Spelling::boolean:
      return "false";
    case Spelling::type:
    case Spelling::address:
    case Spelling::etype:
    case Spelling::layer:
    case Spelling::text:
      break;
  }
  return "";
}

char* put(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

template <class T>
T at(const RenderStep& step, uint32_t row) {
  return static_cast<const T*>(step.column)[row];
}

class TextWriter : public PlannedWriter {
 public:
  TextWriter(const std::vector<Field>& fields, const FieldTable& table, std::string_view list_quote)
      : table_(table), fields_(fields), quote_(list_quote) {
    if (!fields_.empty()) return;
    every_field_ = true;
    for (const FieldInfo& field : table.all()) fields_.push_back(field.field);
  }

 protected:
  virtual TextOp op_of(const FieldInfo& field) const { return op_for(field); }
  // Adds the value to the plan: as constant text, as a run value or as a row value.
  void add_value(const FieldInfo& field, const Run& run, RenderPlan& plan) const {
    bool in_rows = run.mask.has(field.field);
    if (is_network(field.spelling)) in_rows = run.mask.has(address_of(field));
    if (in_rows)
      plan.add_row_value(field, static_cast<uint8_t>(op_of(field)));
    else if (run_tells(field.field, run.mask))
      plan.add_run_value(field.field);
    else
      plan.add_text(zero_text(field));
  }

  const FieldInfo& info_of(Field field) const { return table_.info(field); }
  const std::vector<Field>& fields() const { return fields_; }
  bool every_field() const { return every_field_; }

 private:
  static Field address_of(const FieldInfo& net) {
    return net.spelling == Spelling::src_net ? Field::src_addr : Field::dst_addr;
  }
  // A quote on both sides (two bytes each in CSV), a comma and the longest value.
  size_t list_value_bound() const final { return 64; }
  size_t text_octet_bound() const final { return 6; }
  void append_run_value(Field field, const Run& run, std::string& out) const final;
  char* write_rows(const FlowBatch& batch, uint32_t first, uint32_t end, char* out) const final;
  char* write_value(const FlowBatch& batch, const RenderStep& step, uint32_t row, char* out) const;
  char* write_network_of(const FlowBatch& batch, const RenderStep& step, Field address, uint32_t row, char* out) const;
  char* write_number_if_not_zero(const FlowBatch& batch, const RenderStep& step, uint32_t row, char* out) const;
  char* write_address_if_not_zero(const RenderStep& step, uint32_t row, char* out) const;
  char* write_text_if_not_empty(const FlowBatch& batch, const RenderStep& step, uint32_t row, char* out) const;
  template <class Write>
  char* write_list(const ListRef& list, std::string_view quote, char* out, Write write) const;

  const FieldTable& table_;
  std::vector<Field> fields_;
  bool every_field_ = false;
  std::string_view quote_;  // around text within a list
};

void TextWriter::append_run_value(Field field, const Run& run, std::string& out) const {
  char text[IpAddress::kMaxText];
  char* end = text;
  switch (field) {
    case Field::type:
      out += flow_type_name(run.type);
      return;
    case Field::time_received_ns:
      end = write_signed(text, run.received_ns);
      break;
    case Field::time_flow_start_ns:
    case Field::time_flow_end_ns:
      end = write_signed(text, run.export_ns);
      break;
    case Field::sequence_num:
      end = write_unsigned(text, run.sequence);
      break;
    case Field::sampling_rate:
      end = write_unsigned(text, run.sampling_rate);
      break;
    case Field::sampler_address:
      end = run.exporter.is_zero() ? text : run.exporter.write(text);
      break;
    case Field::observation_domain_id:
      end = write_unsigned(text, run.domain);
      break;
    default:
      WEIR_ASSERT(!"a field that no run holds");
  }
  out.append(text, end);
}

char* TextWriter::write_rows(const FlowBatch& batch, uint32_t first, uint32_t end, char* out) const {
  const RenderStep* begin = steps().data();
  const RenderStep* last = begin + steps().size() - 1;
  for (uint32_t row = first; row < end; ++row) {
    for (const RenderStep* step = begin; step < last; ++step) {
      out = copy(out, step->text, step->text_size);
      out = write_value(batch, *step, row, out);
    }
    out = copy(out, last->text, last->text_size);
  }
  return out;
}

inline char* TextWriter::write_value(const FlowBatch& batch, const RenderStep& step, uint32_t row, char* out) const {
  switch (static_cast<TextOp>(step.op)) {
    case TextOp::u8:
      return write_short(out, at<uint8_t>(step, row));
    case TextOp::u16:
      return write_medium(out, at<uint16_t>(step, row));
    case TextOp::u32:
      return write_unsigned(out, at<uint32_t>(step, row));
    case TextOp::u64:
      return write_unsigned(out, at<uint64_t>(step, row));
    case TextOp::i64:
      return write_signed(out, at<int64_t>(step, row));
    case TextOp::f64:
      return write_float(out, at<double>(step, row));
    case TextOp::boolean:
      return put(out, at<uint8_t>(step, row) ? "true" : "false");
    case TextOp::address:
      return static_cast<const IpAddress*>(step.column)[row].write(out);
    case TextOp::mac:
      return write_mac(out, at<uint64_t>(step, row));
    case TextOp::etype:
      return put(out, etype_name(at<uint16_t>(step, row)));
    case TextOp::proto:
      return put(out, proto_name(at<uint8_t>(step, row)));
    case TextOp::src_net:
      return write_network_of(batch, step, Field::src_addr, row, out);
    case TextOp::dst_net:
      return write_network_of(batch, step, Field::dst_addr, row, out);
    case TextOp::numbers:
      return write_list(at<ListRef>(step, row), "", out,
                        [&](char* to, uint32_t i) { return write_unsigned(to, batch.list_numbers()[i]); });
    case TextOp::layers:
      return write_list(at<ListRef>(step, row), quote_, out,
                        [&](char* to, uint32_t i) { return put(to, layer_name(batch.list_numbers()[i])); });
    case TextOp::addresses:
      return write_list(at<ListRef>(step, row), quote_, out,
                        [&](char* to, uint32_t i) { return batch.list_addresses()[i].write(to); });
    case TextOp::number_if_not_zero:
      return write_number_if_not_zero(batch, step, row, out);
    case TextOp::address_if_not_zero:
      return write_address_if_not_zero(step, row, out);
    case TextOp::json_text:
      return write_json_text(out, batch.texts().view(at<TextRef>(step, row)));
    case TextOp::csv_text:
      return write_csv_text(out, batch.texts().view(at<TextRef>(step, row)));
    case TextOp::json_text_if_not_empty:
      return write_text_if_not_empty(batch, step, row, out);
  }
  return out;
}

// If the exporter did not send a prefix length, it counts as 0.
char* TextWriter::write_network_of(const FlowBatch& batch, const RenderStep& step, Field address, uint32_t row,
                                   char* out) const {
  unsigned length = run().mask.has(step.field) ? at<uint8_t>(step, row) : 0;
  return write_network(out, batch.column<IpAddress>(address)[row], length);
}

char* TextWriter::write_number_if_not_zero(const FlowBatch& batch, const RenderStep& step, uint32_t row,
                                           char* out) const {
  uint64_t value = batch.number(step.field, row);
  if (value == 0) return out;
  return write_unsigned(copy(out, step.before, step.before_size), value);
}

char* TextWriter::write_address_if_not_zero(const RenderStep& step, uint32_t row, char* out) const {
  const IpAddress& value = static_cast<const IpAddress*>(step.column)[row];
  if (value.is_zero()) return out;
  out = value.write(copy(out, step.before, step.before_size));
  *out = '"';
  return out + 1;
}

char* TextWriter::write_text_if_not_empty(const FlowBatch& batch, const RenderStep& step, uint32_t row,
                                          char* out) const {
  TextRef text = at<TextRef>(step, row);
  if (text.length == 0) return out;
  out = write_json_text(copy(out, step.before, step.before_size), batch.texts().view(text));
  *out = '"';
  return out + 1;
}

template <class Write>
char* TextWriter::write_list(const ListRef& list, std::string_view quote, char* out, Write write) const {
  for (uint32_t i = 0; i < list.count; ++i) {
    if (i > 0) *out++ = ',';
    out = put(out, quote);
    out = write(out, list.first + i);
    out = put(out, quote);
  }
  return out;
}

class JsonWriter final : public TextWriter {
 public:
  JsonWriter(const std::vector<Field>& fields, const FieldTable& table) : TextWriter(fields, table, "\"") {}

 private:
  void compile(const Run& run, RenderPlan& plan) const override {
    std::string separator = "{\"";
    for (Field f : fields()) {
      const FieldInfo& field = info_of(f);
      std::string key = separator + std::string(field.name) + "\":";
      separator = ",\"";
      if (every_field() && !is_goflow2(f)) {
        if (run.mask.has(f)) add_if_it_holds_something(field, key, plan);
        continue;
      }
      bool list = is_list(field.column), text = is_text(field.spelling);
      plan.add_text(key + (list ? "[" : text ? "\"" : ""));
      add_value(field, run, plan);
      plan.add_text(list ? "]" : text ? "\"" : "");
    }
    plan.add_text("}\n");
  }
  // Zero is also written for added fields, because the exporter sent it, and for a drop reason with the code 0.
  static void add_if_it_holds_something(const FieldInfo& field, const std::string& key, RenderPlan& plan) {
    WEIR_ASSERT(!is_list(field.column));
    if (field.column == Column::text)
      return plan.add_row_value(field, static_cast<uint8_t>(TextOp::json_text_if_not_empty), key + "\"");
    if (field.spelling == Spelling::address)
      return plan.add_row_value(field, static_cast<uint8_t>(TextOp::address_if_not_zero), key + "\"");
    const bool zero_counts = is_extra(field.field) || field.field == Field::drop_reason;
    if (!zero_counts) return plan.add_row_value(field, static_cast<uint8_t>(TextOp::number_if_not_zero), key);
    std::string_view quote = is_text(field.spelling) ? "\"" : "";
    plan.add_text(key + std::string(quote));
    plan.add_row_value(field, static_cast<uint8_t>(op_for(field)));
    plan.add_text(quote);
  }
};

class CsvWriter final : public TextWriter {
 public:
  CsvWriter(const std::vector<Field>& fields, const FieldTable& table) : TextWriter(fields, table, "\"\"") {}

  void header(std::string& out) const override {
    bool first = true;
    for (Field f : fields()) {
      if (!first) out += ',';
      first = false;
      out += info_of(f).name;
    }
    out += '\n';
  }

 private:
  TextOp op_of(const FieldInfo& field) const override {
    return field.column == Column::text ? TextOp::csv_text : op_for(field);
  }
  void compile(const Run& run, RenderPlan& plan) const override {
    bool first = true;
    for (Field f : fields()) {
      const FieldInfo& field = info_of(f);
      if (!first) plan.add_text(",");
      first = false;
      const bool optional = !is_goflow2(f) || (is_flow_time(f) && !run_tells(f, run.mask));
      if (optional && !run.mask.has(f)) continue;  // empty: the exporter did not send it
      bool list = is_list(field.column);
      plan.add_text(list ? "\"[" : "");
      add_value(field, run, plan);
      plan.add_text(list ? "]\"" : "");
    }
    plan.add_text("\n");
  }
};

}  // namespace

std::unique_ptr<RecordWriter> make_json_writer(const std::vector<Field>& fields, const FieldTable& table) {
  return std::make_unique<JsonWriter>(fields, table);
}
std::unique_ptr<RecordWriter> make_csv_writer(const std::vector<Field>& fields, const FieldTable& table) {
  return std::make_unique<CsvWriter>(fields, table);
}

}  // namespace weir
