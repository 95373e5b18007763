// SPDX-License-Identifier: Apache-2.0
// What options data told about a session: sampling rates, the exporter's boot time, names of interfaces, VRFs and
// applications.
//
//   in       facts, one at a time
//   out      look-ups by the number that flow records carry
//   threads  none of its own; a published state is immutable (TemplateStore copies, changes, publishes)
//   memory   limits::kSamplersPerSession rates of each kind, limits::kNamesPerSession names of each kind of at most
//            limits::kNameOctets; beyond: not taken, and the caller is told. Copying it is a few block copies
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// One thing that an options record tells. The numbers are those of templates.journal: append only.
struct OptionsFact {
  enum class Kind : uint8_t {
    sampler_rate = 3,      // key: sampler id, or kNoSampler for the whole observation domain; value: one of so many
    system_init = 4,       // value: ms since 1970
    interface_rate = 5,    // key: ifIndex; value: one of so many
    interface_name = 6,    // key: ifIndex; text
    vrf_name = 7,          // key: VRF id; text
    application_name = 8,  // key: applicationId as a number; text
  };
  static constexpr uint64_t kNoSampler = UINT64_MAX;
  Kind kind = Kind::sampler_rate;
  uint64_t key = 0;
  uint64_t value = 0;     // rates: 0 takes back what was told before
  std::string_view text;  // names: empty takes back what was told before
};
inline constexpr bool is_name(OptionsFact::Kind kind) { return kind >= OptionsFact::Kind::interface_name; }

enum class Told : uint8_t { nothing_new, changed, full };

// Names by number.
class NameTable {
 public:
  Told set(uint64_t key, std::string_view name);
  std::string_view find(uint64_t key) const;  // empty: not told
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
  size_t stale_ = 0;  // octets of text_ that no entry names
};

// Rates by number.
class RateTable {
 public:
  struct Entry {
    uint64_t key = 0;
    uint64_t rate = 0;
  };
  Told set(uint64_t key, uint64_t rate);
  uint64_t find(uint64_t key) const;  // 0: not told
  bool empty() const { return entries_.empty(); }
  std::span<const Entry> entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;  // by key
};

class OptionsState {
 public:
  Told tell(const OptionsFact& fact);
  // Whether telling it would change nothing.
  bool knows(const OptionsFact& fact) const;

  // 0 where none was told.
  uint64_t sampler_rate(uint64_t sampler_id) const { return samplers_.find(sampler_id); }
  uint64_t interface_rate(uint64_t interface) const { return interfaces_.find(interface); }
  bool has_sampler_rates() const { return !samplers_.empty(); }
  bool has_interface_rates() const { return !interfaces_.empty(); }
  // The rate told for the whole domain; else the one that was told last for any sampler or interface: for a flow
  // record that names neither, it is all one can know.
  uint64_t domain_rate() const { return domain_rate_ ? domain_rate_ : last_rate_; }
  uint64_t system_init_ms() const { return system_init_ms_; }
  bool has_names() const {
    return interface_names_.size() > 0 || vrf_names_.size() > 0 || application_names_.size() > 0;
  }
  const NameTable& interface_names() const { return interface_names_; }
  const NameTable& vrf_names() const { return vrf_names_; }
  const NameTable& application_names() const { return application_names_; }

  size_t bytes() const;
  bool empty() const { return bytes() == 0 && domain_rate_ == 0 && system_init_ms_ == 0; }
  // Facts that bring an empty state to this one, in the order given.
  void for_each(const std::function<void(const OptionsFact&)>& visit) const;

 private:
  Told tell_rate(RateTable& table, uint64_t key, uint64_t rate);
  const NameTable& names(OptionsFact::Kind kind) const;

  RateTable samplers_, interfaces_;
  uint64_t domain_rate_ = 0, last_rate_ = 0, system_init_ms_ = 0;
  NameTable interface_names_, vrf_names_, application_names_;
};

}  // namespace weir
