// SPDX-License-Identifier: Apache-2.0
#include "templates/plan.h"

#include <array>

#include "base/assert.h"
#include "flow/text_arena.h"

namespace weir {
namespace {

bool is_address(Convert c) { return c == Convert::address4 || c == Convert::address6; }
bool is_list(Convert c) {
  return c == Convert::mpls_label || c == Convert::mpls_address4 || c == Convert::mpls_address6;
}
bool is_duration(Convert c) { return c == Convert::duration_ms || c == Convert::duration_us; }

// An element of a width that its type cannot have (an "IPv4 address" of 8 octets) is left out: its bytes mean
// something that we do not know.
bool width_fits(Convert c, uint16_t width, Field field) {
  if (width == 0) return false;
  switch (c) {
    case Convert::address4:
    case Convert::mpls_address4:
      return width == 4;
    case Convert::address6:
    case Convert::mpls_address6:
      return width == 16;
    case Convert::time_ntp:
      return width == 8;
    case Convert::mpls_label:
      return width == 3 || width == 4;
    case Convert::text:
      return true;
    // applicationId is an octetArray whose first octet is the engine (RFC 6759): longer ones do not fit a number.
    case Convert::number:
      return width <= 8 || (width == kVariableLength && field != Field::application_id);
    default:
      return width <= 8;
  }
}

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

  std::shared_ptr<const Plan> compile() {
    measure();
    if (plan_->kind == TemplateKind::options)
      add_option_steps();
    else
      add_steps();
    return plan_;
  }

 private:
  void measure() {
    for (const FieldSpecifier& f : plan_->record.fields) {
      bool variable = f.length == kVariableLength;
      plan_->fixed = plan_->fixed && !variable;
      plan_->record_length += variable ? 1 : f.length;
      plan_->lengths.push_back(f.length);
    }
    WEIR_ASSERT(plan_->record_length > 0);
  }

  // First the best rank for each field, then the steps in the template's order.
  void add_steps() {
    const auto& fields = plan_->record.fields;
    for (const FieldSpecifier& f : fields)
      for (const Element& e : elements_for(f.pen, f.id))
        if (width_fits(e.convert, f.length, e.field)) best(e.field) = std::min(best(e.field), e.rank);
    size_t offset = 0;
    for (size_t i = 0; i < fields.size(); ++i) {
      for (const Element& e : elements_for(fields[i].pen, fields[i].id)) add_step(e, fields[i], i, offset);
      add_extra_steps(fields[i], i, offset);
      if (fields[i].pen == 0 && fields[i].id == 160 && fields[i].length == 8)
        plan_->init_position = static_cast<uint16_t>(i);
      offset += fields[i].length;
    }
    add_durations();
    fill_ethertype();
    measure_texts();
  }

  void add_step(const Element& e, const FieldSpecifier& f, size_t position, size_t offset) {
    if (!width_fits(e.convert, f.length, e.field)) return;
    Step step{e.convert, e.field, false, static_cast<uint16_t>(offset), f.length, static_cast<uint16_t>(position)};
    if (is_duration(e.convert)) {
      durations_.push_back(step);
      return;
    }
    if (is_address(e.convert)) {
      step.merge = plan_->mask.has(e.field);
      if (e.field == Field::src_addr || e.field == Field::dst_addr)
        (e.convert == Convert::address4 ? plan_->has_addresses4 : plan_->has_addresses6) = true;
    } else if (e.rank > best(e.field)) {
      return;
    } else if (!is_list(e.convert)) {
      remove_step(e.field);  // equal ranks: the later element wins
    }
    if (e.convert == Convert::time_uptime) plan_->uptime_times = true;
    plan_->steps.push_back(step);
    plan_->mask.set(e.field);
    if (e.convert == Convert::icmp) plan_->mask.set(Field::icmp_code);
  }

  void measure_texts() {
    size_t bytes = 0;
    for (const Step& step : plan_->steps)
      if (step.convert == Convert::text) bytes += TextArena::most_bytes(step.width);
    for (const ExtraStep& step : plan_->extra_steps)
      if (table_.info(step.field).column == Column::text) bytes += TextArena::most_bytes(step.width);
    plan_->text_bytes = static_cast<uint32_t>(bytes);
  }

  // Beside what the field table makes of the element. Of several with the same element the last in the template counts.
  void add_extra_steps(const FieldSpecifier& f, size_t position, size_t offset) {
    const auto extras = table_.extras();
    for (size_t i = 0; i < extras.size(); ++i) {
      const ExtraField& extra = extras[i];
      if (extra.pen != f.pen || extra.element != f.id || !can_have_width(extra.type, f.length)) continue;
      Field slot = extra_field(i);
      std::erase_if(plan_->extra_steps, [&](const ExtraStep& s) { return s.field == slot; });
      plan_->extra_steps.push_back(
          {extra.type, slot, static_cast<uint16_t>(offset), f.length, static_cast<uint16_t>(position)});
      plan_->mask.set(slot);
    }
  }

  void remove_step(Field field) {
    std::erase_if(plan_->steps, [&](const Step& s) { return s.field == field && !is_address(s.convert); });
  }

  // A duration gives the end where the template has a start only, and the start where it has an end only. It runs
  // after the time that it builds on.
  void add_durations() {
    if (durations_.empty()) return;
    bool start = plan_->mask.has(Field::time_flow_start_ns), end = plan_->mask.has(Field::time_flow_end_ns);
    if (start == end) return;
    Step step = durations_.front();
    step.field = start ? Field::time_flow_end_ns : Field::time_flow_start_ns;
    plan_->steps.push_back(step);
    plan_->mask.set(step.field);
  }

  // The family of the addresses tells the ethertype; run_plan fills it before the steps, ipVersion overrides.
  void fill_ethertype() {
    if (plan_->has_addresses4 || plan_->has_addresses6) {
      std::erase_if(plan_->steps,
                    [](const Step& s) { return s.field == Field::etype && s.convert == Convert::number; });
      plan_->mask.set(Field::etype);
    }
  }

  void add_option_steps() {
    static constexpr std::array<std::pair<uint16_t, OptionRole>, 9> kRoles{{{34, OptionRole::interval},
                                                                            {48, OptionRole::sampler_id},
                                                                            {50, OptionRole::interval},
                                                                            {160, OptionRole::system_init_ms},
                                                                            {302, OptionRole::sampler_id},
                                                                            {305, OptionRole::packet_interval},
                                                                            {306, OptionRole::packet_space},
                                                                            {309, OptionRole::sample_size},
                                                                            {310, OptionRole::sample_population}}};
    const auto& fields = plan_->record.fields;
    for (size_t i = 0; i < fields.size(); ++i)
      for (auto [id, role] : kRoles)
        if (fields[i].pen == 0 && fields[i].id == id && fields[i].length > 0 && fields[i].length <= 8)
          plan_->option_steps.push_back({role, static_cast<uint16_t>(i)});
  }

  uint8_t& best(Field f) { return best_rank_[static_cast<size_t>(f)]; }

  std::shared_ptr<Plan> plan_;
  const FieldTable& table_;
  std::array<uint8_t, kFieldCount> best_rank_;
  std::vector<Step> durations_;
};

}  // namespace

std::shared_ptr<const Plan> compile_plan(TemplateRecord record, Protocol protocol, const FieldTable& fields) {
  return Compiler(std::move(record), protocol, fields).compile();
}

// (element, octets) of a record without a template; padded to its length.
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
// v7 has flags in place of the pads, for fields that are not valid, and at its end the router that the switch spared.
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
