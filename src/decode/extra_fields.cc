// SPDX-License-Identifier: Apache-2.0
#include "decode/extra_fields.h"

#include <bit>

#include "base/bytes.h"
#include "base/time_units.h"

namespace weir {
namespace {

// A value of variable length may have any. One that its type cannot have is no value, and shows as 0.

int64_t read_signed(const uint8_t* p, uint32_t width) {
  if (width == 0) return 0;
  unsigned unused = width < 8 ? 64 - 8 * width : 0;
  return static_cast<int64_t>(load_be_any(p, width) << unused) >> unused;  // extends the sign
}

double read_float(const uint8_t* p, uint32_t width) {
  if (width == 4) return static_cast<double>(std::bit_cast<float>(load_be32(p)));
  return width == 8 ? std::bit_cast<double>(load_be64(p)) : 0;
}

IpAddress read_address(const uint8_t* p, uint32_t width) {
  if (width == 4) return IpAddress::v4(load_be32(p));
  return width == 16 ? IpAddress::v6(p) : IpAddress{};
}

int64_t read_datetime(const uint8_t* p, uint32_t width) {
  if (width == 4) return int64_t{load_be32(p)} * kSecond;
  return width == 8 ? static_cast<int64_t>(load_be64(p) * kMillisecond) : 0;  // unsigned, because it may overflow
}

// Seconds since 1900 modulo 2^32, then a fraction in units of 2^-32 s (RFC 7011 §6.1.9): a time from 1970 to 2106.
int64_t read_ntp(const uint8_t* p, uint32_t width) {
  if (width != 8) return 0;
  int64_t seconds = load_be32(p) - kNtpToUnixSeconds;
  return seconds * kSecond + static_cast<int64_t>(uint64_t{load_be32(p + 4)} * kSecond >> 32);
}

// The values of one step: `count` of them, `stride` octets apart, to be written into rows from `row` on.
struct Values {
  const uint8_t* at;
  size_t stride;
  uint32_t count, width;
  uint32_t row;
};

// Calls read(octets, width) for each value.
template <class T, class Read>
void fill(const Values& v, FlowBatch& batch, Field field, Read read) {
  T* out = batch.column<T>(field) + v.row;
  const uint8_t* p = v.at;
  for (uint32_t i = 0; i < v.count; ++i, p += v.stride) out[i] = static_cast<T>(read(p, v.width));
}

void run_step(const ExtraStep& step, const Values& v, FlowBatch& batch) {
  TextArena& texts = batch.texts();
  switch (step.type) {
    case ElementType::unsigned_number:
      return fill<uint64_t>(v, batch, step.field, load_be_any);
    case ElementType::signed_number:
      return fill<int64_t>(v, batch, step.field, read_signed);
    case ElementType::float_number:
      return fill<double>(v, batch, step.field, read_float);
    case ElementType::boolean:
      return fill<uint8_t>(v, batch, step.field, [](auto* p, auto width) { return load_be_any(p, width) == 1; });
    case ElementType::ip_address:
      return fill<IpAddress>(v, batch, step.field, read_address);
    case ElementType::mac_address:
      return fill<uint64_t>(v, batch, step.field,
                            [](auto* p, auto width) { return width == 6 ? load_be_any(p, 6) : 0; });
    case ElementType::string:
      return fill<TextRef>(v, batch, step.field, [&](auto* p, auto width) { return texts.add(Bytes(p, width)); });
    case ElementType::octets:
      return fill<TextRef>(v, batch, step.field, [&](auto* p, auto width) { return texts.add_hex(Bytes(p, width)); });
    case ElementType::datetime:
      return fill<int64_t>(v, batch, step.field, read_datetime);
    case ElementType::datetime_ntp:
      return fill<int64_t>(v, batch, step.field, read_ntp);
  }
}

}  // namespace

void run_extra_fixed(const Plan& plan, const uint8_t* records, FlowBatch& batch, const Run& run) {
  for (const ExtraStep& step : plan.extra_steps)
    run_step(step, {records + step.offset, plan.record_length, run.rows, step.width, run.first_row}, batch);
}

void run_extra_record(const Plan& plan, const FieldBytes* fields, FlowBatch& batch, uint32_t row) {
  for (const ExtraStep& step : plan.extra_steps)
    run_step(step, {fields[step.position].at, 0, 1, fields[step.position].length, row}, batch);
}

}  // namespace weir
