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

std::chrono::sys_days read_date(Reader& reader, std::string_view separator) {
  int year = reader.number(4, 1970, 2261);
  reader.need(separator);
  int month = reader.number(2, 1, 12);
  reader.need(separator);
  int day = reader.number(2, 1, 31);
  std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day))};
  if (!reader.ok() || !date.ok()) {
    reader.number(99, 0, 0);  // fails
    return {};
  }
  return std::chrono::sys_days(date);
}

// Since midnight, on the clock.
int64_t read_clock(Reader& reader) {
  int64_t ns = reader.number(2, 0, 23) * 60 * kMinute;
  reader.need(":");
  ns += reader.number(2, 0, 59) * kMinute;
  if (!reader.take(":")) return ns;
  ns += reader.number(2, 0, 60) * kSecond;  // 60: a leap second
  if (reader.take(".")) ns += reader.fraction();
  return ns;
}

int64_t time_at(std::chrono::sys_days date, int64_t clock_ns, const TimeZone& zone) {
  return zone.seconds_at(date, clock_ns / kSecond) * kSecond + clock_ns % kSecond;
}

int64_t read_offset(Reader& reader) {
  if (reader.take("Zz")) return 0;
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

std::optional<int64_t> rfc3339(std::string_view text, const TimeZone& zone) {
  Reader reader(text);
  const std::chrono::sys_days date = read_date(reader, "-");
  if (reader.at_end()) return finished(reader, time_at(date, 0, zone));
  reader.need("Tt ");
  const int64_t clock_ns = read_clock(reader);
  if (reader.at_end()) return finished(reader, time_at(date, clock_ns, zone));
  reader.take(" ");  // as in tables
  return finished(reader, time_at(date, clock_ns, TimeZone()) - read_offset(reader));
}

std::optional<int64_t> nfdump_time(std::string_view text, const TimeZone& zone) {
  Reader reader(text);
  const std::chrono::sys_days date = read_date(reader, "/");
  if (reader.at_end()) return finished(reader, time_at(date, 0, zone));
  reader.need(".");
  return finished(reader, time_at(date, read_clock(reader), zone));
}

std::optional<int64_t> relative(std::string_view text, const TimeContext& context) {
  const int64_t now_ns = context.now_ns;
  if (text == "now") return now_ns;
  if (text == "today" || text == "yesterday") {
    const std::chrono::seconds shown(now_ns / kSecond + context.zone.offset(now_ns / kSecond));
    const auto today = std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(shown));
    return time_at(text == "today" ? today : today - std::chrono::days(1), 0, context.zone);
  }
  if (text.starts_with("-")) text.remove_prefix(1);
  bool has_unit = !text.empty() && text != "off" && (text.back() < '0' || text.back() > '9');
  int64_t ago = has_unit ? parse_duration_ns(text) : -1;
  if (ago < 0 || ago > now_ns) return {};
  return now_ns - ago;
}

}  // namespace

std::optional<int64_t> parse_time_text(std::string_view text, const TimeContext& context) {
  for (auto time : {rfc3339(text, context.zone), nfdump_time(text, context.zone),
                    context.now_ns < 0 ? std::nullopt : relative(text, context)})
    if (time) return *time - *time % kMillisecond;
  return {};
}

}  // namespace weir
