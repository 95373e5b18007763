// SPDX-License-Identifier: Apache-2.0
#include "decode/lists.h"

#include <algorithm>

namespace weir {

static constexpr uint16_t kEnterpriseBit = 0x8000;

ListReader::ListReader() : fields_(limits::kListDepth * limits::kFieldsPerTemplate) {
  for (Values& values : values_) {
    values.numbers.reserve(limits::kListValues);
    values.addresses.reserve(limits::kListValues);
  }
}

void ListReader::read(const Plan& plan, const FieldBytes* fields, const ListContext& context) {
  read_fields(plan, fields, context, 0);
  flush(context);
}

void ListReader::read_fields(const Plan& plan, const FieldBytes* fields, const ListContext& context, size_t depth) {
  for (const ListField& list : plan.lists) {
    Bytes bytes{fields[list.position].at, fields[list.position].length};
    if (bytes.empty()) continue;
    if (depth >= limits::kListDepth) return context.entry.count(Malformed::deep_list);
    bytes = bytes.subspan(1);  // semantic: how the values relate to each other
    if (list.kind == ListKind::sub_template)
      read_sub_template(bytes, context, depth);
    else if (list.kind == ListKind::sub_template_multi)
      read_multi(bytes, context, depth);
    else
      read_basic(list.kind, bytes, context);
  }
}

// basicList (RFC 6313 §4.5.1), after its semantic: element id and length (2 octets each), enterprise number (4) if the
// id's first bit is set, then the values.
void ListReader::read_basic(ListKind kind, Bytes list, const ListContext& context) {
  ByteReader reader(list);
  uint16_t id = reader.u16(), width = reader.u16();
  uint32_t pen = id & kEnterpriseBit ? reader.u32() : 0;
  if (reader.failed() || width == 0) return context.entry.count(Malformed::short_list);
  while (reader.remaining() > 0) {
    size_t length = width;
    if (width == kVariableLength) {
      length = reader.u8();
      if (length == 255) length = reader.u16();
    }
    Bytes value = reader.take(length);
    if (reader.failed()) return context.entry.count(Malformed::short_list);
    read_value(kind, pen, id & ~kEnterpriseBit, width, {value.data(), static_cast<uint32_t>(length)}, context);
  }
}

void ListReader::read_value(ListKind kind, uint32_t pen, uint16_t id, uint16_t width, const FieldBytes& value,
                            const ListContext& context) {
  if (kind == ListKind::as_path) {
    if (value.length <= 4) append(Field::as_path, Convert::list_number, value);
    return;
  }
  for (const Element& element : elements_for(pen, id)) {
    if (!width_fits(element, width)) continue;
    if (is_list(element.convert))
      append(element.field, element.convert, value);
    else
      fill_missing(element, value, context.base, context.batch, context.run);
  }
}

// subTemplateList (§4.5.2), after its semantic: template id (2 octets), then its records.
void ListReader::read_sub_template(Bytes list, const ListContext& context, size_t depth) {
  if (list.size() < 2) return context.entry.count(Malformed::short_list);
  read_records(load_be16(list.data()), list.subspan(2), context, depth);
}

// subTemplateMultiList (§4.5.3), after its semantic: groups of template id, length including this header (2 octets
// each) and records.
void ListReader::read_multi(Bytes list, const ListContext& context, size_t depth) {
  static constexpr size_t kGroupHeader = 4;
  while (!list.empty()) {
    size_t length = list.size() >= kGroupHeader ? load_be16(list.data() + 2) : 0;
    if (length < kGroupHeader || length > list.size()) return context.entry.count(Malformed::short_list);
    read_records(load_be16(list.data()), list.subspan(kGroupHeader, length - kGroupHeader), context, depth);
    list = list.subspan(length);
  }
}

void ListReader::read_records(uint16_t template_id, Bytes records, const ListContext& context, size_t depth) {
  PlanChoice choice = context.plans.choose(template_id, context.set);
  const Plan* plan = choice.plan ? choice.plan->get() : nullptr;
  if (!plan && context.fallback) plan = context.plans.find(template_id);
  if (!plan) return context.entry.count(Malformed::list_template);
  FieldBytes* fields = fields_.data() + depth * limits::kFieldsPerTemplate;
  while (!records.empty()) {
    size_t length = walk_record(*plan, records, fields);
    if (length == 0) return context.entry.count(Malformed::short_list);
    TimeBase base = base_of_record(*plan, fields, context.base);
    fill_missing(*plan, fields, base, context.batch, context.run);
    if (plan->appends)
      for (const Step& step : plan->steps)
        if (is_list(step.convert)) append(step.field, step.convert, fields[step.position]);
    if (!plan->lists.empty()) read_fields(*plan, fields, context, depth + 1);
    records = records.subspan(length);
  }
}

void ListReader::append(Field field, Convert convert, const FieldBytes& value) {
  for (size_t i = 0; i < std::size(kListFields); ++i) {
    if (kListFields[i] != field) continue;
    Values& values = values_[i];
    values.count += append_values(convert, value, limits::kListValues - values.count, values.numbers, values.addresses);
  }
}

// Writes the lists to the row. The record's own values come first; the values of a list are contiguous in the batch's
// arena, so they are moved to its end.
void ListReader::flush(const ListContext& context) {
  for (size_t i = 0; i < std::size(kListFields); ++i) {
    Values& values = values_[i];
    if (values.count == 0) continue;
    Field field = kListFields[i];
    ListRef& list = context.batch.column<ListRef>(field)[context.run.first_row];
    if (!context.run.mask.has(field)) list = {};
    context.run.mask.set(field);
    auto move_to_end = [&](auto& arena, auto& added) {
      auto first = static_cast<uint32_t>(arena.size());
      for (uint32_t n = 0; n < list.count; ++n) arena.push_back(arena[list.first + n]);
      auto space = std::min<size_t>(added.size(), limits::kListValues - list.count);
      arena.insert(arena.end(), added.begin(), added.begin() + static_cast<std::ptrdiff_t>(space));
      list = {first, static_cast<uint32_t>(list.count + space)};
      added.clear();
    };
    if (info(field).column == Column::list_u32)
      move_to_end(context.batch.list_numbers(), values.numbers);
    else
      move_to_end(context.batch.list_addresses(), values.addresses);
    values.count = 0;
  }
}

}  // namespace weir
