// SPDX-License-Identifier: Apache-2.0
#include "collect/reload.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "config/exporter_option.h"
#include "config/field_option.h"
#include "config/live_options.h"
#include "config/output_option.h"
#include "config/token_option.h"
#include "filter/parser.h"
#include "filter/predicate.h"
#include "os/clock.h"

namespace weir {
namespace {

void set_log(const CollectConfig& config, const RunningParts&) { set_log_level(config.log_level); }

void set_allowed(const CollectConfig& config, const RunningParts& parts) { parts.allowed.set(config.allow); }

void set_store_bounds(const CollectConfig& config, const RunningParts& parts) {
  parts.clock.set_keep(config.keep_ns);
  if (FlowStore* store = parts.outputs.store())
    store->set_bounds({config.keep_ns, config.store_max_bytes}, config.min_free);
}

void set_budget(const CollectConfig& config, const RunningParts& parts) {
  parts.kept.budget.set_limit(config.senders_bytes);
}

void set_template_limits(const CollectConfig& config, const RunningParts& parts) {
  parts.templates.set_limits({config.hold_for_ns, config.hold_bytes_per_exporter, config.hold_bytes},
                             config.templates_bytes_per_exporter);
}

constexpr std::string_view kWhere = "collect.where";

struct LiveOption {
  std::string_view key;
  void (*set)(const CollectConfig& config, const RunningParts& parts);  // nullptr: apply() does it
};

constexpr LiveOption kLive[] = {
    {"collect.allow", set_allowed},
    {kWhere, nullptr},
    {"collect.log_level", set_log},
    {"store.keep", set_store_bounds},
    {"store.max_size", set_store_bounds},
    {"store.min_free", set_store_bounds},
    {"limits.senders_bytes", set_budget},
    {"limits.templates_bytes_per_exporter", set_template_limits},
    {"templates.hold_for", set_template_limits},
    {"templates.hold_bytes_per_exporter", set_template_limits},
    {"templates.hold_bytes", set_template_limits},
};
static_assert(std::ranges::equal(kLive, kLiveOptions, {}, &LiveOption::key));

const LiveOption* live(std::string_view key) {
  const auto* found = std::ranges::find(kLive, key, &LiveOption::key);
  return found == std::end(kLive) ? nullptr : found;
}

bool same(const TableValues& a, const TableValues& b) {
  return std::ranges::equal(a.values, b.values, [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.is_same_as(y.second);
  });
}

// The keys that differ: of tables, their names in the file, [[output]] as "output".
std::vector<std::string_view> differences(const LoadedConfig& a, const LoadedConfig& b) {
  std::vector<std::string_view> keys;
  for (size_t i = 0; i < a.settings.size(); ++i)  // both are in the schema's order
    if (!a.settings[i].value.is_same_as(b.settings[i].value)) keys.push_back(a.settings[i].option->key);
  for (size_t i = 0; i < a.tables.size(); ++i)
    if (!std::ranges::equal(a.tables[i].tables, b.tables[i].tables, same)) keys.push_back(a.tables[i].type->path);
  return keys;
}

void take_over(LoadedConfig& running, const LoadedConfig& wanted, std::string_view key) {
  for (size_t i = 0; i < running.settings.size(); ++i)
    if (running.settings[i].option->key == key) running.settings[i] = wanted.settings[i];
  for (size_t i = 0; i < running.tables.size(); ++i)
    if (running.tables[i].type->path == key) running.tables[i] = wanted.tables[i];
}

// "removed output a; added output b"
std::string said_of(const OutputChange& change) {
  std::vector<std::string> said;
  const auto is_added = [&](const std::string& name) {
    return std::ranges::any_of(change.added, [&](const FurtherOutput& added) { return added.config.name == name; });
  };
  const auto is_removed = [&](const std::string& name) { return std::ranges::count(change.removed, name) > 0; };
  for (const std::string& name : change.removed)
    said.push_back((is_added(name) ? "changed output " : "removed output ") + name);
  for (const FurtherOutput& added : change.added)
    if (!is_removed(added.config.name)) said.push_back("added output " + added.config.name);
  return join_list(said, ", ");
}

}  // namespace

Reload::Reload(LoadedConfig loaded, Load load, const RunningParts& parts)
    : running_(std::move(loaded)), load_(std::move(load)), parts_(parts), success_ns_(os::realtime_ns()) {}

void Reload::run() {
  if (!load_) return;
  try {
    const LoadedConfig wanted = load_();
    for (const std::string& warning : wanted.warnings) log_warning("config", warning);
    change(wanted);
    successful_ = true;
    success_ns_ = os::realtime_ns();
  } catch (const Error& error) {
    successful_ = false;
    log_error("config", "nothing has changed, correct this and send SIGHUP again: " + std::string(error.what()));
  }
}

void Reload::change(const LoadedConfig& wanted) {
  Keys changed = differences(running_, wanted), restart;
  std::erase_if(changed, [&](std::string_view key) {
    if (!is_live(key)) restart.push_back(key);
    return !is_live(key);
  });
  // A filter may name a field that only a restart adds.
  if (std::ranges::count(restart, kFieldTable) > 0 && std::erase(changed, kWhere) > 0) restart.push_back(kWhere);
  CollectConfig config = wanted.config;
  OutputChange outputs = prepare_outputs(config, restart);
  if (parts_.http) parts_.http->renew_certificate();
  // From here on nothing can fail.
  const bool outputs_stay = !outputs.refused.empty();
  if (outputs_stay) std::erase_if(changed, is_of_outputs);
  const std::string of_outputs = said_of(outputs), refused = outputs.refused;
  apply(config, changed, std::move(outputs));
  for (std::string_view key : changed) take_over(running_, wanted, key);
  std::erase_if(changed, is_of_outputs);
  std::vector<std::string> said;
  for (std::string_view key : changed) said.push_back("changed " + std::string(key));
  if (!of_outputs.empty()) said.push_back(of_outputs);
  log_info("config", "read again: " + (said.empty() ? "nothing to change" : join_list(said, ", ")));
  if (!refused.empty()) log_warning("config", refused);
  if (!restart.empty())
    log_warning("config", "changed in the configuration, but only a restart takes it over: " +
                              join_list(std::vector<std::string>(restart.begin(), restart.end()), ", "));
}

// Outputs are created for the field table that is in force.
OutputChange Reload::prepare_outputs(CollectConfig& config, Keys& restart) {
  config.field_table = running_.config.field_table;
  if (std::ranges::count(restart, kFieldTable) == 0)
    return parts_.outputs.prepare(config, config.keeps_nothing ? "" : running_.config.data + "/catalog.db");
  OutputChange none;
  none.refused = "the outputs stay as they are until a restart, which [[field]] needs";
  return none;
}

void Reload::apply(const CollectConfig& config, const Keys& changed, OutputChange outputs) {
  if (parts_.http) parts_.http->set_tokens(config.tokens);
  const bool sets_where = std::ranges::count(changed, kWhere) > 0;
  const auto where = sets_where ? make_predicate(config.where, *config.field_table, kNoRelativeTimes) : nullptr;
  const int64_t began_ns = os::monotonic_ns();
  parts_.pipeline.while_resting([&] {
    if (sets_where) parts_.where.set(where);
    if (std::ranges::count(changed, kExporterTable) > 0) parts_.pipeline.set_exporters(config.exporters);
    if (outputs.any()) parts_.outputs.apply(std::move(outputs));
    for (std::string_view key : changed)
      if (const LiveOption* option = live(key); option && option->set) option->set(config, parts_);
  });
  log_debug("config",
            "the workers rested for " + std::to_string((os::monotonic_ns() - began_ns) / 1'000) + " us at most");
  parts_.outputs.look();
}

}  // namespace weir
