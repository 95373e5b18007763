// SPDX-License-Identifier: Apache-2.0
#include "decode/run_plan.h"

#include <limits>

#include "base/limits.h"
#include "base/time_units.h"
#include "decode/application.h"
#include "decode/extra_fields.h"
#include "decode/list_values.h"
#include "decode/sampling.h"

namespace weir {
namespace {

constexpr uint16_t kIpv4 = 0x0800, kIpv6 = 0x86dd;

// Where the values of one step lie: `count` of them, `stride` octets apart.
struct Source {
  const uint8_t* at;
  size_t stride;
  uint32_t count;
  uint32_t width;
};

// A value that does not fit its field is left out: its lowest bytes would be another value.
template <class T, class Wire>
T fitting(Wire value) {
  if constexpr (sizeof(Wire) > sizeof(T)) return value > std::numeric_limits<T>::max() ? T{0} : static_cast<T>(value);
  return static_cast<T>(value);
}

// What has more octets than any number is none.
uint64_t number_of(const uint8_t* at, size_t width) { return width <= 8 ? load_be_any(at, width) : 0; }

template <class Wire, class T>
void copy_width(const Source& s, T* out) {
  const uint8_t* p = s.at;
  for (uint32_t i = 0; i < s.count; ++i, p += s.stride) out[i] = fitting<T>(load_be<Wire>(p));
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
  for (uint32_t i = 0; i < s.count; ++i, p += s.stride) out[i] = fitting<T>(number_of(p, s.width));
}

// f(T*): the column of a field of numbers, from `row` on.
template <class F>
void with_numbers(FlowBatch& batch, Field field, uint32_t row, F f) {
  switch (info(field).column) {
    case Column::u8:
      return f(batch.column<uint8_t>(field) + row);
    case Column::u16:
      return f(batch.column<uint16_t>(field) + row);
    case Column::u32:
      return f(batch.column<uint32_t>(field) + row);
    case Column::u64:
    case Column::time_ns:
      return f(batch.column<uint64_t>(field) + row);
    default:
      break;
  }
}

void texts(const Source& s, FlowBatch& batch, TextRef* out) {
  const uint8_t* p = s.at;
  for (uint32_t i = 0; i < s.count; ++i, p += s.stride) out[i] = batch.texts().add(Bytes(p, s.width));
}

void applications(const Source& s, FlowBatch& batch, TextRef* out) {
  char text[kMaxApplicationText];
  const uint8_t* p = s.at;
  for (uint32_t i = 0; i < s.count; ++i, p += s.stride) {
    if (i > 0 && std::equal(p, p + s.width, p - s.stride))
      out[i] = out[i - 1];
    else
      out[i] = batch.texts().add(std::string_view(text, write_application({p, s.width}, text)));
  }
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

// Whether a value of a later element counts: see Element.
class Merge {
 public:
  Merge(const Step& step, FlowBatch& batch, const Run& run, uint32_t row)
      : family_(step.ip_version == 4 ? kIpv4 : kIpv6),
        etypes_(step.ip_version && run.mask.has(Field::etype) ? batch.column<uint16_t>(Field::etype) + row : nullptr) {}
  template <class T>
  void set(T& place, T value, uint32_t i) const {
    if (value != 0 && (place == 0 || !etypes_ || etypes_[i] == family_)) place = value;
  }

 private:
  const uint16_t family_;
  const uint16_t* etypes_;
};

template <class T>
void merge_number(const Source& s, const Merge& merge, T* out) {
  const uint8_t* p = s.at;
  for (uint32_t i = 0; i < s.count; ++i, p += s.stride) merge.set(out[i], fitting<T>(number_of(p, s.width)), i);
}

void merge_icmp(const Source& s, const Merge& merge, FlowBatch& batch, uint32_t row) {
  uint8_t* type = batch.column<uint8_t>(Field::icmp_type) + row;
  uint8_t* code = batch.column<uint8_t>(Field::icmp_code) + row;
  const uint8_t* p = s.at;
  for (uint32_t i = 0; i < s.count; ++i, p += s.stride) {
    uint64_t both = load_be_any(p, s.width);
    merge.set(type[i], static_cast<uint8_t>(both >> 8), i);
    merge.set(code[i], static_cast<uint8_t>(both), i);
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

// Seconds since 1900, modulo 2^32: the era that is closest to the export time (RFC 7011 §6.1.9: they wrap in 2036).
int64_t from_ntp(uint64_t ntp, int64_t export_ns) {
  int64_t exported = export_ns / kSecond + kNtpToUnixSeconds;
  auto ahead = static_cast<int32_t>(static_cast<uint32_t>(ntp >> 32) - static_cast<uint32_t>(exported));
  auto fraction = static_cast<int64_t>(((ntp & 0xffff'ffff) * 1'000'000'000) >> 32);
  return (exported + ahead - kNtpToUnixSeconds) * kSecond + fraction;
}

// Uptimes count modulo 2^32 ms; the flow lies within 24.8 days of the header, whose own uptime IPFIX leaves to the
// boot time.
void uptimes(const Source& s, const TimeBase& base, int64_t* out) {
  int64_t now_ns = base.export_ns;
  auto now_ms = static_cast<uint64_t>(base.uptime_ms);
  if (!base.has_uptime) {
    now_ms = (static_cast<uint64_t>(base.export_ns) - static_cast<uint64_t>(base.system_init_ns)) / kMillisecond;
    if (base.export_ns < base.system_init_ns) now_ms = 0;
    now_ns = static_cast<int64_t>(static_cast<uint64_t>(base.system_init_ns) + now_ms * kMillisecond);
  }
  transform(s, out, [&](uint64_t ms) {
    auto before = static_cast<int32_t>(static_cast<uint32_t>(now_ms) - static_cast<uint32_t>(ms));
    return static_cast<uint64_t>(now_ns) - static_cast<uint64_t>(before * kMillisecond);
  });
}

void probabilities(const Source& s, uint64_t* out) {
  const uint8_t* p = s.at;
  for (uint32_t i = 0; i < s.count; ++i, p += s.stride) out[i] = rate_of_probability({p, s.width});
}

// Sampling rates from the second number of a pair; the first is in the column.
void pairs(const Step& step, const Source& s, uint64_t* rates) {
  const uint8_t* p = s.at;
  for (uint32_t i = 0; i < s.count; ++i, p += s.stride) {
    uint64_t other = load_be_any(p, s.width);
    if (step.convert == Convert::sample_size)
      rates[i] = other ? rates[i] / other : 0;
    else if (rates[i])
      rates[i] = other <= UINT64_MAX - rates[i] ? (rates[i] + other) / rates[i] : 0;
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

// Where what came before left nothing.
void fill_gaps(const Step& step, const Source& s, FlowBatch& batch, uint32_t row) {
  const uint8_t* p = s.at;
  if (step.convert == Convert::text) {
    TextRef* out = batch.column<TextRef>(step.field) + row;
    for (uint32_t i = 0; i < s.count; ++i, p += s.stride)
      if (out[i].length == 0) out[i] = batch.texts().add(Bytes(p, s.width));
    return;
  }
  with_numbers(batch, step.field, row, [&]<class T>(T* out) {
    for (uint32_t i = 0; i < s.count; ++i, p += s.stride)
      if (out[i] == 0) out[i] = fitting<T>(number_of(p, s.width));
  });
}

// Runs one step; `first` points at the field in the first of `count` records.
void run_step(const Step& step, const Source& s, const TimeBase& base, FlowBatch& batch, const Run& run, uint32_t row) {
  Field f = step.field;
  if (step.fills) return fill_gaps(step, s, batch, row);
  switch (step.convert) {
    case Convert::number:
      if (step.merge)
        return with_numbers(batch, f, row, [&](auto* out) { merge_number(s, Merge(step, batch, run, row), out); });
      return with_numbers(batch, f, row, [&](auto* out) { copy_number(s, out); });
    case Convert::fragment_flags:
      return transform(s, batch.column<uint8_t>(f) + row, [](uint64_t v) { return v >> 5; });
    case Convert::address4:
      if (step.merge) return merge_addresses(step, s, batch, row);
      return addresses4(s, batch.column<IpAddress>(f) + row);
    case Convert::address6:
      if (step.merge) return merge_addresses(step, s, batch, row);
      return addresses6(s, batch.column<IpAddress>(f) + row);
    case Convert::icmp:
      if (step.merge) return merge_icmp(s, Merge(step, batch, run, row), batch, row);
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
      return transform(s, batch.column<int64_t>(f) + row, [&](uint64_t v) { return from_ntp(v, base.export_ns); });
    case Convert::time_ntp_us:
      return transform(s, batch.column<int64_t>(f) + row,
                       [&](uint64_t v) { return from_ntp(v & ~uint64_t{0x7ff}, base.export_ns); });
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
    case Convert::application:
      return applications(s, batch, batch.column<TextRef>(f) + row);
    case Convert::probability:
      return probabilities(s, batch.column<uint64_t>(f) + row);
    case Convert::packet_space:
    case Convert::sample_size:
      return pairs(step, s, batch.column<uint64_t>(f) + row);
    default:
      return;  // lists: append_to_lists()
  }
}

// The ethertype of the address family, on which the steps build.
void fill_etype(const Plan& plan, FlowBatch& batch, uint32_t row, uint32_t count) {
  if (!plan.has_addresses4 && !plan.has_addresses6) return;
  bool first_is_v4 = plan.has_addresses4;
  for (const Step& step : plan.steps) {
    if (step.field != Field::src_addr && step.field != Field::dst_addr) continue;
    first_is_v4 = step.convert == Convert::address4;
    break;
  }
  std::fill_n(batch.column<uint16_t>(Field::etype) + row, count, first_is_v4 ? kIpv4 : kIpv6);
}

// The values of one list must lie together in the batch's arena, so lists are read one by one. `find` gives the bytes
// of a step.
template <class Find>
void append_to_lists(const Plan& plan, FlowBatch& batch, const Run& run, uint32_t row, Find find) {
  for (Field field : kListFields) {
    if (!run.mask.has(field)) continue;
    bool numbers = info(field).column == Column::list_u32;
    ListRef& list = batch.column<ListRef>(field)[row];
    list.first = static_cast<uint32_t>(numbers ? batch.list_numbers().size() : batch.list_addresses().size());
    list.count = 0;
    for (const Step& step : plan.steps) {
      if (step.field != field || !is_list(step.convert)) continue;
      const FieldBytes element = find(step);
      const bool label = step.convert == Convert::list_label;
      if (label && is_no_label(element)) break;
      list.count += append_values(step.convert, element, limits::kListValues - list.count, batch.list_numbers(),
                                  batch.list_addresses());
      if (label && is_bottom_label(element)) break;
    }
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

TimeBase base_of_record(const Plan& plan, const FieldBytes* fields, TimeBase base) {
  if (plan.init_position != 0xffff && fields[plan.init_position].length == 8) {
    uint64_t ms = load_be64(fields[plan.init_position].at);
    if (ms != 0) base.system_init_ns = static_cast<int64_t>(ms * kMillisecond);
  }
  return base;
}

void run_plan_fixed(const Plan& plan, const uint8_t* records, const TimeBase& base, FlowBatch& batch, Run& run) {
  run.mask = mask_of(plan, base);
  fill_etype(plan, batch, run.first_row, run.rows);
  size_t stride = plan.record_length;
  for (const Step& step : plan.steps)
    run_step(step, {records + step.offset, stride, run.rows, step.width}, base, batch, run, run.first_row);
  if (!plan.extra_steps.empty()) run_extra_fixed(plan, records, batch, run);
  if (!plan.appends) return;
  for (uint32_t i = 0; i < run.rows; ++i, records += stride)
    append_to_lists(plan, batch, run, run.first_row + i,
                    [&](const Step& step) { return FieldBytes{records + step.offset, step.width}; });
}

void run_plan_record(const Plan& plan, const FieldBytes* fields, const TimeBase& base, FlowBatch& batch, Run& run,
                     uint32_t row) {
  fill_etype(plan, batch, row, 1);
  for (const Step& step : plan.steps) {
    const FieldBytes& field = fields[step.position];
    run_step(step, {field.at, 0, 1, field.length}, base, batch, run, row);
  }
  if (!plan.extra_steps.empty()) run_extra_record(plan, fields, batch, row);
  if (plan.appends) append_to_lists(plan, batch, run, row, [&](const Step& step) { return fields[step.position]; });
}

void fill_missing(const Plan& plan, const FieldBytes* fields, const TimeBase& base, FlowBatch& batch, Run& run) {
  FieldMask missing = mask_of(plan, base).without(run.mask);
  for (Field list : kListFields) missing.clear(list);
  for (const Step& step : plan.steps)  // one step fills both, or neither
    if (step.convert == Convert::icmp && !(missing.has(Field::icmp_type) && missing.has(Field::icmp_code)))
      missing.clear(Field::icmp_type), missing.clear(Field::icmp_code);
  bool extra = !plan.extra_steps.empty();
  for (const ExtraStep& step : plan.extra_steps) extra = extra && missing.has(step.field);
  if (!extra)
    for (const ExtraStep& step : plan.extra_steps) missing.clear(step.field);
  run.mask |= missing;
  uint16_t& etype = batch.column<uint16_t>(Field::etype)[run.first_row];
  const uint16_t known_etype = etype;  // merged addresses write it
  if (missing.has(Field::etype)) fill_etype(plan, batch, run.first_row, 1);
  for (const Step& step : plan.steps) {
    const FieldBytes& field = fields[step.position];
    if (missing.has(step.field)) run_step(step, {field.at, 0, 1, field.length}, base, batch, run, run.first_row);
  }
  if (!missing.has(Field::etype)) etype = known_etype;
  if (extra) run_extra_record(plan, fields, batch, run.first_row);
}

void fill_missing(const Element& element, const FieldBytes& bytes, const TimeBase& base, FlowBatch& batch, Run& run) {
  bool alone = !builds_on_another(element.convert) && !is_list(element.convert);
  if (!alone || element.convert == Convert::time_uptime || run.mask.has(element.field)) return;
  if (element.convert == Convert::icmp && run.mask.has(Field::icmp_code)) return;
  run.mask.set(element.field);
  if (element.convert == Convert::icmp) run.mask.set(Field::icmp_code);
  Step step{element.convert, element.field, false, false, 0, 0, static_cast<uint16_t>(bytes.length), 0};
  run_step(step, {bytes.at, 0, 1, bytes.length}, base, batch, run, run.first_row);
}

}  // namespace weir
