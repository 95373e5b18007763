// SPDX-License-Identifier: Apache-2.0
// Random filter expressions from the vocabulary, and batches of random rows for which they are true about as often as
// false: both draw values from the same small pools, which contain the ends of every type.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "filter/number_key.h"
#include "filter/values.h"
#include "filter/vocabulary.h"
#include "flow/batch.h"

namespace weir {

inline const std::vector<ExtraField>& random_extra_fields() {
  using enum ElementType;
  static const std::vector<ExtraField> kExtras = {
      {"port", 9, 1, unsigned_number},  // a word of the language
      {"delta", 9, 2, signed_number},  {"ratio", 9, 3, float_number},  {"allowed", 9, 4, boolean},
      {"gateway", 9, 5, ip_address},   {"station", 9, 6, mac_address}, {"site", 9, 7, string},
      {"seen_at", 9, 8, datetime},
  };
  return kExtras;
}

class RandomValues {
 public:
  explicit RandomValues(uint64_t seed) : random_(seed) {}

  uint64_t below(uint64_t limit) { return random_() % limit; }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <class T>
  const T& one_of(const std::vector<T>& list) {
    return list[below(list.size())];
  }

  uint64_t number(uint64_t largest) {
    static const std::vector<uint64_t> kPool = {0,       1,       2,          3,          4,         6,    17,    24,
                                                32,      53,      64,         80,         128,       255,  256,   443,
                                                1000,    1001,    0x0800,     0x86dd,     999,       5060, 65535, 65536,
                                                1000000, 1000001, 4294967295, 4294967296, ~0ull - 1, ~0ull};
    for (;;)
      if (uint64_t value = one_of(kPool); value <= largest) return value;
  }
  int64_t signed_number() {
    static const std::vector<int64_t> kPool = {0, 1, -1, 5, -5, 1000, -1000, INT64_MAX, INT64_MIN};
    return one_of(kPool);
  }
  double real() {
    static const std::vector<double> kPool = {0.0, -0.0, 0.25, -0.25, 1e300, -1e300, 1.0 / 3, INFINITY, -INFINITY, NAN};
    return one_of(kPool);
  }
  int64_t time_ns() {
    constexpr int64_t kNoon = 1'795'262'400'000'000'000;
    static const std::vector<int64_t> kOffsets = {
        0, 1, 999'999, 1'000'000, 1'500'000, 1'000'000'000, -1, 3'600'000'000'000};
    return kNoon + one_of(kOffsets);
  }
  std::string address() {
    static const std::vector<std::string> kPool = {"10.0.0.1",
                                                   "10.0.0.2",
                                                   "10.1.255.255",
                                                   "192.0.2.7",
                                                   "0.0.0.0",
                                                   "255.255.255.255",
                                                   "::",
                                                   "::1",
                                                   "2001:db8::1",
                                                   "2001:db8::2",
                                                   "2001:db8:0:1::1",
                                                   "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
                                                   "fe80::1",
                                                   "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                                                   "::ffff:0:0:1",
                                                   "::fffe:ffff:ffff"};
    return one_of(kPool);
  }
  std::string text() {
    static const std::vector<std::string> kPool = {"dns",     "DNS",         "ge-0/0/1", "it's",
                                                   "a \"b\"", "back\\slash", "größe",    "and"};
    return one_of(kPool);
  }

 private:
  std::mt19937_64 random_;
};

// Expressions.
class RandomFilter {
 public:
  RandomFilter(uint64_t seed, const FieldTable& fields) : values_(seed), fields_(fields) {}

  std::string expression(int depth = 3) {
    if (depth == 0 || values_.chance(35)) return test();
    switch (values_.below(4)) {
      case 0:
        return values_.chance(50) ? "not " + bracketed(depth) : "! " + bracketed(depth);
      case 1:
        return bracketed(depth) + (values_.chance(50) ? " and " : " && ") + expression(depth - 1);
      case 2:
        return expression(depth - 1) + (values_.chance(50) ? " or " : " || ") + expression(depth - 1);
      default:
        return "(" + expression(depth - 1) + ") and not (" + expression(depth - 1) + ")";
    }
  }

 private:
  std::string bracketed(int depth) { return "(" + expression(depth - 1) + ")"; }

  std::string test() {
    if (values_.chance(4))
      return values_.one_of(std::vector<std::string>{"any", "inet", "inet6", "ipv4", "ipv6", "tcp", "udp", "icmp6"});
    Subject subject;
    std::string name;
    if (values_.chance(50)) {
      const TermSpelling& spelling = spellings()[values_.below(spellings().size())];
      subject = *spelling.first;
      for (std::string_view word : spelling.words) name += (name.empty() ? "" : " ") + std::string(word);
    } else {
      const FieldInfo& field = fields_.all()[values_.below(fields_.all().size())];
      subject.field = field.field;
      name = (values_.chance(20) ? "field " : "") + std::string(field.name);
      if (!name.starts_with("field ")) name = name_of(subject, fields_);
    }
    if (values_.chance(10) || value_kind(subject, fields_) == ValueKind::only_there) return "has " + name;
    return name + " " + values(subject);
  }

  std::string values(const Subject& subject) {
    ValueKind kind = value_kind(subject, fields_);
    bool interface =
        subject.kind == Subject::Kind::field && (subject.field == Field::in_if || subject.field == Field::out_if);
    if (interface && values_.chance(30)) return value(subject, ValueKind::text);
    bool ordered = kind != ValueKind::address && kind != ValueKind::text;
    if (kind == ValueKind::tcp_flags && values_.chance(50))
      return values_.one_of(std::vector<std::string>{"S", "SA", "FSRPAU", "x", "E"});
    if (values_.chance(25)) {
      std::string list = values_.chance(50) ? "in [" : "[";
      for (uint64_t i = 1 + values_.below(6); i-- > 0;)
        list += one_or_range(subject, kind) + (values_.chance(50) ? " " : ", ");
      return list + "]";
    }
    if (values_.chance(30) && ordered) {
      static const std::vector<std::string> kSigns = {"<", "<=", ">", ">=", "lt", "GE"};
      return values_.one_of(kSigns) + " " + value(subject, kind);
    }
    static const std::vector<std::string> kEqual = {"", "= ", "== ", "!= ", "eq "};
    return values_.one_of(kEqual) + one_or_range(subject, kind);
  }

  std::string one_or_range(const Subject& subject, ValueKind kind) {
    std::string first = value(subject, kind);
    if (kind == ValueKind::text || kind == ValueKind::flow_type || values_.chance(70)) return first;
    if (kind == ValueKind::address) {
      static const std::vector<std::string> kLengths = {"/0", "/8", "/24", "/32"};
      if (values_.chance(70)) return first + values_.one_of(kLengths);
      return first + "-" + first;
    }
    std::string last = value(subject, kind);
    auto low = parse_value(kind, first, kNowNs), high = parse_value(kind, last, kNowNs);
    return *low <= *high ? first + ".." + last : last + ".." + first;
  }

  std::string value(const Subject& subject, ValueKind kind) {
    switch (kind) {
      case ValueKind::address:
        return values_.address();
      case ValueKind::text: {
        std::string quoted = "\"";
        for (char c : values_.text()) quoted += (c == '"' || c == '\\' ? "\\" : "") + std::string(1, c);
        return quoted + "\"";
      }
      case ValueKind::time:
        return value_text(kind, signed_key(values_.time_ns()));
      case ValueKind::duration:
        return values_.one_of(std::vector<std::string>{"0", "1", "1000", "10s", "-1", "1ns", "1500000ns", "1h"});
      case ValueKind::integer:
        return std::to_string(values_.signed_number());
      case ValueKind::real:
        return value_text(kind, real_key(values_.real()));
      case ValueKind::flow_type:
        return values_.one_of(std::vector<std::string>{"ipfix", "netflow9", "NETFLOW_V5", "sflow"});
      case ValueKind::direction:
        return values_.one_of(std::vector<std::string>{"ingress", "egress"});
      case ValueKind::boolean:
        return values_.one_of(std::vector<std::string>{"true", "false"});
      default:
        return value_text(kind, values_.number(largest_key(subject, fields_)));
    }
  }

  static constexpr int64_t kNowNs = 1'795'262'400'000'000'000;
  RandomValues values_;
  const FieldTable& fields_;
};

// Rows.
class RandomRows {
 public:
  RandomRows(uint64_t seed, const FieldTable& fields) : values_(seed), fields_(fields) {}

  // A run of 1 to 60 rows, each field of which has a value or not.
  void add_run(FlowBatch& batch) {
    const auto rows = static_cast<uint32_t>(std::min<uint64_t>(1 + values_.below(60), batch.space()));
    Run& run = batch.append_run(rows);
    run.type = kFlowTypes[1 + values_.below(kFlowTypes.size() - 1)];
    run.exporter = *IpAddress::parse(values_.address());
    run.domain = static_cast<uint32_t>(values_.number(UINT32_MAX));
    run.sequence = static_cast<uint32_t>(values_.number(UINT32_MAX));
    run.received_ns = values_.time_ns();
    run.sampling_rate = values_.chance(50) ? values_.number(~0ull) : 0;
    for (const FieldInfo& field : fields_.all())
      if (field.column != Column::run && values_.chance(60)) fill(batch, run, field);
  }

 private:
  void fill(FlowBatch& batch, Run& run, const FieldInfo& field) {
    run.mask.set(field.field);
    for (uint32_t row = run.first_row; row < run.first_row + run.rows; ++row) set(batch, row, field);
  }

  template <class T>
  void put(FlowBatch& batch, uint32_t row, Field field, T value) {
    batch.column<T>(field)[row] = value;
  }

  void set(FlowBatch& batch, uint32_t row, const FieldInfo& field) {
    switch (field.column) {
      case Column::u8:
        return put(batch, row, field.field,
                   static_cast<uint8_t>(values_.number(field.spelling == Spelling::boolean ? 1 : UINT8_MAX)));
      case Column::u16:
        return put(batch, row, field.field, static_cast<uint16_t>(values_.number(UINT16_MAX)));
      case Column::u32:
        return put(batch, row, field.field, static_cast<uint32_t>(values_.number(UINT32_MAX)));
      case Column::u64:
        return put(batch, row, field.field, values_.number(field.spelling == Spelling::mac ? (1ull << 48) - 1 : ~0ull));
      case Column::i64:
        return put(batch, row, field.field, values_.signed_number());
      case Column::f64:
        return put(batch, row, field.field, values_.real());
      case Column::time_ns:
        return put(batch, row, field.field, values_.time_ns());
      case Column::address:
        return put(batch, row, field.field, *IpAddress::parse(values_.address()));
      case Column::text:
        return put(batch, row, field.field, values_.chance(20) ? TextRef{} : batch.texts().add(values_.text()));
      case Column::list_u32:
        return put(batch, row, field.field,
                   list(batch.list_numbers(), [&] { return static_cast<uint32_t>(values_.number(UINT32_MAX)); }));
      case Column::list_address:
        return put(batch, row, field.field,
                   list(batch.list_addresses(), [&] { return *IpAddress::parse(values_.address()); }));
      case Column::run:
        break;
    }
  }

  template <class T, class Make>
  ListRef list(std::vector<T>& arena, Make make) {
    ListRef ref{static_cast<uint32_t>(arena.size()), static_cast<uint32_t>(values_.below(4))};
    for (uint32_t i = 0; i < ref.count; ++i) arena.push_back(make());
    return ref;
  }

  RandomValues values_;
  const FieldTable& fields_;
};

}  // namespace weir
