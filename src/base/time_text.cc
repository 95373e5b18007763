// SPDX-License-Identifier: Apache-2.0
#include "base/time_text.h"

#include <chrono>

#include "base/text.h"
#include "base/time_units.h"

namespace weir {
namespace {

// Reads a time from left to right; once something does not fit it stays failed.
class Reader {
 public:
  explicit Reader(std::string_view text) : left_(text) {}
  bool ok() const { return ok_; }
  bool at_end() const { return left_.empty(); }

  // Exactly `digits` digits, with a value from `smallest` to `limit`.
  int number(size_t digits, int smallest, int limit) {
    int value = 0;
    ok_ = ok_ && left_.size() >= digits;
    for (size_t i = 0; ok_ && i < digits; ++i) {
      ok_ = left_[i] >= '0' && left_[i] <= '9';
      value = value * 10 + (left_[i] - '0');
    }
    ok_ = ok_ && value >= smallest && value <= limit;
    if (ok_) left_.remove_prefix(digits);
    return value;
  }
  bool take(std::string_view any) {
    if (left_.empty() || !any.contains(left_[0])) return false;
    left_.remove_prefix(1);
    return true;
  }
  void need(std::string_view any) { ok_ = take(any) && ok_; }
  // The digits after a point, truncated to milliseconds.
  int64_t fraction() {
    int64_t ns = 0;
    ok_ = ok_ && !left_.empty() && left_[0] >= '0' && left_[0] <= '9';
    for (int64_t unit = kSecond / 10; ok_ && !left_.empty() && left_[0] >= '0' && left_[0] <= '9'; unit /= 10) {
      if (unit >= kMillisecond) ns += (left_[0] - '0') * unit;
      left_.remove_prefix(1);
    }
    return ns;
  }

 private:
  std::string_view left_;
  bool ok_ = true;
};

int64_t read_date(Reader& reader, std::string_view separator) {
  int year = reader.number(4, 1970, 2261);
  reader.need(separator);
  int month = reader.number(2, 1, 12);
  reader.need(separator);
  int day = reader.number(2, 1, 31);
  std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day))};
  if (!reader.ok() || !date.ok()) {
    reader.number(99, 0, 0);  // fails
    return 0;
  }
  return std::chrono::sys_days(date).time_since_epoch().count() * kDay;
}

int64_t read_clock(Reader& reader) {
  int64_t ns = reader.number(2, 0, 23) * 60 * kMinute;
  reader.need(":");
  ns += reader.number(2, 0, 59) * kMinute;
  if (!reader.take(":")) return ns;
  ns += reader.number(2, 0, 60) * kSecond;  // 60: a leap second
  if (reader.take(".")) ns += reader.fraction();
  return ns;
}

int64_t read_zone(Reader& reader) {
  if (reader.at_end() || reader.take("Zz")) return 0;
  int sign = reader.take("-") ? -1 : 1;
  if (sign > 0) reader.need("+");
  int64_t offset = reader.number(2, 0, 23) * 60 * kMinute;
  reader.need(":");
  return sign * (offset + reader.number(2, 0, 59) * kMinute);
}

std::optional<int64_t> finished(const Reader& reader, int64_t ns) {
  if (!reader.ok() || !reader.at_end()) return {};
  return ns;
}

std::optional<int64_t> rfc3339(std::string_view text) {
  Reader reader(text);
  int64_t ns = read_date(reader, "-");
  if (reader.at_end()) return finished(reader, ns);
  reader.need("Tt ");
  ns += read_clock(reader);
  ns -= read_zone(reader);
  return finished(reader, ns);
}

std::optional<int64_t> nfdump_time(std::string_view text) {
  Reader reader(text);
  int64_t ns = read_date(reader, "/");
  if (reader.at_end()) return finished(reader, ns);
  reader.need(".");
  ns += read_clock(reader);
  return finished(reader, ns);
}

std::optional<int64_t> relative(std::string_view text, int64_t now_ns) {
  int64_t today = now_ns - now_ns % kDay;
  if (text == "now") return now_ns;
  if (text == "today") return today;
  if (text == "yesterday") return today - kDay;
  if (text.starts_with("-")) text.remove_prefix(1);
  bool has_unit = !text.empty() && text != "off" && (text.back() < '0' || text.back() > '9');
  int64_t ago = has_unit ? parse_duration_ns(text) : -1;
  if (ago < 0 || ago > now_ns) return {};
  return now_ns - ago;
}

}  // namespace

std::optional<int64_t> parse_time_text(std::string_view text, int64_t now_ns) {
  for (auto time : {rfc3339(text), nfdump_time(text), now_ns < 0 ? std::nullopt : relative(text, now_ns)})
    if (time) return *time - *time % kMillisecond;
  return {};
}

}  // namespace weir
