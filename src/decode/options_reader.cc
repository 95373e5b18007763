// SPDX-License-Identifier: Apache-2.0
#include "decode/options_reader.h"

#include <array>
#include <optional>
#include <utility>

#include "decode/application.h"
#include "decode/sampling.h"

namespace weir {
namespace {

using Kind = OptionsFact::Kind;

constexpr size_t kFactsAtOnce = 1'024;  // of one data set, before they are passed to the TemplateStore

// Selector algorithms (RFC 5477 §8.2, IANA "PSAMP selector algorithms").
constexpr uint64_t kCountBased = 1, kTimeBased = 2, kRandomOfN = 3, kProbabilistic = 4;

// Strings of fixed length are padded, mostly with zeros.
std::string_view text_of(const FieldBytes& field) {
  std::string_view text(reinterpret_cast<const char*>(field.at), field.length);
  text = text.substr(0, text.find('\0'));
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

class OptionsRecord {
 public:
  // For application ids of more than 8 octets, the text of id and name is assembled in `texts`.
  OptionsRecord(const Plan& plan, const FieldBytes* fields, uint32_t domain, std::deque<std::string>& texts)
      : plan_(plan), fields_(fields), domain_(domain), texts_(texts) {
    for (const OptionStep& step : plan.option_steps) {
      const FieldBytes& field = fields[step.position];
      if (is_text(step.role) || step.role == OptionRole::probability || field.length > 8) continue;
      uint64_t value = load_be_any(field.at, field.length);
      std::optional<uint64_t>& kept = numbers_[static_cast<size_t>(step.role)];
      if (!kept || *kept == 0) kept = value;  // if IE 34 and 50 are both present: the one that is not 0
    }
  }

  void collect(std::vector<OptionsFact>& facts) const {
    if (auto rate = sampling_rate()) collect_rate(*rate, facts);
    if (auto init = number(OptionRole::system_init_ms)) facts.push_back({Kind::system_init, 0, *init, {}});
    collect_names(Kind::interface_name, OptionRole::interface, OptionRole::interface_name,
                  OptionRole::interface_description, facts);
    collect_names(Kind::vrf_name, OptionRole::vrf, OptionRole::vrf_name, OptionRole::vrf_name, facts);
    collect_names(Kind::application_name, OptionRole::application, OptionRole::application_name,
                  OptionRole::application_description, facts);
    collect_long_applications(facts);
  }

 private:
  std::optional<uint64_t> number(OptionRole role) const { return numbers_[static_cast<size_t>(role)]; }

  const FieldBytes* field(OptionRole role) const {
    for (const OptionStep& step : plan_.option_steps)
      if (step.role == role) return &fields_[step.position];
    return nullptr;
  }

  // The rate if `part` are selected, then `rest` skipped; nothing if the two numbers give no rate.
  static std::optional<uint64_t> one_in(std::optional<uint64_t> part, std::optional<uint64_t> rest) {
    if (!part || *part == 0 || !rest || *rest > UINT64_MAX - *part) return std::nullopt;
    return (*part + *rest) / *part;
  }

  std::optional<uint64_t> random_rate() const {
    auto size = number(OptionRole::sample_size), population = number(OptionRole::sample_population);
    if (!size || *size == 0 || !population || *population < *size) return std::nullopt;
    return *population / *size;
  }

  std::optional<uint64_t> probability_rate() const {
    const FieldBytes* bytes = field(OptionRole::probability);
    uint64_t rate = bytes ? rate_of_probability({bytes->at, bytes->length}) : 0;
    return rate ? std::optional(rate) : std::nullopt;
  }

  // The rate N, for one packet in N; 0: the exporter announces that it does not sample, or does not say how. Nothing:
  // the record is not about sampling.
  std::optional<uint64_t> sampling_rate() const {
    auto algorithm = number(OptionRole::algorithm).value_or(0);
    auto counted = one_in(number(OptionRole::packet_interval), number(OptionRole::packet_space));
    // Cisco sends only the interval: one packet in `interval`.
    auto alone = number(OptionRole::packet_space) ? std::nullopt : number(OptionRole::packet_interval);
    auto timed = one_in(number(OptionRole::time_interval), number(OptionRole::time_space));
    auto random = random_rate(), probable = probability_rate();
    if (algorithm == kCountBased && counted) return counted;
    if (algorithm == kTimeBased && timed) return timed;
    if (algorithm == kRandomOfN && random) return random;
    if (algorithm == kProbabilistic && probable) return probable;
    for (const auto& rate : {number(OptionRole::interval), random, counted, alone, timed, probable})
      if (rate && *rate > 0) return rate;
    return number(OptionRole::interval);
  }

  // Assigns the rate to what the record's scope names (RFC 7011 §3.4.2.1): the narrowest scope if it names several.
  void collect_rate(uint64_t rate, std::vector<OptionsFact>& facts) const {
    auto sampler = number(OptionRole::sampler_id);
    bool about_one = sampler.has_value();
    if (sampler) facts.push_back({Kind::sampler_rate, *sampler, rate, {}});
    for_each_number(OptionRole::interface, [&](uint64_t interface) {
      if (interface == 0) return;  // softflowd: all interfaces
      facts.push_back({Kind::interface_rate, interface, rate, {}});
      about_one = true;
    });
    if (about_one) return;
    constexpr std::pair<OptionRole, Kind> kScopes[] = {{OptionRole::template_id, Kind::template_rate},
                                                       {OptionRole::point, Kind::point_rate},
                                                       {OptionRole::line_card, Kind::line_card_rate}};
    for (const auto& [role, kind] : kScopes)
      if (auto key = number(role); key && (*key != 0 || kind != Kind::template_rate))  // no template has the id 0
        return facts.push_back({kind, *key, rate, {}});
    const uint64_t domain = number(OptionRole::domain).value_or(domain_);
    if (domain != 0 && domain != domain_) return facts.push_back({Kind::domain_rate, domain, rate, {}});
    facts.push_back({Kind::sampler_rate, OptionsFact::kNoSampler, rate, {}});
  }

  template <class F>
  void for_each_number(OptionRole role, F f) const {
    for (const OptionStep& step : plan_.option_steps)
      if (step.role == role && fields_[step.position].length <= 8)
        f(load_be_any(fields_[step.position].at, fields_[step.position].length));
  }

  // The description is used if there is no name. Nothing: the record has neither.
  std::optional<std::string_view> name(OptionRole name_role, OptionRole other_role) const {
    const FieldBytes *name = field(name_role), *other = field(other_role);
    if (!name && !other) return {};
    std::string_view text = name ? text_of(*name) : std::string_view();
    return text.empty() && other ? text_of(*other) : text;
  }

  void collect_names(Kind kind, OptionRole number_role, OptionRole name_role, OptionRole other_role,
                     std::vector<OptionsFact>& facts) const {
    const auto text = name(name_role, other_role);
    if (!text) return;
    bool any = number(number_role).value_or(0) != 0;
    for_each_number(number_role, [&](uint64_t key) {
      // 0 marks an unused element, or is not an interface; a VRF may have that number.
      if (key == 0 && (any || kind == Kind::interface_name)) return;
      facts.push_back({kind, key, 0, *text});
    });
  }

  void collect_long_applications(std::vector<OptionsFact>& facts) const {
    const auto text = name(OptionRole::application_name, OptionRole::application_description);
    if (!text) return;
    for (const OptionStep& step : plan_.option_steps) {
      const FieldBytes& id = fields_[step.position];
      if (step.role != OptionRole::application || id.length <= 8) continue;
      char application[kMaxApplicationText];
      const size_t length = write_application({id.at, id.length}, application);
      if (length == 0) continue;
      texts_.push_back(std::string(application, length) + '\0' + std::string(*text));
      facts.push_back({Kind::long_application, 0, 0, texts_.back()});
    }
  }

  const Plan& plan_;
  const FieldBytes* fields_;
  const uint32_t domain_;
  std::deque<std::string>& texts_;
  std::array<std::optional<uint64_t>, kOptionRoleCount> numbers_;
};

}  // namespace

uint32_t OptionsReader::read(Message& message, const Plan& plan, Bytes body) {
  uint32_t records = 0;
  drop_facts();
  while (body.size() >= plan.record_length) {
    size_t length = walk_record(plan, body, fields_.data());
    if (length == 0) {
      message.malformed(Malformed::short_record, body.data());
      break;
    }
    if (!plan.option_steps.empty()) OptionsRecord(plan, fields_.data(), message.key.domain, texts_).collect(facts_);
    if (facts_.size() >= kFactsAtOnce) apply(message);
    body = body.subspan(length);
    ++records;
  }
  message.entry().options_records.add(records);
  apply(message);
  return records;
}

void OptionsReader::apply(Message& message) {
  if (facts_.empty()) return;
  const Sender& sender = *message.sender;
  if (message.standing == Standing::denied) {
    message.entry().count(Refused::out_of_sequence, static_cast<int64_t>(facts_.size()));
    return drop_facts();
  }
  message.options_changed = true;
  // As in SenderCache::pin(), but a stream that has left the table is not looked up again: the plan that is being read
  // belongs to the old one.
  std::unique_lock lock(sender.stream->mutex);
  const bool forgotten = sender.stream->forgotten.load(std::memory_order_relaxed);
  const size_t refused =
      forgotten ? facts_.size() : templates_.apply(*sender.session, facts_, TemplateStore::Journaling::later);
  lock.unlock();
  if (refused) message.entry().count(Refused::options_full, static_cast<int64_t>(refused));
  drop_facts();
}

void OptionsReader::drop_facts() {
  facts_.clear();
  texts_.clear();
}

}  // namespace weir
