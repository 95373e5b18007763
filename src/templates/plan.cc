// SPDX-License-Identifier: Apache-2.0
#include "templates/plan.h"

#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <tuple>
#include <utility>

#include "base/assert.h"
#include "flow/text_arena.h"

namespace weir {
namespace {

constexpr size_t kBlockOverhead = 16;
constexpr size_t kCacheEntry = 64;

bool is_address(Convert c) { return c == Convert::address4 || c == Convert::address6; }

class Compiler {
 public:
  Compiler(TemplateRecord record, Protocol protocol, const FieldTable& table)
      : plan_(std::make_shared<Plan>()), table_(table) {
    plan_->id = record.id;
    plan_->protocol = protocol;
    plan_->kind = record.kind;
    plan_->record = std::move(record);
    best_rank_.fill(255);
  }

  std::shared_ptr<const Plan> compile(KeepFields keep) {
    measure();
    if (plan_->kind == TemplateKind::options)
      plan_->option_steps = option_steps(plan_->record);
    else
      add_steps();
    if (keep == KeepFields::no) std::vector<FieldSpecifier>().swap(plan_->record.fields);
    plan_->steps.shrink_to_fit();
    plan_->bytes = static_cast<uint32_t>(bytes());
    return plan_;
  }

 private:
  // Including the allocator's overhead for each block, and the entry in the cache of plans.
  size_t bytes() const {
    auto of = [](const auto& v) { return v.capacity() ? kBlockOverhead + v.capacity() * sizeof(v[0]) : 0; };
    return sizeof(Plan) + kCacheEntry + of(plan_->steps) + of(plan_->extra_steps) + of(plan_->option_steps) +
           of(plan_->exporter_steps) + of(plan_->counter_pairs) + of(plan_->lists) + of(plan_->sections) +
           of(plan_->lengths) + of(plan_->record.fields) + of(plan_->record.wire);
  }

  void measure() {
    plan_->lengths.reserve(plan_->record.fields.size());
    for (const FieldSpecifier& f : plan_->record.fields) {
      bool variable = f.length == kVariableLength;
      plan_->fixed = plan_->fixed && !variable;
      plan_->record_length += variable ? 1 : f.length;
      plan_->lengths.push_back(f.length);
    }
    WEIR_ASSERT(plan_->record_length > 0);
  }

  // First the best rank for each field, then the steps in the template's order, then those that build on other steps.
  void add_steps() {
    const auto& fields = plan_->record.fields;
    for_each_element([&](const Element& e, const FieldSpecifier& f, size_t) {
      if (width_fits(e, f.length) && !builds_on_another(e.convert)) best(e.field) = std::min(best(e.field), e.rank);
    });
    is_nat_event_ = std::ranges::any_of(fields, [](const FieldSpecifier& f) { return f.pen == 0 && f.id == 230; });
    std::vector<size_t> offsets{0};
    for (const FieldSpecifier& f : fields) offsets.push_back(offsets.back() + f.length);
    for_each_element([&](const Element& e, const FieldSpecifier& f, size_t i) { add_step(e, f, i, offsets[i]); });
    for (size_t i = 0; i < fields.size(); ++i) {
      const FieldSpecifier& f = fields[i];
      if (f.pen == 0 && f.id == 160 && f.length == 8) take_first(plan_->init_position, static_cast<uint16_t>(i));
      add_nested(f, static_cast<uint16_t>(i));
      add_exporter(f, i, offsets[i]);
      add_extra_steps(f, i, offsets[i]);
    }
    move_versions_to_end();
    plan_->steps.insert(plan_->steps.end(), merges_.begin(), merges_.end());
    plan_->steps.insert(plan_->steps.end(), codes_.begin(), codes_.end());
    for (const auto& [step, rank] : companions_)
      if (plan_->mask.has(step.field) && best(step.field) == rank) plan_->steps.push_back(step);
    std::ranges::sort(fallbacks_, {}, [](const auto& f) { return std::pair(f.second, f.first.position); });
    for (const auto& [step, rank] : fallbacks_) plan_->steps.push_back(step);
    add_durations();
    add_counter_pair({Field::bytes, Field::reverse_bytes}, 1, 23, offsets);
    add_counter_pair({Field::packets, Field::reverse_packets}, 2, 24, offsets);
    fill_ethertype();
    for (const Step& step : plan_->steps)
      if (step.convert == Convert::icmp) plan_->mask.set(Field::icmp_code);
    describe_sections();
    measure_texts();
  }

  // ipVersion runs after the addresses, whose family it overrides, and before the merges, which build on it.
  void move_versions_to_end() {
    auto is_version = [](const Step& s) { return s.convert == Convert::ip_version; };
    std::vector<Step> versions;
    std::ranges::copy_if(plan_->steps, std::back_inserter(versions), is_version);
    std::erase_if(plan_->steps, is_version);
    plan_->steps.insert(plan_->steps.end(), versions.begin(), versions.end());
  }

  // visit(element, field, position), in the template's order. The name of an interface (IE 82, 83) belongs to the
  // interface before it.
  template <class Visit>
  void for_each_element(Visit visit) const {
    bool egress = false;
    for (size_t i = 0; i < plan_->record.fields.size(); ++i) {
      const FieldSpecifier& f = plan_->record.fields[i];
      if (f.pen == 0 && (f.id == 14 || f.id == 253 || f.id == 369)) egress = true;
      if (f.pen == 0 && (f.id == 10 || f.id == 252 || f.id == 368)) egress = false;
      for (Element e : elements_for(f.pen, f.id)) {
        if (e.field == Field::in_if_name && egress) e.field = Field::out_if_name;
        visit(e, f, i);
      }
    }
  }

  void add_exporter(const FieldSpecifier& f, size_t position, size_t offset) {
    const bool is_v6 = f.id == 131;
    if (f.pen != 0 || !(is_v6 || f.id == 130) || f.length != (is_v6 ? 16 : 4)) return;
    plan_->exporter_steps.push_back({is_v6, static_cast<uint16_t>(offset), static_cast<uint16_t>(position)});
  }

  // If the record has both, and no element for the reverse direction.
  void add_counter_pair(CounterPair pair, uint16_t id, uint16_t post_id, const std::vector<size_t>& offsets) {
    const auto& fields = plan_->record.fields;
    auto find = [&](uint16_t wanted) {
      return std::ranges::find_if(fields, [&](const FieldSpecifier& f) {
        return f.pen == 0 && f.id == wanted && f.length > 0 && f.length <= 8;
      });
    };
    const auto post = find(post_id);
    if (find(id) == fields.end() || post == fields.end() || plan_->mask.has(pair.reverse)) return;
    const auto position = static_cast<size_t>(post - fields.begin());
    pair.offset = static_cast<uint16_t>(offsets[position]);
    pair.width = post->length;
    pair.position = static_cast<uint16_t>(position);
    plan_->counter_pairs.push_back(pair);
  }

  // Fields that contain other fields.
  void add_nested(const FieldSpecifier& f, uint16_t position) {
    if (ListKind kind = list_kind(f.pen, f.id); kind != ListKind::none) plan_->lists.push_back({kind, position});
    if (f.pen == 0 && (f.id == 104 || f.id == 315)) plan_->sections.push_back({SectionKind::frame, position});
    if (f.pen == 0 && (f.id == 313 || f.id == 317)) plan_->sections.push_back({SectionKind::ip_packet, position});
    plan_->differs = !plan_->lists.empty() || !plan_->sections.empty();
  }

  // For an element that occurs twice: the first one counts.
  static void take_first(uint16_t& place, uint16_t position) {
    if (place == 0xffff) place = position;
  }

  void describe_sections() {
    SectionField described;
    for (size_t i = 0; i < plan_->record.fields.size(); ++i) {
      const FieldSpecifier& f = plan_->record.fields[i];
      if (f.pen != 0 || f.length == 0 || f.length > 8) continue;
      auto position = static_cast<uint16_t>(i);
      if (f.id == 408) take_first(described.type_position, position);
      if (f.id == 409 || f.id == 102) take_first(described.offset_position, position);
      if (f.id == 410 || f.id == 103) take_first(described.size_position, position);
    }
    for (SectionField& section : plan_->sections) {
      section.type_position = described.type_position;
      section.offset_position = described.offset_position;
      section.size_position = described.size_position;
    }
  }

  void add_step(const Element& e, const FieldSpecifier& f, size_t position, size_t offset) {
    if (!width_fits(e, f.length)) return;
    if (!is_list(e.convert) && !taken_.insert({f.pen, f.id, e.field}).second) return add_again(e, f, position, offset);
    Step step{e.convert,    e.field,
              false,        false,
              e.ip_version, static_cast<uint16_t>(offset),
              f.length,     static_cast<uint16_t>(position)};
    if (is_duration(e.convert)) return durations_.push_back(step);
    if (builds_on_another(e.convert)) return companions_.push_back({step, e.rank});
    if (e.rank > best(e.field)) {
      step.fills = true;
      if (means_unknown(e)) fallbacks_.push_back({step, e.rank});
      return;
    }
    step.merge = plan_->mask.has(e.field) && !is_list(e.convert);
    if (is_address(e.convert)) {
      if (e.field == Field::src_addr || e.field == Field::dst_addr)
        (e.convert == Convert::address4 ? plan_->has_addresses4 : plan_->has_addresses6) = true;
    } else if (step.merge && !can_merge(e.convert)) {
      remove_step(e.field);
      step.merge = false;
    }
    plan_->appends |= is_list(e.convert);
    plan_->uptime_times |= e.convert == Convert::time_uptime;
    if (e.field == Field::icmp_code)
      codes_.push_back(step);
    else
      (step.merge && !is_address(e.convert) ? merges_ : plan_->steps).push_back(step);
    plan_->mask.set(e.field);
  }

  static bool can_merge(Convert c) { return c == Convert::number || c == Convert::icmp; }

  // If a template has an element twice, the first one counts: their order is defined by RFC 7011 §8. A NAT record of a
  // block of ports has the time of the event first, then the time when the block was allocated (Junos).
  void add_again(const Element& e, const FieldSpecifier& f, size_t position, size_t offset) {
    constexpr Field allocated = Field::nat_allocation_time_ns;
    if (e.field != Field::time_flow_start_ns || !is_observation_time(f) || !is_nat_event_) return;
    if (std::exchange(has_allocation_time_, true)) return;
    plan_->steps.push_back({e.convert, allocated, false, false, 0, static_cast<uint16_t>(offset), f.length,
                            static_cast<uint16_t>(position)});
    plan_->mask.set(allocated);
  }
  static bool is_observation_time(const FieldSpecifier& f) { return f.pen == 0 && f.id >= 322 && f.id <= 325; }

  void measure_texts() {
    size_t bytes = 0;
    for (const Step& step : plan_->steps)
      if (step.convert == Convert::text || step.convert == Convert::application)
        bytes += TextArena::max_bytes(step.convert == Convert::text ? step.width : kMaxApplicationText);
    for (const ExtraStep& step : plan_->extra_steps)
      if (table_.info(step.field).column == Column::text) bytes += TextArena::max_bytes(step.width);
    static constexpr size_t kTextFields = 6;  // a list may fill each of them
    if (!plan_->lists.empty()) bytes += (kTextFields + limits::kExtraFields) * limits::kTextBytes;
    plan_->text_bytes = static_cast<uint32_t>(bytes);
  }

  // In addition to what the field table makes of the element. If several fields have the same element, the first in the
  // template counts.
  void add_extra_steps(const FieldSpecifier& f, size_t position, size_t offset) {
    const auto extras = table_.extras();
    for (size_t i = 0; i < extras.size(); ++i) {
      const ExtraField& extra = extras[i];
      if (extra.pen != f.pen || extra.element != f.id || !can_have_width(extra.type, f.length)) continue;
      Field slot = extra_field(i);
      if (plan_->mask.has(slot)) continue;
      plan_->extra_steps.push_back(
          {extra.type, slot, static_cast<uint16_t>(offset), f.length, static_cast<uint16_t>(position)});
      plan_->mask.set(slot);
    }
  }

  void remove_step(Field field) {
    std::erase_if(plan_->steps, [&](const Step& s) { return s.field == field && !is_address(s.convert); });
  }

  // A duration gives the end if the template has only a start, and the start if it has only an end. Its step runs after
  // the time that it builds on.
  void add_durations() {
    if (durations_.empty()) return;
    bool start = plan_->mask.has(Field::time_flow_start_ns), end = plan_->mask.has(Field::time_flow_end_ns);
    if (start == end) return;
    Step step = durations_.front();
    step.field = start ? Field::time_flow_end_ns : Field::time_flow_start_ns;
    plan_->steps.push_back(step);
    plan_->mask.set(step.field);
  }

  // The family of the addresses determines the ethertype; run_plan fills it before the steps, ipVersion overrides it.
  void fill_ethertype() {
    if (plan_->has_addresses4 || plan_->has_addresses6) {
      std::erase_if(plan_->steps,
                    [](const Step& s) { return s.field == Field::etype && s.convert == Convert::number; });
      plan_->mask.set(Field::etype);
    }
  }

  uint8_t& best(Field f) { return best_rank_[static_cast<size_t>(f)]; }

  std::shared_ptr<Plan> plan_;
  const FieldTable& table_;
  absl::flat_hash_set<std::tuple<uint32_t, uint16_t, Field>> taken_;  // elements with a step, and the field it fills
  bool is_nat_event_ = false, has_allocation_time_ = false;
  std::array<uint8_t, kFieldCount> best_rank_;
  std::vector<Step> merges_;  // run after all addresses, which determine the IP version
  std::vector<Step> codes_;   // ICMP codes alone: take precedence over elements with type and code
  std::vector<std::pair<Step, uint8_t>> companions_;
  std::vector<std::pair<Step, uint8_t>> fallbacks_;  // with a worse rank than the field's best
  std::vector<Step> durations_;
};

}  // namespace

std::shared_ptr<const Plan> compile_plan(TemplateRecord record, Protocol protocol, const FieldTable& fields,
                                         KeepFields keep) {
  return Compiler(std::move(record), protocol, fields).compile(keep);
}

size_t max_plan_bytes(const TemplateRecord& record) {
  static constexpr size_t kSteps = 2;  // per field, mostly fewer
  return sizeof(Plan) + kCacheEntry + 4 * kBlockOverhead + record.wire.size() +
         record.fields.size() * (sizeof(FieldSpecifier) + sizeof(uint16_t) + kSteps * sizeof(Step));
}

// The layout of a record without a template, as (element, octets); the rest of the record is padding.
using FixedLayout = std::initializer_list<std::pair<uint16_t, uint16_t>>;
static constexpr uint16_t kPad = 210;  // paddingOctets

static std::shared_ptr<const Plan> compile_fixed(FixedLayout layout, uint16_t octets) {
  TemplateRecord record;
  uint16_t used = 0;
  for (auto [id, length] : layout) {
    record.fields.push_back({0, id, length});
    used += length;
  }
  WEIR_ASSERT(used < octets);
  record.fields.push_back({0, kPad, static_cast<uint16_t>(octets - used)});
  auto compiled = compile_plan(std::move(record), Protocol::netflow5);
  WEIR_ASSERT(compiled->record_length == octets);
  return compiled;
}

// All records begin with: source, destination, next hop (4 each), input, output (2), packets, octets, first, last (4),
// source port, destination port (2). v1: then pad (2), protocol, TOS, TCP flags (1), pad.
static constexpr FixedLayout kVersion1{{8, 4},  {12, 4}, {15, 4}, {10, 2},   {14, 2}, {2, 4}, {1, 4}, {22, 4},
                                       {21, 4}, {7, 2},  {11, 2}, {kPad, 2}, {4, 1},  {5, 1}, {6, 1}};
// v5: then pad (1), TCP flags, protocol, TOS (1), source AS, destination AS (2), source and destination mask (1), pad.
// v7 has flags in place of the pads, which mark invalid fields, and at its end the router that the switch bypassed.
static constexpr FixedLayout kVersion5{{8, 4},  {12, 4}, {15, 4}, {10, 2}, {14, 2},   {2, 4}, {1, 4},
                                       {22, 4}, {21, 4}, {7, 2},  {11, 2}, {kPad, 1}, {6, 1}, {4, 1},
                                       {5, 1},  {16, 2}, {17, 2}, {9, 1},  {13, 1}};

const Plan& netflow1_plan() {
  static const auto plan = compile_fixed(kVersion1, 48);
  return *plan;
}

const Plan& netflow5_plan() {
  static const auto plan = compile_fixed(kVersion5, 48);
  return *plan;
}

const Plan& netflow7_plan() {
  static const auto plan = compile_fixed(kVersion5, 52);
  return *plan;
}

}  // namespace weir
