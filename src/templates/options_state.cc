// SPDX-License-Identifier: Apache-2.0
#include "templates/options_state.h"

#include <algorithm>
#include <iterator>

#include "base/limits.h"

namespace weir {
namespace {

template <class Entries>
auto position(Entries& entries, uint64_t key) {
  return std::lower_bound(entries.begin(), entries.end(), key, [](const auto& e, uint64_t k) { return e.key < k; });
}

std::optional<RateScope> rate_scope(OptionsFact::Kind kind) {
  using Kind = OptionsFact::Kind;
  switch (kind) {
    case Kind::sampler_rate:
      return RateScope::sampler;
    case Kind::interface_rate:
      return RateScope::interface;
    case Kind::template_rate:
      return RateScope::template_id;
    case Kind::line_card_rate:
      return RateScope::line_card;
    case Kind::point_rate:
      return RateScope::point;
    case Kind::domain_rate:
      return RateScope::domain;
    default:
      return std::nullopt;
  }
}
OptionsFact::Kind kind_of(RateScope scope) {
  using Kind = OptionsFact::Kind;
  constexpr Kind kKinds[] = {Kind::sampler_rate,   Kind::interface_rate, Kind::template_rate,
                             Kind::line_card_rate, Kind::point_rate,     Kind::domain_rate};
  static_assert(std::size(kKinds) == kRateScopes);
  return kKinds[static_cast<size_t>(scope)];
}

// The parts of a long_application's text: what is before the zero octet, and the name after it.
struct LongApplication {
  std::string_view application, name;
};
LongApplication parts_of(std::string_view text) {
  const size_t end = std::min(text.find('\0'), text.size());
  return {text.substr(0, end), text.substr(std::min(end + 1, text.size()))};
}

// FNV-1a: names are looked up by it; the application itself distinguishes those with the same hash.
uint64_t key_of(std::string_view application) {
  uint64_t key = 0xcbf29ce484222325;
  for (char c : application) key = (key ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return key;
}

}  // namespace

OptionsChange NameTable::set(uint64_t key, std::string_view name) {
  name = name.substr(0, limits::kNameOctets);
  auto at = position(entries_, key);
  bool known = at != entries_.end() && at->key == key;
  if (known ? name_of(*at) == name : name.empty()) return OptionsChange::nothing_new;
  if (!known && entries_.size() >= limits::kNamesPerSession) return OptionsChange::full;
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
  return OptionsChange::changed;
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

OptionsChange RateTable::set(uint64_t key, uint64_t rate) {
  auto at = position(entries_, key);
  bool known = at != entries_.end() && at->key == key;
  if (known ? at->rate == rate : rate == 0) return OptionsChange::nothing_new;
  if (rate == 0) {
    entries_.erase(at);
  } else if (known) {
    at->rate = rate;
  } else {
    if (entries_.size() >= limits::kSamplersPerSession) return OptionsChange::full;
    entries_.insert(at, {key, rate});
  }
  return OptionsChange::changed;
}

uint64_t RateTable::find(uint64_t key) const {
  auto at = position(entries_, key);
  return at != entries_.end() && at->key == key ? at->rate : 0;
}

static bool is_of_domain(const OptionsFact& fact) {
  return fact.kind == OptionsFact::Kind::sampler_rate && fact.key == OptionsFact::kNoSampler;
}

const NameTable& OptionsState::names(OptionsFact::Kind kind) const {
  if (kind == OptionsFact::Kind::interface_name) return interface_names_;
  return kind == OptionsFact::Kind::vrf_name ? vrf_names_ : application_names_;
}

bool OptionsState::has_any_rate() const {
  constexpr size_t kOfOtherDomains = static_cast<size_t>(RateScope::domain);
  return domain_rate_ != 0 || std::any_of(rates_.begin(), rates_.begin() + kOfOtherDomains,
                                          [](const RateTable& table) { return !table.empty(); });
}

// Only a change makes a rate the one announced last: exporters repeat all of them again and again.
OptionsChange OptionsState::apply_rate(RateScope scope, uint64_t key, uint64_t rate) {
  OptionsChange announced = rates_[static_cast<size_t>(scope)].set(key, rate);
  if (announced != OptionsChange::changed || (scope != RateScope::sampler && scope != RateScope::interface))
    return announced;
  last_rate_ = rate;
  for (RateScope left : {RateScope::sampler, RateScope::interface})
    if (last_rate_ == 0 && has_rates(left)) last_rate_ = table(left).entries().front().rate;
  return announced;
}

// If another application has the same hash, the one announced last is kept.
OptionsChange OptionsState::apply_long_application(std::string_view text) {
  const auto [application, name] = parts_of(text);
  return long_applications_.set(key_of(application), name.empty() ? name : text);
}

std::string_view OptionsState::long_application_name(std::string_view application) const {
  const auto [of, name] = parts_of(long_applications_.find(key_of(application)));
  return of == application ? name : std::string_view();
}

OptionsChange OptionsState::apply(const OptionsFact& fact) {
  auto assign = [&](uint64_t& place) {
    if (place == fact.value) return OptionsChange::nothing_new;
    place = fact.value;
    return OptionsChange::changed;
  };
  if (is_of_domain(fact)) return assign(domain_rate_);
  if (auto scope = rate_scope(fact.kind)) return apply_rate(*scope, fact.key, fact.value);
  switch (fact.kind) {
    case OptionsFact::Kind::system_init:
      return assign(system_init_ms_);
    case OptionsFact::Kind::interface_name:
      return interface_names_.set(fact.key, fact.text);
    case OptionsFact::Kind::vrf_name:
      return vrf_names_.set(fact.key, fact.text);
    case OptionsFact::Kind::application_name:
      return application_names_.set(fact.key, fact.text);
    case OptionsFact::Kind::long_application:
      return apply_long_application(fact.text);
    default:
      return OptionsChange::nothing_new;
  }
}

bool OptionsState::knows(const OptionsFact& fact) const {
  if (is_of_domain(fact)) return domain_rate_ == fact.value;
  if (auto scope = rate_scope(fact.kind)) return rate(*scope, fact.key) == fact.value;
  const std::string_view text = fact.text.substr(0, limits::kNameOctets);
  switch (fact.kind) {
    case OptionsFact::Kind::system_init:
      return system_init_ms_ == fact.value;
    case OptionsFact::Kind::long_application:
      return long_application_name(parts_of(text).application) == parts_of(text).name;
    default:
      return names(fact.kind).find(fact.key) == text;
  }
}

bool OptionsState::agrees(const OptionsFact& fact) const {
  OptionsFact nothing{fact.kind, fact.key, 0, {}};
  const std::string_view application = parts_of(fact.text).application;
  if (fact.kind == OptionsFact::Kind::long_application) nothing.text = application;
  return knows(fact) || knows(nothing);
}

size_t OptionsState::bytes() const {
  size_t rates = 0;
  for (const RateTable& table : rates_) rates += table.entries().size();
  return rates * sizeof(RateTable::Entry) + interface_names_.bytes() + vrf_names_.bytes() + application_names_.bytes() +
         long_applications_.bytes();
}

void OptionsState::for_each(const std::function<void(const OptionsFact&)>& visit) const {
  using Kind = OptionsFact::Kind;
  if (system_init_ms_) visit({Kind::system_init, 0, system_init_ms_, {}});
  if (domain_rate_) visit({Kind::sampler_rate, OptionsFact::kNoSampler, domain_rate_, {}});
  for (bool last : {false, true})  // the one announced last is visited last
    for (size_t scope = 0; scope < kRateScopes; ++scope)
      for (const auto& [key, rate] : rates_[scope].entries())
        if ((rate == last_rate_) == last) visit({kind_of(static_cast<RateScope>(scope)), key, rate, {}});
  auto visit_names = [&](Kind kind, const NameTable& table) {
    table.for_each([&](uint64_t key, std::string_view name) { visit({kind, key, 0, name}); });
  };
  visit_names(Kind::interface_name, interface_names_);
  visit_names(Kind::vrf_name, vrf_names_);
  visit_names(Kind::application_name, application_names_);
  visit_names(Kind::long_application, long_applications_);
}

}  // namespace weir
