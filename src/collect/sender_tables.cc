// SPDX-License-Identifier: Apache-2.0
#include "collect/sender_tables.h"

#include "collect/disk_full.h"

namespace weir {

static TemplateStoreConfig template_config(const CollectConfig& config, SenderBudget& budget, os::Signals& signals) {
  TemplateStoreConfig templates;
  templates.hold = {config.hold_for_ns, config.hold_bytes_per_exporter, config.hold_bytes};
  templates.fallback_after_ns = config.template_fallback_ns;
  templates.fields = config.field_table.get();
  templates.borrow = config.borrow;
  templates.lifetime_ns = config.template_lifetime_ns;
  if (!config.keeps_nothing) templates.journal_path = config.data + "/templates.journal";
  templates.max_templates_bytes_per_exporter = config.templates_bytes_per_exporter;
  templates.budget = &budget;
  templates.keep_fields = KeepFields::no;
  templates.stop_loading = [&signals] { return signals.wait(0) == os::Event::stop; };
  return templates;
}

SenderTables::SenderTables(const CollectConfig& config, Kept& kept, os::Signals& signals)
    : templates(
          naming_full_disk(config.data, [&] { return TemplateStore(template_config(config, kept.budget, signals)); })),
      streams(kept.ledger, templates, &kept.budget, limits::kSessions, config.ignore_ports) {
  if (templates.loading_stopped()) return;
  streams.restore(kept.load_sequences());
  streams.restore_sessions();
  templates.for_each([&](const SessionKey& key, const Plan&) { kept.ledger.entry(ledger_key(key)).templates.add(); });
}

}  // namespace weir
