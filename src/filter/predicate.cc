// SPDX-License-Identifier: Apache-2.0
#include "filter/predicate.h"

#include <algorithm>
#include <cmath>

#include "base/assert.h"
#include "base/time_units.h"
#include "filter/number_key.h"
#include "filter/parser.h"

namespace weir {
namespace {

constexpr size_t kFewRanges = 4;  // up to this many are compared one after the other, more by binary search

Truth truth(bool is) { return is ? Truth::yes : Truth::no; }

// Rows of one run.
struct Rows {
  const FlowBatch& batch;
  const Run& run;
  size_t begin() const { return run.first_row; }
  size_t end() const { return size_t{run.first_row} + run.rows; }
  bool has(Field field) const { return run.mask.has(field); }
  void fill(Truth value, Truth* out) const { std::fill(out + begin(), out + end(), value); }
};

// ---- Numbers

bool in_few(uint64_t key, const std::vector<Range<uint64_t>>& ranges) {
  bool in = false;
  for (const auto& range : ranges) in |= key - range.first <= range.last - range.first;
  return in;
}

template <class KeyOf>
void test_keys(const Rows& rows, const NumberSet& set, Truth* out, KeyOf key_of) {
  const auto& ranges = set.ranges();
  if (ranges.size() == 1) {
    const uint64_t first = ranges[0].first, span = ranges[0].last - first;
    for (size_t row = rows.begin(); row < rows.end(); ++row) out[row] = truth(key_of(row) - first <= span);
  } else if (ranges.size() <= kFewRanges) {
    for (size_t row = rows.begin(); row < rows.end(); ++row) out[row] = truth(in_few(key_of(row), ranges));
  } else {
    for (size_t row = rows.begin(); row < rows.end(); ++row) out[row] = truth(set.contains(key_of(row)));
  }
}

// A narrow column and one range: compared in the column's own width, which processors do many at a time.
template <class T>
void test_narrow(const Rows& rows, const NumberSet& set, Field field, Truth* out) {
  const T* values = rows.batch.column<T>(field);
  const auto& ranges = set.ranges();
  if (ranges.size() != 1) return test_keys(rows, set, out, [values](size_t row) -> uint64_t { return values[row]; });
  const auto first = static_cast<T>(ranges[0].first), span = static_cast<T>(ranges[0].last - ranges[0].first);
  for (size_t row = rows.begin(); row < rows.end(); ++row)
    out[row] = truth(static_cast<T>(values[row] - first) <= span);
}

// The value that all rows of a run share.
uint64_t run_key(const Run& run, Field field) {
  switch (field) {
    case Field::type:
      return static_cast<uint64_t>(run.type);
    case Field::sequence_num:
      return run.sequence;
    case Field::observation_domain_id:
      return run.domain;
    case Field::time_received_ns: {  // stored in milliseconds
      const int64_t part = run.received_ns % kMillisecond;
      return signed_key(run.received_ns - part - (part < 0 ? kMillisecond : 0));
    }
    default:
      WEIR_ASSERT(false);
  }
}

void test_list(const Rows& rows, const Filter& filter, Truth* out) {
  const ListRef* lists = rows.batch.column<ListRef>(filter.subject.field);
  const auto& numbers = rows.batch.list_numbers();
  for (size_t row = rows.begin(); row < rows.end(); ++row) {
    auto begin = numbers.begin() + lists[row].first;
    out[row] =
        truth(std::any_of(begin, begin + lists[row].count, [&](uint32_t n) { return filter.numbers.contains(n); }));
  }
}

// Prefix lengths that do not fit the address are unknown.
void test_prefix_length(const Rows& rows, const Filter& filter, Truth* out) {
  const Field of = filter.subject.field == Field::src_net ? Field::src_addr : Field::dst_addr;
  if (!rows.has(of)) return rows.fill(Truth::unknown, out);
  const uint8_t* lengths = rows.batch.column<uint8_t>(filter.subject.field);
  const IpAddress* addresses = rows.batch.column<IpAddress>(of);
  for (size_t row = rows.begin(); row < rows.end(); ++row) {
    bool fits = lengths[row] <= (addresses[row].is_v4() ? 32 : 128);
    out[row] = fits ? truth(filter.numbers.contains(lengths[row])) : Truth::unknown;
  }
}

void test_column(const Rows& rows, const Filter& filter, const FieldInfo& field, Truth* out) {
  const FlowBatch& batch = rows.batch;
  if (filter.numbers.empty()) return rows.fill(Truth::no, out);
  switch (field.column) {
    case Column::u8:
      return test_narrow<uint8_t>(rows, filter.numbers, field.field, out);
    case Column::u16:
      return test_narrow<uint16_t>(rows, filter.numbers, field.field, out);
    case Column::u32:
      return test_narrow<uint32_t>(rows, filter.numbers, field.field, out);
    case Column::u64:
      return test_narrow<uint64_t>(rows, filter.numbers, field.field, out);
    case Column::i64:
    case Column::time_ns: {
      const int64_t* values = batch.column<int64_t>(field.field);
      return test_keys(rows, filter.numbers, out, [values](size_t row) { return signed_key(values[row]); });
    }
    case Column::f64: {
      const double* values = batch.column<double>(field.field);
      return test_keys(rows, filter.numbers, out, [values](size_t row) { return real_key(values[row]); });
    }
    case Column::list_u32:
      return test_list(rows, filter, out);
    default:
      WEIR_ASSERT(false);
  }
}

void test_numbers(const Rows& rows, const Filter& filter, const FieldInfo& field, Truth* out) {
  if (field.column == Column::run && field.field != Field::sampling_rate) {
    return rows.fill(truth(filter.numbers.contains(run_key(rows.run, field.field))), out);
  }
  if (field.field == Field::sampling_rate && !rows.has(field.field)) {
    const uint64_t rate = rows.run.sampling_rate;  // 0: unknown
    return rows.fill(rate ? truth(filter.numbers.contains(rate)) : Truth::unknown, out);
  }
  if (!rows.has(field.field)) return rows.fill(Truth::unknown, out);
  if (field.spelling == Spelling::src_net || field.spelling == Spelling::dst_net)
    return test_prefix_length(rows, filter, out);
  test_column(rows, filter, field, out);
}

// ---- Numbers computed from several fields

// end - start; saturated, because it may not fit.
int64_t duration_ns(int64_t start, int64_t end) {
  int64_t difference;
  if (!__builtin_sub_overflow(end, start, &difference)) return difference;
  return end > start ? INT64_MAX : INT64_MIN;
}

bool has_duration(const Rows& rows) { return rows.has(Field::time_flow_start_ns) && rows.has(Field::time_flow_end_ns); }

void test_duration(const Rows& rows, const NumberSet& set, Truth* out) {
  const int64_t* starts = rows.batch.column<int64_t>(Field::time_flow_start_ns);
  const int64_t* ends = rows.batch.column<int64_t>(Field::time_flow_end_ns);
  if (set.empty()) return rows.fill(Truth::no, out);
  test_keys(rows, set, out, [=](size_t row) { return signed_key(duration_ns(starts[row], ends[row])); });
}

// Whether the number, rounded down, is in the set.
bool holds_rounded(const NumberSet& set, double number) {
  for (const auto& range : set.ranges())
    if (number >= static_cast<double>(range.first) &&
        (range.last == ~uint64_t{0} || number < static_cast<double>(range.last + 1)))
      return true;
  return false;
}

void test_rate(const Rows& rows, const NumberSet& set, Field counter, double factor, Truth* out) {
  const int64_t* starts = rows.batch.column<int64_t>(Field::time_flow_start_ns);
  const int64_t* ends = rows.batch.column<int64_t>(Field::time_flow_end_ns);
  const uint64_t* counters = rows.batch.column<uint64_t>(counter);
  for (size_t row = rows.begin(); row < rows.end(); ++row) {
    double ms = static_cast<double>(duration_ns(starts[row], ends[row])) / kMillisecond;
    out[row] = truth(holds_rounded(set, ms > 0 ? static_cast<double>(counters[row]) * factor / ms : 0));
  }
}

void test_bytes_per_packet(const Rows& rows, const NumberSet& set, Truth* out) {
  const uint64_t* bytes = rows.batch.column<uint64_t>(Field::bytes);
  const uint64_t* packets = rows.batch.column<uint64_t>(Field::packets);
  for (size_t row = rows.begin(); row < rows.end(); ++row) {
    double divisor = static_cast<double>(packets[row]);
    out[row] = truth(holds_rounded(set, divisor > 0 ? static_cast<double>(bytes[row]) / divisor : 0));
  }
}

bool has_parts(const Rows& rows, Subject::Kind kind) {
  switch (kind) {
    case Subject::Kind::duration:
      return has_duration(rows);
    case Subject::Kind::pps:
      return has_duration(rows) && rows.has(Field::packets);
    case Subject::Kind::bps:
      return has_duration(rows) && rows.has(Field::bytes);
    default:
      return rows.has(Field::bytes) && rows.has(Field::packets);
  }
}

void test_computed(const Rows& rows, const Filter& filter, Truth* out) {
  const Subject::Kind kind = filter.subject.kind;
  if (!has_parts(rows, kind)) return rows.fill(Truth::unknown, out);
  switch (kind) {
    case Subject::Kind::duration:
      return test_duration(rows, filter.numbers, out);
    case Subject::Kind::pps:
      return test_rate(rows, filter.numbers, Field::packets, 1000, out);
    case Subject::Kind::bps:
      return test_rate(rows, filter.numbers, Field::bytes, 8000, out);
    default:
      return test_bytes_per_packet(rows, filter.numbers, out);
  }
}

// ---- Flags, addresses, texts

void test_bits(const Rows& rows, const Filter& filter, Truth* out) {
  if (!rows.has(filter.subject.field)) return rows.fill(Truth::unknown, out);
  const auto bits = static_cast<uint16_t>(filter.bits);
  const uint16_t* values = rows.batch.column<uint16_t>(filter.subject.field);
  for (size_t row = rows.begin(); row < rows.end(); ++row) out[row] = truth((values[row] & bits) == bits);
}

// One range whose addresses have the same first 64 bits, as every IPv4 network and most IPv6 ones have.
void test_half(const Rows& rows, const IpAddress* addresses, const AddressRange& range, Truth* out) {
  const auto high = static_cast<uint64_t>(range.first >> 64);
  const auto first = static_cast<uint64_t>(range.first), span = static_cast<uint64_t>(range.last - range.first);
  for (size_t row = rows.begin(); row < rows.end(); ++row) {
    const Uint128 number = address_number(addresses[row]);
    bool in = (static_cast<uint64_t>(number >> 64) == high) & (static_cast<uint64_t>(number) - first <= span);
    out[row] = truth(in);
  }
}

void test_addresses(const Rows& rows, const Filter& filter, const FieldInfo& field, Truth* out) {
  const AddressSet& set = filter.addresses;
  if (field.column == Column::run) return rows.fill(truth(set.contains(address_number(rows.run.exporter))), out);
  if (!rows.has(field.field)) return rows.fill(Truth::unknown, out);
  if (field.column == Column::list_address) {
    const ListRef* lists = rows.batch.column<ListRef>(field.field);
    for (size_t row = rows.begin(); row < rows.end(); ++row) {
      auto begin = rows.batch.list_addresses().begin() + lists[row].first;
      auto is_in = [&](const IpAddress& address) { return set.contains(address_number(address)); };
      out[row] = truth(std::any_of(begin, begin + lists[row].count, is_in));
    }
    return;
  }
  const IpAddress* addresses = rows.batch.column<IpAddress>(field.field);
  const auto& ranges = set.ranges();
  if (ranges.size() == 1 && ranges[0].first >> 64 == ranges[0].last >> 64)
    return test_half(rows, addresses, ranges[0], out);
  for (size_t row = rows.begin(); row < rows.end(); ++row)
    out[row] = truth(set.contains(address_number(addresses[row])));
}

void test_texts(const Rows& rows, const Filter& filter, Truth* out) {
  if (!rows.has(filter.subject.field)) return rows.fill(Truth::unknown, out);
  const TextRef* texts = rows.batch.column<TextRef>(filter.subject.field);
  for (size_t row = rows.begin(); row < rows.end(); ++row) {
    if (row > rows.begin() && texts[row] == texts[row - 1]) {  // rows often share a text
      out[row] = out[row - 1];
      continue;
    }
    std::string_view text = rows.batch.texts().view(texts[row]);
    out[row] = text.empty() ? Truth::unknown : truth(std::ranges::binary_search(filter.texts, text, std::less<>()));
  }
}

void test_presence(const Rows& rows, const Filter& filter, const FieldInfo& field, Truth* out) {
  if (filter.subject.kind != Subject::Kind::field) return rows.fill(truth(has_parts(rows, filter.subject.kind)), out);
  bool has = field.column == Column::run || rows.has(field.field);
  if (field.field == Field::sampling_rate) has |= rows.run.sampling_rate > 0;
  if (field.spelling == Spelling::src_net) has &= rows.has(Field::src_addr);
  if (field.spelling == Spelling::dst_net) has &= rows.has(Field::dst_addr);
  rows.fill(truth(has), out);
  if (!has || field.column != Column::text) return;
  const TextRef* texts = rows.batch.column<TextRef>(field.field);
  for (size_t row = rows.begin(); row < rows.end(); ++row) out[row] = truth(texts[row].length > 0);
}

void test_rows(const Rows& rows, const Filter& filter, const FieldInfo& field, Truth* out) {
  switch (filter.kind) {
    case Filter::Kind::numbers:
      return filter.subject.kind == Subject::Kind::field ? test_numbers(rows, filter, field, out)
                                                         : test_computed(rows, filter, out);
    case Filter::Kind::bits:
      return test_bits(rows, filter, out);
    case Filter::Kind::addresses:
      return test_addresses(rows, filter, field, out);
    case Filter::Kind::texts:
      return test_texts(rows, filter, out);
    case Filter::Kind::present:
      return test_presence(rows, filter, field, out);
    default:
      WEIR_ASSERT(false);
  }
}

// ---- Combinations

size_t levels_of(const Filter& filter) {
  size_t levels = 0;
  for (const Filter& part : filter.parts) levels = std::max(levels, levels_of(part));
  return levels + 1;
}

bool all_are(Truth value, const Truth* truths, size_t rows) {
  return std::all_of(truths, truths + rows, [value](Truth one) { return one == value; });
}

}  // namespace

Predicate::Predicate(Filter filter, const FieldTable& fields)
    : filter_(std::move(filter)), fields_(fields), levels_(levels_of(filter_)) {}

std::span<const Truth> Predicate::evaluate(const FlowBatch& batch, PredicateScratch& scratch) const {
  if (scratch.levels_.size() < levels_ * FlowBatch::capacity()) scratch.levels_.resize(levels_ * FlowBatch::capacity());
  scratch.rows_ = batch.rows();
  evaluate(filter_, batch, scratch.levels_.data(), scratch.levels_.data() + FlowBatch::capacity());
  return scratch.truths();
}

std::span<const uint8_t> Predicate::others(const FlowBatch& batch, PredicateScratch& scratch) const {
  const std::span<const Truth> truths = evaluate(batch, scratch);
  scratch.others_.resize(truths.size());
  std::ranges::transform(truths, scratch.others_.begin(), [](Truth one) { return uint8_t{one != Truth::yes}; });
  return scratch.others_;
}

std::shared_ptr<const Predicate> make_predicate(std::string_view expression, const FieldTable& fields, int64_t now_ns) {
  if (expression.empty()) return nullptr;
  return std::make_shared<const Predicate>(parse_filter(expression, fields, now_ns), fields);
}

// `free`: the levels below `out`.
void Predicate::evaluate(const Filter& filter, const FlowBatch& batch, Truth* out, Truth* free) const {
  switch (filter.kind) {
    case Filter::Kind::any:
      std::fill_n(out, batch.rows(), Truth::yes);
      return;
    case Filter::Kind::all_of:
    case Filter::Kind::any_of:
      return evaluate_parts(filter, batch, out, free);
    case Filter::Kind::negation:
      evaluate(filter.parts[0], batch, out, free);
      for (size_t row = 0; row < batch.rows(); ++row) out[row] = static_cast<Truth>(2 - static_cast<uint8_t>(out[row]));
      return;
    default:
      break;
  }
  const FieldInfo& field = fields_.info(filter.subject.field);
  for (const Run& run : batch.runs()) test_rows({batch, run}, filter, field, out);
}

// Parts after the first are skipped once they cannot change the truth of any row.
void Predicate::evaluate_parts(const Filter& filter, const FlowBatch& batch, Truth* out, Truth* free) const {
  const bool is_and = filter.kind == Filter::Kind::all_of;
  evaluate(filter.parts[0], batch, out, free);
  for (size_t part = 1; part < filter.parts.size(); ++part) {
    if (all_are(is_and ? Truth::no : Truth::yes, out, batch.rows())) return;
    evaluate(filter.parts[part], batch, free, free + FlowBatch::capacity());
    for (size_t row = 0; row < batch.rows(); ++row)
      out[row] = is_and ? std::min(out[row], free[row]) : std::max(out[row], free[row]);
  }
}

}  // namespace weir
