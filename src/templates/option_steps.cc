// SPDX-License-Identifier: Apache-2.0
#include "templates/option_steps.h"

#include "elements/elements.h"

namespace weir {
namespace {

struct Rule {
  uint32_t pen;
  uint16_t id;
  OptionRole role;
};

constexpr uint16_t kScopeInterface = 2, kScopeLineCard = 3, kScopeTemplate = 5;  // RFC 3954 §6.1

constexpr Rule kRules[] = {
    {0, 10, OptionRole::interface},
    {0, 14, OptionRole::interface},
    {0, 34, OptionRole::interval},
    {0, 48, OptionRole::sampler_id},
    {0, 50, OptionRole::interval},
    {0, 82, OptionRole::interface_name},
    {0, 83, OptionRole::interface_description},
    {0, 94, OptionRole::application_description},
    {0, 95, OptionRole::application},
    {0, 96, OptionRole::application_name},
    {0, 138, OptionRole::point},
    {0, 141, OptionRole::line_card},
    {0, 145, OptionRole::template_id},
    {0, 149, OptionRole::domain},
    {0, 160, OptionRole::system_init_ms},
    {0, 234, OptionRole::vrf},
    {0, 235, OptionRole::vrf},
    {0, 236, OptionRole::vrf_name},
    {0, 302, OptionRole::sampler_id},
    {0, 304, OptionRole::algorithm},
    {0, 305, OptionRole::packet_interval},
    {0, 306, OptionRole::packet_space},
    {0, 307, OptionRole::time_interval},
    {0, 308, OptionRole::time_space},
    {0, 309, OptionRole::sample_size},
    {0, 310, OptionRole::sample_population},
    {0, 311, OptionRole::probability},
    {kScopePen, kScopeInterface, OptionRole::interface},
    {kScopePen, kScopeLineCard, OptionRole::line_card},
    {kScopePen, kScopeTemplate, OptionRole::template_id},
};

bool is_scope_only(OptionRole role) { return role >= OptionRole::template_id && role <= OptionRole::domain; }

}  // namespace

std::vector<OptionStep> option_steps(const TemplateRecord& record) {
  std::vector<OptionStep> steps;
  for (size_t i = 0; i < record.fields.size(); ++i) {
    const FieldSpecifier& field = record.fields[i];
    if (field.length == 0) continue;  // Juniper: a scope of zero length
    for (const Rule& rule : kRules)
      if (rule.pen == field.pen && rule.id == field.id && (i < record.scope_fields || !is_scope_only(rule.role)))
        steps.push_back({rule.role, static_cast<uint16_t>(i)});
  }
  return steps;
}

}  // namespace weir
