// SPDX-License-Identifier: Apache-2.0
#include "filter/values.h"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "base/hex.h"
#include "base/network_names.h"
#include "base/protocol_names.h"
#include "base/rfc3339.h"
#include "base/text.h"
#include "base/time_text.h"
#include "base/time_units.h"
#include "filter/number_key.h"
#include "flow/batch.h"

namespace weir {
namespace {

constexpr std::string_view kPowers = "kmgtpe";

template <class T>
std::optional<T> whole(std::string_view text, int base = 10) {
  T value{};
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (failed != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

std::optional<uint64_t> hexadecimal(std::string_view text) {
  if (!text.starts_with("0x") && !text.starts_with("0X")) return {};
  return whole<uint64_t>(text.substr(2), 16);
}

// Takes "K", "Ki" and the like from the end of the text; returns what it multiplies by.
uint64_t take_scale(std::string_view& text) {
  bool binary = text.size() > 1 && (text.back() == 'i' || text.back() == 'I');
  size_t power = text.empty() ? std::string_view::npos : kPowers.find(lower(text.substr(text.size() - 1 - binary))[0]);
  if (power == std::string_view::npos) return 1;
  text.remove_suffix(1 + binary);
  uint64_t scale = 1;
  for (size_t i = 0; i <= power; ++i) scale *= binary ? 1024 : 1000;
  return scale;
}

// "1500", "0x5dc", "1.5M": a whole number after it is multiplied.
std::optional<uint64_t> count(std::string_view text) {
  if (auto number = hexadecimal(text)) return number;
  uint64_t scale = take_scale(text), divisor = 1;
  if (text.empty() || text.front() == '.' || text.back() == '.') return {};
  Uint128 number = 0;
  bool in_fraction = false;
  for (char c : text) {
    if (c == '.' && !std::exchange(in_fraction, true)) continue;
    if (c < '0' || c > '9') return {};
    number = number * 10 + static_cast<unsigned>(c - '0');
    if (in_fraction) divisor *= 10;
    if (number > UINT64_MAX || divisor > scale * 1000) return {};
  }
  number *= scale;
  if (number % divisor || number / divisor > UINT64_MAX) return {};
  return static_cast<uint64_t>(number / divisor);
}

template <class T>
std::optional<uint64_t> named(const std::optional<T>& number, std::string_view text) {
  if (number) return *number;
  return count(text);
}

std::optional<uint64_t> as_number(std::string_view text) {
  if (lower(text).starts_with("as")) text.remove_prefix(2);
  size_t dot = text.find('.');
  if (dot == std::string_view::npos) return whole<uint32_t>(text);
  auto high = whole<uint16_t>(text.substr(0, dot)), low = whole<uint16_t>(text.substr(dot + 1));
  if (!high || !low) return {};
  return uint64_t{*high} << 16 | *low;
}

std::optional<uint64_t> flow_type(std::string_view text) {
  std::string wanted = lower(text);
  std::erase(wanted, '_');
  for (FlowType type : kFlowTypes) {
    std::string name = lower(flow_type_name(type));  // NETFLOW_V9, SFLOW_5
    std::erase(name, '_');
    std::string without_v = name;
    if (size_t v = without_v.find("flowv"); v != std::string::npos) without_v.erase(v + 4, 1);
    bool is_sflow = type == FlowType::sflow5 && wanted == "sflow";
    if (is_sflow || wanted == name || wanted == without_v) return static_cast<uint64_t>(type);
  }
  return count(text);
}

std::optional<uint64_t> either_of(std::string_view text, std::string_view zero, std::string_view one) {
  std::string word = lower(text);
  if (word == zero || word == "0") return 0;
  if (word == one || word == "1") return 1;
  return count(text);
}

// A number is milliseconds, as in nfdump.
std::optional<uint64_t> duration(std::string_view text) {
  if (text.ends_with("ns") && text.size() > 2)
    if (auto ns = whole<int64_t>(text.substr(0, text.size() - 2))) return signed_key(*ns);
  auto ms = whole<int64_t>(text);
  if (ms && *ms <= INT64_MAX / kMillisecond && *ms >= INT64_MIN / kMillisecond) return signed_key(*ms * kMillisecond);
  int64_t ns = text == "off" ? -1 : parse_duration_ns(text);
  if (ms || ns < 0) return {};
  return signed_key(ns);
}

std::optional<uint64_t> point_in_time(std::string_view text, const TimeContext& times) {
  if (text.ends_with("ns") && text.size() > 2)
    if (auto ns = whole<int64_t>(text.substr(0, text.size() - 2))) return signed_key(*ns);
  if (auto ns = parse_time_text(text, times)) return signed_key(*ns);
  return {};
}

// "00:1b:21:aa:bb:cc", also with "-".
std::optional<uint64_t> mac(std::string_view text) {
  if (text.size() != 17) return {};
  uint64_t number = 0;
  for (size_t i = 0; i < text.size(); i += 3) {
    auto octet = whole<uint8_t>(text.substr(i, 2), 16);
    if (!octet || (i + 2 < text.size() && text[i + 2] != ':' && text[i + 2] != '-')) return {};
    number = number << 8 | *octet;
  }
  return number;
}

std::optional<uint64_t> real(std::string_view text) {
  double value = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size()) return {};
  return real_key(value);
}

std::optional<uint64_t> tcp_flags(std::string_view text) {
  if (auto number = count(text)) return number;
  if (auto bits = tcp_flag_bits(text)) return *bits;
  return {};
}

bool may_contain_minus(ValueKind kind) {
  return kind == ValueKind::time || kind == ValueKind::integer || kind == ValueKind::real ||
         kind == ValueKind::duration || kind == ValueKind::mac;
}

std::string real_text(uint64_t key) {
  std::array<char, 32> text;
  double value = real_of(key);
  if (key == ~uint64_t{0}) return "nan";
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

std::string mac_text(uint64_t number) {
  std::string text;
  for (int shift = 40; shift >= 0; shift -= 8) {
    auto octet = static_cast<uint8_t>(number >> shift);
    text += text.empty() ? "" : ":";
    text += kHexDigits[octet >> 4];
    text += kHexDigits[octet & 15];
  }
  return text;
}

std::string time_value_text(int64_t ns) {
  constexpr int64_t kYear2262 = 9'214'646'400 * kSecond;  // parse_time_text() reads years from 1970 to 2261
  if (ns >= 0 && ns < kYear2262 && ns % kMillisecond == 0) return rfc3339_ms(ns);
  return std::to_string(ns) + "ns";
}

std::string duration_text(int64_t ns) {
  if (ns % kMillisecond) return std::to_string(ns) + "ns";
  return ns && ns % kSecond == 0 && ns > 0 ? std::to_string(ns / kSecond) + "s" : std::to_string(ns / kMillisecond);
}

}  // namespace

std::optional<uint64_t> parse_value(ValueKind kind, std::string_view text, const TimeContext& times) {
  switch (kind) {
    case ValueKind::count:
    case ValueKind::length:
      return count(text);
    case ValueKind::port:
      return named(service_port(text), text);
    case ValueKind::protocol:
      return named(any_protocol_number(text), text);
    case ValueKind::ethertype:
      return named(ethertype_number(text), text);
    case ValueKind::as_number:
      return as_number(text);
    case ValueKind::flow_type:
      return flow_type(text);
    case ValueKind::direction:
      return either_of(text, "ingress", "egress");
    case ValueKind::boolean:
      return either_of(text, "false", "true");
    case ValueKind::tcp_flags:
      return tcp_flags(text);
    case ValueKind::duration:
      return duration(lower(text));
    case ValueKind::time:
      return point_in_time(lower(text), times);
    case ValueKind::mac:
      return mac(text);
    case ValueKind::integer: {
      auto number = whole<int64_t>(text);
      return number ? std::optional(signed_key(*number)) : std::nullopt;
    }
    case ValueKind::real:
      return real(text);
    case ValueKind::address:
    case ValueKind::text:
    case ValueKind::only_there:
      break;
  }
  return {};
}

std::optional<Range<uint64_t>> parse_value_range(ValueKind kind, std::string_view text, const TimeContext& times) {
  if (auto value = parse_value(kind, text, times)) return Range<uint64_t>{*value, *value};
  auto between = [&](size_t at, size_t length) -> std::optional<Range<uint64_t>> {
    auto first = parse_value(kind, text.substr(0, at), times),
         last = parse_value(kind, text.substr(at + length), times);
    if (!first || !last || *first > *last) return {};
    return Range<uint64_t>{*first, *last};
  };
  if (size_t dots = text.find(".."); dots != std::string_view::npos) return between(dots, 2);
  if (may_contain_minus(kind) && kind != ValueKind::duration) return {};
  // Names may contain a minus, too.
  for (size_t dash = text.find('-', 1); dash < text.size(); dash = text.find('-', dash + 1))
    if (auto range = between(dash, 1)) return range;
  return {};
}

std::string value_text(ValueKind kind, uint64_t key) {
  switch (kind) {
    case ValueKind::protocol: {
      auto name = key <= UINT8_MAX ? protocol_short_name(static_cast<uint8_t>(key)) : "";
      return name.empty() ? std::to_string(key) : std::string(name);
    }
    case ValueKind::ethertype:
      return key == 0x0800 ? "ipv4" : key == 0x86dd ? "ipv6" : std::to_string(key);
    case ValueKind::flow_type: {
      for (FlowType type : kFlowTypes)
        if (static_cast<uint64_t>(type) == key) return lower(flow_type_name(type));
      return std::to_string(key);
    }
    case ValueKind::direction:
      return key == 0 ? "ingress" : key == 1 ? "egress" : std::to_string(key);
    case ValueKind::boolean:
      return key ? "true" : "false";
    case ValueKind::duration:
      return duration_text(signed_of(key));
    case ValueKind::time:
      return time_value_text(signed_of(key));
    case ValueKind::integer:
      return std::to_string(signed_of(key));
    case ValueKind::real:
      return real_text(key);
    case ValueKind::mac:
      return mac_text(key);
    default:
      return std::to_string(key);
  }
}

std::string value_range_text(ValueKind kind, const Range<uint64_t>& range) {
  std::string first = value_text(kind, range.first);
  if (range.first == range.last) return first;
  return first + (may_contain_minus(kind) ? ".." : "-") + value_text(kind, range.last);
}

}  // namespace weir
