// SPDX-License-Identifier: Apache-2.0
#include "decode/run_plan.h"

#include "base/limits.h"
#include "decode/extra_fields.h"

namespace weir {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMillisecond = 1'000'000;
constexpr int64_t kNtpToUnixSeconds = 2'208'988'800;  // 1900 to 1970
constexpr uint16_t kIpv4 = 0x0800, kIpv6 = 0x86dd;

// Where the values of one step lie: `count` of them, `stride` octets apart.
struct Source {
  const uint8_t* at;
  size_t stride;
  uint32_t count;
  uint32_t width;
};

template <class Wire, class T>
void copy_width(const Source& s, T* out) {
  const uint8_t* p = s.at;
  for (uint32_t i = 0; i < s.count; ++i, p += s.stride) out[i] = static_cast<T>(load_be<Wire>(p));
}

template <class T>
void copy_number(const Source& s, T* out) {
  switch (s.width) {
    case 1:
      return copy_width<uint8_t>(s, out);
    case 2:
      return copy_width<uint16_t>(s, out);
    case 4:
      return copy_width<uint32_t>(s, out);
    case 8:
      return copy_width<uint64_t>(s, out);
    default:
      break;
  }
  const uint8_t* p = s.at;
  for (uint32_t i = 0; i < s.count; ++i, p += s.stride) out[i] = static_cast<T>(load_be_any(p, s.width));
}

void number(const Source& s, FlowBatch& batch, Field field, uint32_t row) {
  switch (info(field).column) {
    case Column::u8:
      return copy_number(s, batch.column<uint8_t>(field) + row);
    case Column::u16:
      return copy_number(s, batch.column<uint16_t>(field) + row);
    case Column::u32:
      return copy_number(s, batch.column<uint32_t>(field) + row);
    case Column::u64:
    case Column::time_ns:
      return copy_number(s, batch.column<uint64_t>(field) + row);
    default:
      break;
  }
}

void texts(const Source& s, FlowBatch& batch, TextRef* out) {
  const uint8_t* p = s.at;
  for (uint32_t i = 0; i < s.count; ++i, p += s.stride) out[i] = batch.texts().add(Bytes(p, s.width));
}

// f(number) for each value.
template <class T, class F>
void transform(const Source& s, T* out, F f) {
  const uint8_t* p = s.at;
  if (s.width == 4) {
    for (uint32_t i = 0; i < s.count; ++i, p += s.stride) out[i] = static_cast<T>(f(load_be32(p)));
  } else if (s.width == 8) {
    for (uint32_t i = 0; i < s.count; ++i, p += s.stride) out[i] = static_cast<T>(f(load_be64(p)));
  } else {
    for (uint32_t i = 0; i < s.count; ++i, p += s.stride) out[i] = static_cast<T>(f(load_be_any(p, s.width)));
  }
}

void addresses4(const Source& s, IpAddress* out) {
  const uint8_t* p = s.at;
  for (uint32_t i = 0; i < s.count; ++i, p += s.stride) out[i] = IpAddress::v4(load_be32(p));
}
void addresses6(const Source& s, IpAddress* out) {
  const uint8_t* p = s.at;
  for (uint32_t i = 0; i < s.count; ++i, p += s.stride) out[i] = IpAddress::v6(p);
}

// A template with both families: the later address counts where it is not zero, and says the family.
void merge_addresses(const Step& step, const Source& s, FlowBatch& batch, uint32_t row) {
  IpAddress* out = batch.column<IpAddress>(step.field) + row;
  bool v4 = step.convert == Convert::address4;
  bool names_family = step.field == Field::src_addr || step.field == Field::dst_addr;
  const uint8_t* p = s.at;
  for (uint32_t i = 0; i < s.count; ++i, p += s.stride) {
    IpAddress address = v4 ? IpAddress::v4(load_be32(p)) : IpAddress::v6(p);
    bool zero = v4 ? address.v4_host_order() == 0 : address.is_zero();
    if (zero) continue;
    out[i] = address;
    if (names_family) batch.column<uint16_t>(Field::etype)[row + i] = v4 ? kIpv4 : kIpv6;
  }
}

void icmp(const Source& s, FlowBatch& batch, uint32_t row) {
  uint8_t* type = batch.column<uint8_t>(Field::icmp_type) + row;
  uint8_t* code = batch.column<uint8_t>(Field::icmp_code) + row;
  const uint8_t* p = s.at;
  for (uint32_t i = 0; i < s.count; ++i, p += s.stride) {
    auto both = static_cast<uint16_t>(load_be_any(p, s.width));
    type[i] = static_cast<uint8_t>(both >> 8);
    code[i] = static_cast<uint8_t>(both);
  }
}

void ip_version(const Source& s, FlowBatch& batch, uint32_t row, bool filled) {
  uint16_t* out = batch.column<uint16_t>(Field::etype) + row;
  const uint8_t* p = s.at;
  for (uint32_t i = 0; i < s.count; ++i, p += s.stride) {
    uint64_t version = load_be_any(p, s.width);
    if (version == 4)
      out[i] = kIpv4;
    else if (version == 6)
      out[i] = kIpv6;
    else if (!filled)
      out[i] = 0;
  }
}

int64_t from_ntp(uint64_t ntp) {
  int64_t seconds = static_cast<int64_t>(ntp >> 32) - kNtpToUnixSeconds;
  auto fraction = static_cast<int64_t>(((ntp & 0xffff'ffff) * 1'000'000'000) >> 32);
  return seconds * kSecond + fraction;
}

// Uptimes count modulo 2^32 ms; the flow lies within 24.8 days of the header.
void uptimes(const Source& s, const TimeBase& base, int64_t* out) {
  if (base.has_uptime) {
    transform(s, out, [&](uint64_t ms) {
      auto before = static_cast<int32_t>(base.uptime_ms - static_cast<uint32_t>(ms));
      return base.export_ns - before * kMillisecond;
    });
  } else {
    transform(s, out, [&](uint64_t ms) {
      return static_cast<uint64_t>(base.system_init_ns) + uint64_t{static_cast<uint32_t>(ms)} * kMillisecond;
    });
  }
}

void durations(const Step& step, const Source& s, FlowBatch& batch, uint32_t row) {
  bool to_end = step.field == Field::time_flow_end_ns;
  const int64_t* known = batch.column<int64_t>(to_end ? Field::time_flow_start_ns : Field::time_flow_end_ns) + row;
  int64_t* out = batch.column<int64_t>(step.field) + row;
  uint64_t unit = step.convert == Convert::duration_ms ? kMillisecond : 1'000;
  const uint8_t* p = s.at;
  for (uint32_t i = 0; i < s.count; ++i, p += s.stride) {
    uint64_t length = (load_be_any(p, s.width) & 0xffff'ffff) * unit;
    auto from = static_cast<uint64_t>(known[i]);  // unsigned: what was sent may be anything
    out[i] = static_cast<int64_t>(to_end ? from + length : from - length);
  }
}

// Lists grow in the batch's arena; the values of one row must lie together, so a stack of labels is read row by row
// in run_lists().
template <class T>
void append_to_list(ListRef& list, std::vector<T>& arena, T value) {
  if (list.count >= limits::kListValues) return;
  if (list.count == 0) list.first = static_cast<uint32_t>(arena.size());
  arena.push_back(value);
  ++list.count;
}

bool is_list(Convert c) {
  return c == Convert::mpls_label || c == Convert::mpls_address4 || c == Convert::mpls_address6;
}

void append_value(const Step& step, const uint8_t* at, uint32_t width, FlowBatch& batch, ListRef& list) {
  if (step.convert == Convert::mpls_label) {
    // Label stack entry without its TTL: 20 bits label, 3 bits EXP, 1 bit S (RFC 3032 §2.1).
    uint64_t entry = load_be_any(at, width) >> (width == 4 ? 8 : 0);
    append_to_list(list, batch.list_numbers(), static_cast<uint32_t>(entry >> 4));
  } else if (step.convert == Convert::mpls_address4) {
    append_to_list(list, batch.list_addresses(), IpAddress::v4(load_be32(at)));
  } else {
    append_to_list(list, batch.list_addresses(), IpAddress::v6(at));
  }
}

// Runs one step; `first` points at the field in the first of `count` records.
void run_step(const Step& step, const Source& s, const TimeBase& base, FlowBatch& batch, const Run& run, uint32_t row) {
  Field f = step.field;
  switch (step.convert) {
    case Convert::number:
      return number(s, batch, f, row);
    case Convert::fragment_flags:
      return transform(s, batch.column<uint8_t>(f) + row, [](uint64_t v) { return v >> 5; });
    case Convert::address4:
      if (step.merge) return merge_addresses(step, s, batch, row);
      return addresses4(s, batch.column<IpAddress>(f) + row);
    case Convert::address6:
      if (step.merge) return merge_addresses(step, s, batch, row);
      return addresses6(s, batch.column<IpAddress>(f) + row);
    case Convert::icmp:
      return icmp(s, batch, row);
    case Convert::ip_version:
      return ip_version(s, batch, row, run.mask.has(Field::src_addr) || run.mask.has(Field::dst_addr));
    case Convert::time_uptime:
      if (run.mask.has(f)) uptimes(s, base, batch.column<int64_t>(f) + row);
      return;
    case Convert::time_s:
      return transform(s, batch.column<int64_t>(f) + row,
                       [](uint64_t v) { return static_cast<uint64_t>(v) * kSecond; });
    case Convert::time_ms:
      return transform(s, batch.column<int64_t>(f) + row, [](uint64_t v) { return v * kMillisecond; });
    case Convert::time_ntp:
      return transform(s, batch.column<int64_t>(f) + row, from_ntp);
    case Convert::time_delta_us:
      return transform(s, batch.column<int64_t>(f) + row,
                       [&](uint64_t v) { return static_cast<uint64_t>(base.export_ns) - v * 1'000; });
    case Convert::duration_ms:
    case Convert::duration_us:
      if (run.mask.has(f)) durations(step, s, batch, row);
      return;
    case Convert::one:
      std::fill_n(batch.column<uint64_t>(f) + row, s.count, 1);
      return;
    case Convert::text:
      return texts(s, batch, batch.column<TextRef>(f) + row);
    case Convert::mpls_label:
    case Convert::mpls_address4:
    case Convert::mpls_address6:
      return;  // run_lists()
  }
}

// What the steps build on: the ethertype of the address family, empty lists.
void prepare(const Plan& plan, FlowBatch& batch, const Run& run, uint32_t row, uint32_t count) {
  if (plan.has_addresses4 || plan.has_addresses6) {
    bool first_is_v4 = plan.has_addresses4;
    for (const Step& step : plan.steps) {
      if (step.field != Field::src_addr && step.field != Field::dst_addr) continue;
      first_is_v4 = step.convert == Convert::address4;
      break;
    }
    std::fill_n(batch.column<uint16_t>(Field::etype) + row, count, first_is_v4 ? kIpv4 : kIpv6);
  }
  for (Field list : {Field::mpls_label, Field::mpls_ip})
    if (run.mask.has(list)) std::fill_n(batch.column<ListRef>(list) + row, count, ListRef{});
}

void run_lists(const Plan& plan, const uint8_t* records, FlowBatch& batch, const Run& run) {
  for (Field field : {Field::mpls_label, Field::mpls_ip}) {
    if (!run.mask.has(field)) continue;
    ListRef* lists = batch.column<ListRef>(field) + run.first_row;
    for (uint32_t i = 0; i < run.rows; ++i)
      for (const Step& step : plan.steps)
        if (step.field == field && is_list(step.convert))
          append_value(step, records + i * plan.record_length + step.offset, step.width, batch, lists[i]);
  }
}

}  // namespace

FieldMask mask_of(const Plan& plan, const TimeBase& base) {
  FieldMask mask = plan.mask;
  bool resolvable = base.has_uptime || base.system_init_ns != 0 || plan.init_position != 0xffff;
  if (!plan.uptime_times || resolvable) return mask;
  for (const Step& step : plan.steps)
    if (step.convert == Convert::time_uptime) mask.clear(step.field);
  if (!mask.has(Field::time_flow_start_ns) || !mask.has(Field::time_flow_end_ns))
    for (const Step& step : plan.steps)
      if (step.convert == Convert::duration_ms || step.convert == Convert::duration_us) mask.clear(step.field);
  return mask;
}

void run_plan_fixed(const Plan& plan, const uint8_t* records, const TimeBase& base, FlowBatch& batch, Run& run) {
  run.mask = mask_of(plan, base);
  prepare(plan, batch, run, run.first_row, run.rows);
  size_t stride = plan.record_length;
  for (const Step& step : plan.steps)
    run_step(step, {records + step.offset, stride, run.rows, step.width}, base, batch, run, run.first_row);
  if (run.mask.has(Field::mpls_label) || run.mask.has(Field::mpls_ip)) run_lists(plan, records, batch, run);
  if (!plan.extra_steps.empty()) run_extra_fixed(plan, records, batch, run);
}

void run_plan_record(const Plan& plan, const FieldBytes* fields, const TimeBase& base, FlowBatch& batch, Run& run,
                     uint32_t row) {
  prepare(plan, batch, run, row, 1);
  for (const Step& step : plan.steps) {
    const FieldBytes& field = fields[step.position];
    if (is_list(step.convert)) {
      append_value(step, field.at, field.length, batch, batch.column<ListRef>(step.field)[row]);
      continue;
    }
    run_step(step, {field.at, 0, 1, field.length}, base, batch, run, row);
  }
  if (!plan.extra_steps.empty()) run_extra_record(plan, fields, batch, row);
}

uint32_t judge_times(FlowBatch& batch, Run& run) {
  static constexpr int64_t kDay = 86'400 * kSecond;
  bool has_start = run.mask.has(Field::time_flow_start_ns), has_end = run.mask.has(Field::time_flow_end_ns);
  if (!has_start && !has_end) return 0;
  const int64_t* start =
      batch.column<int64_t>(has_start ? Field::time_flow_start_ns : Field::time_flow_end_ns) + run.first_row;
  const int64_t* end =
      batch.column<int64_t>(has_end ? Field::time_flow_end_ns : Field::time_flow_start_ns) + run.first_row;
  int64_t latest = run.export_ns + kDay;
  auto quality = [&](uint32_t i) {
    return static_cast<uint8_t>((start[i] > end[i] ? 1 : 0) + (start[i] > latest || end[i] > latest ? 2 : 0));
  };
  uint32_t wrong = 0;
  for (uint32_t i = 0; i < run.rows; ++i) wrong += quality(i) != 0;
  if (wrong == 0) return 0;
  uint8_t* out = batch.column<uint8_t>(Field::time_quality) + run.first_row;
  for (uint32_t i = 0; i < run.rows; ++i) out[i] = quality(i);
  run.mask.set(Field::time_quality);
  return wrong;
}

}  // namespace weir
