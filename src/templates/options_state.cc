// SPDX-License-Identifier: Apache-2.0
#include "templates/options_state.h"

#include <algorithm>

#include "base/limits.h"

namespace weir {
namespace {

template <class Entries>
auto position(Entries& entries, uint64_t key) {
  return std::lower_bound(entries.begin(), entries.end(), key, [](const auto& e, uint64_t k) { return e.key < k; });
}

}  // namespace

Told NameTable::set(uint64_t key, std::string_view name) {
  name = name.substr(0, limits::kNameOctets);
  auto at = position(entries_, key);
  bool known = at != entries_.end() && at->key == key;
  if (known ? name_of(*at) == name : name.empty()) return Told::nothing_new;
  if (!known && entries_.size() >= limits::kNamesPerSession) return Told::full;
  if (known) stale_ += at->length;
  if (name.empty()) {
    entries_.erase(at);
  } else {
    if (!known) at = entries_.insert(at, {key, 0, 0});
    at->offset = static_cast<uint32_t>(text_.size());
    at->length = static_cast<uint32_t>(name.size());
    text_.append(name);
  }
  if (stale_ > text_.size() / 2) compact();
  return Told::changed;
}

void NameTable::compact() {
  std::string text;
  text.reserve(text_.size() - stale_);
  for (Entry& e : entries_) {
    auto offset = static_cast<uint32_t>(text.size());
    text.append(name_of(e));
    e.offset = offset;
  }
  text_ = std::move(text);
  stale_ = 0;
}

std::string_view NameTable::find(uint64_t key) const {
  auto at = position(entries_, key);
  return at != entries_.end() && at->key == key ? name_of(*at) : std::string_view();
}

void NameTable::for_each(const std::function<void(uint64_t, std::string_view)>& visit) const {
  for (const Entry& e : entries_) visit(e.key, name_of(e));
}

Told RateTable::set(uint64_t key, uint64_t rate) {
  auto at = position(entries_, key);
  bool known = at != entries_.end() && at->key == key;
  if (known ? at->rate == rate : rate == 0) return Told::nothing_new;
  if (rate == 0) {
    entries_.erase(at);
  } else if (known) {
    at->rate = rate;
  } else {
    if (entries_.size() >= limits::kSamplersPerSession) return Told::full;
    entries_.insert(at, {key, rate});
  }
  return Told::changed;
}

uint64_t RateTable::find(uint64_t key) const {
  auto at = position(entries_, key);
  return at != entries_.end() && at->key == key ? at->rate : 0;
}

const NameTable& OptionsState::names(OptionsFact::Kind kind) const {
  if (kind == OptionsFact::Kind::interface_name) return interface_names_;
  return kind == OptionsFact::Kind::vrf_name ? vrf_names_ : application_names_;
}

// Only a change makes a rate the one told last: exporters repeat all of them again and again.
Told OptionsState::tell_rate(RateTable& table, uint64_t key, uint64_t rate) {
  Told told = table.set(key, rate);
  if (told != Told::changed) return told;
  last_rate_ = rate;
  if (rate == 0 && !samplers_.empty()) last_rate_ = samplers_.entries().front().rate;
  if (rate == 0 && samplers_.empty() && !interfaces_.empty()) last_rate_ = interfaces_.entries().front().rate;
  return told;
}

Told OptionsState::tell(const OptionsFact& fact) {
  auto assign = [&](uint64_t& place) {
    if (place == fact.value) return Told::nothing_new;
    place = fact.value;
    return Told::changed;
  };
  switch (fact.kind) {
    case OptionsFact::Kind::sampler_rate:
      if (fact.key == OptionsFact::kNoSampler) return assign(domain_rate_);
      return tell_rate(samplers_, fact.key, fact.value);
    case OptionsFact::Kind::interface_rate:
      return tell_rate(interfaces_, fact.key, fact.value);
    case OptionsFact::Kind::system_init:
      return assign(system_init_ms_);
    case OptionsFact::Kind::interface_name:
      return interface_names_.set(fact.key, fact.text);
    case OptionsFact::Kind::vrf_name:
      return vrf_names_.set(fact.key, fact.text);
    case OptionsFact::Kind::application_name:
      return application_names_.set(fact.key, fact.text);
  }
  return Told::nothing_new;
}

bool OptionsState::knows(const OptionsFact& fact) const {
  switch (fact.kind) {
    case OptionsFact::Kind::sampler_rate:
      return (fact.key == OptionsFact::kNoSampler ? domain_rate_ : sampler_rate(fact.key)) == fact.value;
    case OptionsFact::Kind::interface_rate:
      return interface_rate(fact.key) == fact.value;
    case OptionsFact::Kind::system_init:
      return system_init_ms_ == fact.value;
    default:
      return names(fact.kind).find(fact.key) == fact.text.substr(0, limits::kNameOctets);
  }
}

size_t OptionsState::bytes() const {
  return (samplers_.entries().size() + interfaces_.entries().size()) * sizeof(RateTable::Entry) +
         interface_names_.bytes() + vrf_names_.bytes() + application_names_.bytes();
}

void OptionsState::for_each(const std::function<void(const OptionsFact&)>& visit) const {
  using Kind = OptionsFact::Kind;
  if (system_init_ms_) visit({Kind::system_init, 0, system_init_ms_, {}});
  if (domain_rate_) visit({Kind::sampler_rate, OptionsFact::kNoSampler, domain_rate_, {}});
  for (bool last : {false, true}) {  // what was told last comes last
    for (const auto& [key, rate] : samplers_.entries())
      if ((rate == last_rate_) == last) visit({Kind::sampler_rate, key, rate, {}});
    for (const auto& [key, rate] : interfaces_.entries())
      if ((rate == last_rate_) == last) visit({Kind::interface_rate, key, rate, {}});
  }
  auto visit_names = [&](Kind kind, const NameTable& table) {
    table.for_each([&](uint64_t key, std::string_view name) { visit({kind, key, 0, name}); });
  };
  visit_names(Kind::interface_name, interface_names_);
  visit_names(Kind::vrf_name, vrf_names_);
  visit_names(Kind::application_name, application_names_);
}

}  // namespace weir
