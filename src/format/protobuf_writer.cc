// SPDX-License-Identifier: Apache-2.0
#include "format/protobuf_writer.h"

#include <algorithm>
#include <bit>

namespace weir {
namespace {

// https://protobuf.dev/programming-guides/encoding/: a tag is number << 3 | wire type.
enum WireType : unsigned { kVarint = 0, kFixed64 = 1, kBytes = 2 };

// A tag is at most two bytes, a packed list's length at most five.
constexpr unsigned kLargestNumber = (1u << 14 >> 3) - 1;
static_assert(std::all_of(std::begin(kFields), std::end(kFields), [](const FieldInfo& field) {
  return field.protobuf_number > 0 && field.protobuf_number <= kLargestNumber;
}));
static_assert(kLastExtraNumber <= kLargestNumber);

// How a row's value is written.
enum class ProtobufOp : uint8_t { u8, u16, u32, u64, f64, address, packed, addresses, text };

char* write_varint(char* out, uint64_t value) {
  while (value >= 0x80) {
    *out++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<char>(value);
  return out;
}

unsigned varint_size(uint64_t value) { return (static_cast<unsigned>(std::bit_width(value | 1)) + 6) / 7; }

char* write_address(char* out, const IpAddress& address) {
  if (address.is_v4()) {
    *out++ = 4;
    std::memcpy(out, address.bytes.data() + 12, 4);
    return out + 4;
  }
  *out++ = 16;
  std::memcpy(out, address.bytes.data(), 16);
  return out + 16;
}

ProtobufOp op_for(Column column) {
  switch (column) {
    case Column::u8:
      return ProtobufOp::u8;
    case Column::u16:
      return ProtobufOp::u16;
    case Column::u32:
      return ProtobufOp::u32;
    case Column::u64:
    case Column::i64:
    case Column::time_ns:
      return ProtobufOp::u64;
    case Column::f64:
      return ProtobufOp::f64;
    case Column::address:
      return ProtobufOp::address;
    case Column::list_u32:
      return ProtobufOp::packed;
    case Column::list_address:
      return ProtobufOp::addresses;
    case Column::text:
      return ProtobufOp::text;
    case Column::run:
      break;
  }
  WEIR_ASSERT(!"a field that Protobuf does not know how to write");
  return ProtobufOp::u64;
}

WireType wire_type(const FieldInfo& field) {
  if (field.column == Column::f64) return kFixed64;
  bool bytes = field.spelling == Spelling::address || field.column == Column::list_u32 || field.column == Column::text;
  return bytes ? kBytes : kVarint;
}

std::string tag_of(const FieldInfo& field) {
  char text[2];
  char* end = write_varint(text, field.protobuf_number * 8u + wire_type(field));
  return std::string(text, end);
}

char* put_tag(char* out, const RenderStep& step) {
  std::memcpy(out, step.before, 2);
  return out + step.before_size;
}

inline char* write_number(char* out, const RenderStep& step, uint64_t value) {
  return value ? write_varint(put_tag(out, step), value) : out;
}

// Eight bytes, little-endian. 0 is left out, -0 is not. Not inlined, like write_text(): few fields need them, and
// inlining them makes the loop over all other fields measurably slower.
[[gnu::noinline]] char* write_float(char* out, const RenderStep& step, double value) {
  auto bits = std::bit_cast<uint64_t>(value);
  if (bits == 0) return out;
  out = put_tag(out, step);
  std::memcpy(out, &bits, sizeof bits);
  return out + sizeof bits;
}

template <class T>
const T& at(const RenderStep& step, uint32_t row) {
  return static_cast<const T*>(step.column)[row];
}

class ProtobufWriter final : public PlannedWriter {
 public:
  ProtobufWriter(std::vector<Field> fields, const FieldTable& table) : table_(table), fields_(std::move(fields)) {
    if (fields_.empty())
      for (const FieldInfo& field : table.all()) fields_.push_back(field.field);
    std::ranges::sort(fields_, {}, [&](Field field) { return table.info(field).protobuf_number; });
    fields_.erase(std::unique(fields_.begin(), fields_.end()), fields_.end());
  }

 private:
  void compile(const Run& run, RenderPlan& plan) const override {
    for (Field f : fields_) {
      const FieldInfo& field = table_.info(f);
      if (run.mask.has(f))
        plan.add_row_value(field, static_cast<uint8_t>(op_for(field.column)), tag_of(field));
      else if (run_tells(f, run.mask))
        plan.add_run_value(f);
    }
  }
  // Tag, length and an IPv6 address; or a packed number and its share of tag and length.
  size_t list_value_bound() const override { return 24; }
  size_t text_octet_bound() const override { return 1; }
  void append_run_value(Field field, const Run& run, std::string& out) const override;
  char* write_rows(const FlowBatch& batch, uint32_t first, uint32_t end, char* out) const override;
  char* write_row(const FlowBatch& batch, uint32_t row, char* out) const;
  char* write_value(const FlowBatch& batch, const RenderStep& step, uint32_t row, char* out) const;
  char* write_packed(const FlowBatch& batch, const RenderStep& step, uint32_t row, char* out) const;
  char* write_addresses(const FlowBatch& batch, const RenderStep& step, uint32_t row, char* out) const;
  [[gnu::noinline]] static char* write_text(std::string_view text, const RenderStep& step, char* out);

  const FieldTable& table_;
  std::vector<Field> fields_;
};

void ProtobufWriter::append_run_value(Field field, const Run& run, std::string& out) const {
  char text[1 + sizeof(IpAddress)];
  uint64_t number = 0;
  switch (field) {
    case Field::type:
      number = static_cast<uint64_t>(run.type);
      break;
    case Field::time_received_ns:
      number = static_cast<uint64_t>(run.received_ns);
      break;
    case Field::time_flow_start_ns:
    case Field::time_flow_end_ns:
      number = static_cast<uint64_t>(run.export_ns);
      break;
    case Field::sequence_num:
      number = run.sequence;
      break;
    case Field::sampling_rate:
      number = run.sampling_rate;
      break;
    case Field::observation_domain_id:
      number = run.domain;
      break;
    case Field::sampler_address:
      if (!run.exporter.is_zero()) (out += tag_of(info(field))).append(text, write_address(text, run.exporter));
      return;
    default:
      WEIR_ASSERT(!"a field that no run holds");
  }
  if (number) (out += tag_of(info(field))).append(text, write_varint(text, number));
}

// The length precedes the message but is known only after it: two bytes are reserved for it, and the message is moved
// if the length takes more or fewer.
char* ProtobufWriter::write_rows(const FlowBatch& batch, uint32_t first, uint32_t end, char* out) const {
  constexpr unsigned kLengthBytes = 2;
  for (uint32_t row = first; row < end; ++row) {
    char* message = out + kLengthBytes;
    size_t size = static_cast<size_t>(write_row(batch, row, message) - message);
    unsigned prefix = varint_size(size);
    if (prefix != kLengthBytes) std::memmove(out + prefix, message, size);
    out = write_varint(out, size) + size;
  }
  return out;
}

char* ProtobufWriter::write_row(const FlowBatch& batch, uint32_t row, char* out) const {
  const RenderStep* last = &steps().back();
  for (const RenderStep* step = steps().data(); step < last; ++step) {
    if (step->text_size) out = copy(out, step->text, step->text_size);
    out = write_value(batch, *step, row, out);
  }
  return copy(out, last->text, last->text_size);
}

inline char* ProtobufWriter::write_value(const FlowBatch& batch, const RenderStep& step, uint32_t row,
                                         char* out) const {
  switch (static_cast<ProtobufOp>(step.op)) {
    case ProtobufOp::u8:
      return write_number(out, step, at<uint8_t>(step, row));
    case ProtobufOp::u16:
      return write_number(out, step, at<uint16_t>(step, row));
    case ProtobufOp::u32:
      return write_number(out, step, at<uint32_t>(step, row));
    case ProtobufOp::u64:
      return write_number(out, step, at<uint64_t>(step, row));
    case ProtobufOp::f64:
      return write_float(out, step, at<double>(step, row));
    case ProtobufOp::address:
      return write_address(put_tag(out, step), at<IpAddress>(step, row));
    case ProtobufOp::packed:
      return write_packed(batch, step, row, out);
    case ProtobufOp::addresses:
      return write_addresses(batch, step, row, out);
    case ProtobufOp::text:
      return write_text(batch.texts().view(at<TextRef>(step, row)), step, out);
  }
  return out;
}

char* ProtobufWriter::write_packed(const FlowBatch& batch, const RenderStep& step, uint32_t row, char* out) const {
  ListRef list = at<ListRef>(step, row);
  if (list.count == 0) return out;
  const uint32_t* values = batch.list_numbers().data() + list.first;
  size_t size = 0;
  for (uint32_t i = 0; i < list.count; ++i) size += varint_size(values[i]);
  out = write_varint(put_tag(out, step), size);
  for (uint32_t i = 0; i < list.count; ++i) out = write_varint(out, values[i]);
  return out;
}

char* ProtobufWriter::write_addresses(const FlowBatch& batch, const RenderStep& step, uint32_t row, char* out) const {
  ListRef list = at<ListRef>(step, row);
  for (uint32_t i = 0; i < list.count; ++i)
    out = write_address(put_tag(out, step), batch.list_addresses()[list.first + i]);
  return out;
}

char* ProtobufWriter::write_text(std::string_view text, const RenderStep& step, char* out) {
  if (text.empty()) return out;
  out = write_varint(put_tag(out, step), text.size());
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

}  // namespace

std::unique_ptr<RecordWriter> make_protobuf_writer(const std::vector<Field>& fields, const FieldTable& table) {
  return std::make_unique<ProtobufWriter>(fields, table);
}

}  // namespace weir
