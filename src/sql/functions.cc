// SPDX-License-Identifier: Apache-2.0
#include "sql/functions.h"

#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/address_set.h"
#include "base/network_names.h"
#include "base/time_slots.h"
#include "sql/engine.h"

namespace weir {
namespace {

// A column of arguments.
class Argument {
 public:
  Argument(duckdb_data_chunk chunk, idx_t index) {
    if (index >= duckdb_data_chunk_get_column_count(chunk)) return;
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, index);
    data_ = duckdb_vector_get_data(vector);
    validity_ = duckdb_vector_get_validity(vector);
  }
  bool is_given() const { return data_ != nullptr; }
  bool is_null(idx_t row) const { return data_ && validity_ && !duckdb_validity_row_is_valid(validity_, row); }
  int64_t number(idx_t row) const { return static_cast<int64_t*>(data_)[row]; }
  std::string_view text(idx_t row) const {
    auto* string = &static_cast<duckdb_string_t*>(data_)[row];
    return {duckdb_string_t_data(string), duckdb_string_t_length(*string)};
  }

 private:
  void* data_ = nullptr;
  uint64_t* validity_ = nullptr;
};

// Results; every row is set once.
class Result {
 public:
  explicit Result(duckdb_vector vector) : vector_(vector), data_(duckdb_vector_get_data(vector)) {}
  void set(idx_t row, duckdb_timestamp time) { static_cast<duckdb_timestamp*>(data_)[row] = time; }
  void set(idx_t row, bool value) { static_cast<bool*>(data_)[row] = value; }
  void set(idx_t row, std::string_view text) {
    duckdb_vector_assign_string_element_len(vector_, row, text.data(), text.size());
  }
  void set_null(idx_t row) {
    duckdb_vector_ensure_validity_writable(vector_);
    duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector_), row);
  }

 private:
  duckdb_vector vector_;
  void* data_;
};

void in_net(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const Argument addresses(input, 0), networks(input, 1);
  Result result(output);
  // Usually all calls have the same networks; a list may be long.
  thread_local std::string last;
  thread_local std::optional<AddressSet> set = AddressSet();
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    if (addresses.is_null(row) || networks.is_null(row)) {
      result.set_null(row);
      continue;
    }
    if (std::string_view text = networks.text(row); text != last) {
      last = text;
      set = parse_address_set(text);
    }
    if (!set) {
      std::string message =
          "in_net: '" + last + "' is no network; write 10.0.0.0/8, 2001:db8::/32 or several with commas";
      return duckdb_scalar_function_set_error(info, message.c_str());
    }
    auto address = IpAddress::parse(addresses.text(row));
    result.set(row, address && set->contains(address_number(*address)));
  }
}

void net(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  constexpr int64_t kDefaultV6 = 64;
  const Argument addresses(input, 0), v4(input, 1), v6(input, 2);
  Result result(output);
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    auto address = addresses.is_null(row) ? std::nullopt : IpAddress::parse(addresses.text(row));
    if (!address || v4.is_null(row) || v6.is_null(row)) {
      result.set_null(row);
      continue;
    }
    const bool is_v4 = address->is_v4();
    const int64_t length = is_v4 ? v4.number(row) : v6.is_given() ? v6.number(row) : kDefaultV6;
    if (length < 0 || length > (is_v4 ? 32 : 128))
      return duckdb_scalar_function_set_error(info, "net: a prefix length is from 0 to 32 for IPv4, to 128 for IPv6");
    result.set(row, address->masked(static_cast<unsigned>(length)).to_string() + "/" + std::to_string(length));
  }
}

bool has_ports(int64_t protocol) {
  for (int64_t with_ports : {6, 17, 33, 132, 136})
    if (protocol == with_ports) return true;
  return false;
}

void service(duckdb_function_info, duckdb_data_chunk input, duckdb_vector output) {
  const Argument ports(input, 0), protocols(input, 1);
  Result result(output);
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    bool known = !ports.is_null(row) && !protocols.is_null(row) && ports.number(row) >= 0 &&
                 ports.number(row) <= 65'535 && (!protocols.is_given() || has_ports(protocols.number(row)));
    std::string_view name = known ? service_name(static_cast<uint16_t>(ports.number(row))) : std::string_view();
    name.empty() ? result.set_null(row) : result.set(row, name);
  }
}

void tcp_flags_text(duckdb_function_info, duckdb_data_chunk input, duckdb_vector output) {
  const Argument flags(input, 0);
  Result result(output);
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    if (flags.is_null(row)) {
      result.set_null(row);
      continue;
    }
    char letters[kTcpFlagLetters.size()];
    size_t size = 0;
    for (size_t bit = 0; bit < kTcpFlagLetters.size(); ++bit)
      if (flags.number(row) >> bit & 1) letters[size++] = kTcpFlagLetters[bit];
    result.set(row, std::string_view(letters, size));
  }
}

void time_slot(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const Argument times(input, 0), lengths(input, 1);
  constexpr int64_t kMicros = 1'000'000;
  const auto& zone = *static_cast<const TimeZone*>(duckdb_scalar_function_get_extra_info(info));
  Result result(output);
  thread_local std::string last;
  thread_local std::optional<TimeSlots> slots;
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    if (times.is_null(row) || lengths.is_null(row)) {
      result.set_null(row);
      continue;
    }
    if (std::string_view text = lengths.text(row); text != last) {
      last = text;
      slots = TimeSlots::of(text);
    }
    if (!slots) {
      std::string message = "time_slot: '" + last + "' is no length of time; write 5m, 6h, 1d, week, month or year";
      return duckdb_scalar_function_set_error(info, message.c_str());
    }
    const duckdb_timestamp time{times.number(row)};
    if (!duckdb_is_finite_timestamp(time)) {
      result.set(row, time);
      continue;
    }
    duckdb_timestamp start{0};
    if (__builtin_mul_overflow(slots->start_of(floor_to(time.micros, kMicros) / kMicros, zone), kMicros, &start.micros))
      return duckdb_scalar_function_set_error(info,
                                              "time_slot: the slot begins before the first time that can be written");
    result.set(row, start);
  }
}

struct Overload {
  const char* name;
  duckdb_scalar_function_t function;
  std::initializer_list<duckdb_type> parameters;
  duckdb_type result;
};

duckdb_scalar_function make_function(const Overload& overload, const TimeZone& zone) {
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(function, overload.name);
  auto with_type = [](duckdb_type type, auto use) {
    duckdb_logical_type logical = duckdb_create_logical_type(type);
    use(logical);
    duckdb_destroy_logical_type(&logical);
  };
  for (duckdb_type type : overload.parameters)
    with_type(type, [&](auto logical) { duckdb_scalar_function_add_parameter(function, logical); });
  with_type(overload.result, [&](auto logical) { duckdb_scalar_function_set_return_type(function, logical); });
  duckdb_scalar_function_set_extra_info(function, new TimeZone(zone),
                                        [](void* info) { delete static_cast<TimeZone*>(info); });
  duckdb_scalar_function_set_function(function, overload.function);
  return function;
}

void register_one(duckdb_connection connection, const char* name, const TimeZone& zone,
                  std::initializer_list<Overload> overloads) {
  duckdb_scalar_function_set set = duckdb_create_scalar_function_set(name);
  bool taken = true;
  for (const Overload& overload : overloads) {
    duckdb_scalar_function function = make_function(overload, zone);
    taken &= duckdb_add_scalar_function_to_set(set, function) == DuckDBSuccess;
    duckdb_destroy_scalar_function(&function);
  }
  taken &= duckdb_register_scalar_function_set(connection, set) == DuckDBSuccess;
  duckdb_destroy_scalar_function_set(&set);
  if (!taken) throw SqlError(SqlError::Kind::other, std::string("DuckDB does not accept the function ") + name);
}

}  // namespace

void register_functions(duckdb_connection connection, const TimeZone& zone) {
  constexpr auto kText = DUCKDB_TYPE_VARCHAR, kNumber = DUCKDB_TYPE_BIGINT, kTime = DUCKDB_TYPE_TIMESTAMP;
  auto add = [&](const char* name, std::initializer_list<Overload> overloads) {
    register_one(connection, name, zone, overloads);
  };
  add("in_net", {{"in_net", in_net, {kText, kText}, DUCKDB_TYPE_BOOLEAN}});
  add("net", {{"net", net, {kText, kNumber}, kText}, {"net", net, {kText, kNumber, kNumber}, kText}});
  add("service", {{"service", service, {kNumber}, kText}, {"service", service, {kNumber, kNumber}, kText}});
  add("tcp_flags_text", {{"tcp_flags_text", tcp_flags_text, {kNumber}, kText}});
  add("time_slot", {{"time_slot", time_slot, {kTime, kText}, kTime}});
}

bool is_wrong_argument(std::string_view message) {
  for (const char* name : {"in_net", "net", "time_slot"})
    if (message.starts_with(std::string("Invalid Input Error: ") + name + ": ")) return true;
  return false;
}

}  // namespace weir
