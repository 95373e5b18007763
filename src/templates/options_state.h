// SPDX-License-Identifier: Apache-2.0
// What options data announced for a session: sampling rates, the exporter's boot time, names of interfaces, VRFs and
// applications.
//
//   in       facts, one at a time
//   out      look-ups by the number that flow records contain
//   threads  none of its own; a published state is immutable (TemplateStore copies, changes, publishes)
//   memory   limits::kSamplersPerSession rates of each kind, limits::kNamesPerSession names of each kind of at most
//            limits::kNameOctets; more are not stored, and the caller learns it. A copy is a few block copies
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// One fact announced by an options record. The values of Kind are stored in templates.journal: append only.
struct OptionsFact {
  enum class Kind : uint8_t {
    sampler_rate = 3,       // key: sampler id, or kNoSampler for the whole observation domain; value: one in this many
    system_init = 4,        // value: ms since 1970
    interface_rate = 5,     // key: ifIndex; value: one in this many
    interface_name = 6,     // key: ifIndex; text
    vrf_name = 7,           // key: VRF id; text
    application_name = 8,   // key: applicationId as a number; text
    template_rate = 9,      // key: template id; value: one in this many
    line_card_rate = 10,    // key: lineCardId (IE 141); value: one in this many
    point_rate = 11,        // key: observationPointId (IE 138); value: one in this many
    domain_rate = 12,       // key: another observation domain of the exporter; value: one in this many
    long_application = 13,  // applicationId over 8 octets: as text (decode/application.h), a zero octet, its name
  };
  static constexpr uint64_t kNoSampler = UINT64_MAX;
  Kind kind = Kind::sampler_rate;
  uint64_t key = 0;
  uint64_t value = 0;     // rates: 0 withdraws what was announced before
  std::string_view text;  // names: empty withdraws what was announced before
};
inline constexpr bool is_name(OptionsFact::Kind kind) {
  using Kind = OptionsFact::Kind;
  return (kind >= Kind::interface_name && kind <= Kind::application_name) || kind == Kind::long_application;
}

enum class OptionsChange : uint8_t { nothing_new, changed, full };

// Names by number.
class NameTable {
 public:
  OptionsChange set(uint64_t key, std::string_view name);
  std::string_view find(uint64_t key) const;  // empty: not announced
  size_t size() const { return entries_.size(); }
  size_t bytes() const { return entries_.size() * sizeof(Entry) + text_.size(); }
  void for_each(const std::function<void(uint64_t, std::string_view)>& visit) const;

 private:
  struct Entry {
    uint64_t key;
    uint32_t offset, length;
  };
  std::string_view name_of(const Entry& e) const { return std::string_view(text_).substr(e.offset, e.length); }
  void compact();

  std::vector<Entry> entries_;  // by key
  std::string text_;
  size_t stale_ = 0;  // octets of text_ that no entry uses
};

// Rates by number.
class RateTable {
 public:
  struct Entry {
    uint64_t key = 0;
    uint64_t rate = 0;
  };
  OptionsChange set(uint64_t key, uint64_t rate);
  uint64_t find(uint64_t key) const;  // 0: not announced
  bool empty() const { return entries_.empty(); }
  std::span<const Entry> entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;  // by key
};

// What a sampling rate can apply to (RFC 7011 §3.4.2.1: scope), besides the whole observation domain.
enum class RateScope : uint8_t { sampler, interface, template_id, line_card, point, domain };
inline constexpr size_t kRateScopes = 6;

class OptionsState {
 public:
  OptionsChange apply(const OptionsFact& fact);
  // Whether tell() with this fact would change nothing.
  bool knows(const OptionsFact& fact) const;

  // 0 if none was announced.
  uint64_t rate(RateScope scope, uint64_t key) const { return table(scope).find(key); }
  bool has_rates(RateScope scope) const { return !table(scope).empty(); }
  // Whether any rate is known for this observation domain: for all of it, or for parts.
  bool has_any_rate() const;
  // The rate announced for the whole domain.
  uint64_t domain_rate() const { return domain_rate_; }
  // The rate announced last for any sampler or interface: for a flow record that names neither, nothing better is
  // known.
  uint64_t last_rate() const { return last_rate_; }
  void forget_last_rate() { last_rate_ = 0; }
  uint64_t system_init_ms() const { return system_init_ms_; }
  bool has_names() const { return interface_names_.size() > 0 || vrf_names_.size() > 0 || has_application_names(); }
  bool has_long_applications() const { return long_applications_.size() > 0; }
  bool has_application_names() const { return application_names_.size() > 0 || long_applications_.size() > 0; }
  // The name of an application that is given as text; empty: not announced.
  std::string_view long_application_name(std::string_view application) const;
  const NameTable& interface_names() const { return interface_names_; }
  const NameTable& vrf_names() const { return vrf_names_; }
  const NameTable& application_names() const { return application_names_; }

  size_t bytes() const;
  bool empty() const { return bytes() == 0 && domain_rate_ == 0 && system_init_ms_ == 0; }
  // Whether this state has the same value for the fact's subject, or none.
  bool agrees(const OptionsFact& fact) const;
  // Visits facts that, applied to an empty state in this order, produce this one.
  void for_each(const std::function<void(const OptionsFact&)>& visit) const;

 private:
  OptionsChange apply_rate(RateScope scope, uint64_t key, uint64_t rate);
  OptionsChange apply_long_application(std::string_view text);
  const RateTable& table(RateScope scope) const { return rates_[static_cast<size_t>(scope)]; }
  const NameTable& names(OptionsFact::Kind kind) const;

  std::array<RateTable, kRateScopes> rates_;
  uint64_t domain_rate_ = 0, last_rate_ = 0, system_init_ms_ = 0;
  NameTable interface_names_, vrf_names_, application_names_;
  NameTable long_applications_;  // by a hash of the application; each name begins with the application's text
};

}  // namespace weir
