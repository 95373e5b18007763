// SPDX-License-Identifier: Apache-2.0
#include "cmd/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "cmd/config_file.h"
#include "cmd/environment.h"
#include "cmd/output_option.h"
#include "cmd/words.h"
#include "os/file.h"

namespace weir {
namespace {

constexpr const char* kSystemConfig = "/etc/weir/weir.toml";
constexpr const char* kConfigVariable = "WEIR_CONFIG";
// Variables of the test suite, which the programs it starts inherit.
constexpr std::string_view kForeignVariables[] = {"WEIR_SHARED", "WEIR_BINARY"};

// What the flags said: one value per option of the table, where given.
struct Flags {
  std::optional<std::string> config;
  bool check = false;
  std::vector<std::pair<const Option*, std::string>> values;
};

std::vector<std::string> all_flags() {
  std::vector<std::string> flags = {"--config", "--check", "--help"};
  for (const Option& option : collect_options()) flags.emplace_back(option.flag);
  return flags;
}

Error unknown_argument(const std::string& argument) {
  if (!argument.starts_with("-"))
    return usage_error("unexpected argument \"" + argument + "\"; see weir collect --help");
  std::string flag = argument.substr(0, argument.find('='));
  const Option* meant =
      flag.starts_with("--") ? find_option(flag.substr(2)) : nullptr;  // a key as a flag: --store.keep
  std::string suggestion = meant ? std::string(meant->flag) : nearest(flag, all_flags());
  return usage_error("unknown flag " + flag + did_you_mean(suggestion) + "; see weir collect --help");
}

CLI::Option* declare(CLI::App& app, const Option& option) {
  std::string flag(option.flag);
  if (option.kind == ValueKind::boolean) return app.add_flag(flag);
  CLI::Option* declared = app.add_option(flag);
  declared->expected(1)->allow_extra_args(false);
  // A list may be given in several flags; of any other option the last counts.
  declared->multi_option_policy(option.kind == ValueKind::list ? CLI::MultiOptionPolicy::TakeAll
                                                               : CLI::MultiOptionPolicy::TakeLast);
  return declared;
}

Flags parse_flags(const Arguments& arguments) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  Flags flags;
  CLI::Option* config = app.add_option("--config")->expected(1)->take_last();
  app.add_flag("--check", flags.check);
  std::vector<std::pair<const Option*, CLI::Option*>> declared;
  for (const Option& option : collect_options()) declared.emplace_back(&option, declare(app, option));
  try {
    parse_words(app, arguments);
  } catch (const CLI::ArgumentMismatch& e) {
    std::string text = e.what();  // begins with the flag
    throw usage_error(text.substr(0, text.find(':')) + " needs a value; see weir collect --help");
  } catch (const CLI::ParseError& e) {
    throw usage_error(std::string(e.what()) + "; see weir collect --help");
  }
  for (const std::string& argument : app.remaining()) throw unknown_argument(argument);
  if (config->count() > 0) flags.config = config->results().back();
  for (const auto& [option, parsed] : declared) {
    if (parsed->count() == 0) continue;
    const std::vector<std::string>& results = parsed->results();
    flags.values.emplace_back(option, option->kind == ValueKind::list ? join_list(results) : results.back());
  }
  return flags;
}

// Collects the settings, each later layer over the earlier ones. Only the value that is left in force is parsed:
// a flag gets one past a mistake in the file.
class Layers {
 public:
  Layers() {
    for (const Option& option : collect_options())
      settings_.push_back({&option, std::string(option.fallback), "default"});
    entries_.resize(settings_.size());
  }

  void add_file(const std::string& path) {
    file_ = ConfigFile::read(path);
    for (const ConfigEntry& entry : file_.entries()) {
      take(*entry.option, entry.text, path + ":" + std::to_string(entry.line));
      entries_[index(*entry.option)] = &entry;
    }
  }

  void add_environment() {
    for (const auto& [name, value] : weir_variables()) add_variable(name, value);
  }

  void add_flags(const Flags& flags) {
    for (const auto& [option, text] : flags.values) take(*option, text, std::string(option->flag));
  }

  LoadedConfig finish() {
    LoadedConfig loaded;
    for (const Setting& setting : settings_) apply(setting, loaded.config);
    loaded.settings = settings_;
    loaded.file = file_.path();
    loaded.warnings = unknown_;
    return loaded;
  }

 private:
  static size_t index(const Option& option) { return static_cast<size_t>(&option - collect_options().data()); }

  void take(const Option& option, const std::string& text, const std::string& origin) {
    settings_[index(option)] = {&option, text, origin};
    entries_[index(option)] = nullptr;
  }

  void apply(const Setting& setting, CollectConfig& config) const {
    try {
      setting.option->set(config, setting.text);
    } catch (const Error& e) {
      const ConfigEntry* entry = entries_[index(*setting.option)];
      if (entry) throw file_.error(entry->line, entry->column, std::string(setting.option->key) + ": " + e.what());
      throw usage_error(setting.origin + ": " + e.what());
    }
  }

  void add_variable(const std::string& name, const std::string& value) {
    if (name == kConfigVariable || std::ranges::find(kForeignVariables, name) != std::end(kForeignVariables)) return;
    for (const Option& option : collect_options()) {
      bool short_form = option.key == kTransportKey && name == environment_name(kTransportShortKey);
      if (name != environment_name(option.key) && !short_form) continue;
      take(option, value, name);
      return;
    }
    unknown_.push_back(unknown_variable(name));
  }

  ConfigFile file_;
  std::vector<Setting> settings_;            // one per option, in the table's order
  std::vector<const ConfigEntry*> entries_;  // the place in the file, where the setting is from there
  std::vector<std::string> unknown_;         // what to say of variables that are no option's
};

const Setting& setting(const LoadedConfig& loaded, std::string_view key) {
  return *std::ranges::find(loaded.settings, key, [](const Setting& s) { return s.option->key; });
}

// A file or a choice of fields for an output that nobody asked for would be ignored in silence.
void check_output(const LoadedConfig& loaded) {
  if (!setting(loaded, "collect.format").is_default()) {
    outputs_of(loaded.config);
    return;
  }
  for (std::string_view key : {"collect.transport.file", "collect.fields"}) {
    const Setting& given = setting(loaded, key);
    if (!given.is_default())
      throw usage_error(given.origin + ": " + std::string(key) +
                        " is set, but no format: records would not be written; add --format json, csv or protobuf "
                        "(or --format none to count only)");
  }
}

std::string config_path(const Flags& flags) {
  auto named = [](const std::string& path, const char* origin) {
    if (path.empty()) throw usage_error(std::string(origin) + ": an empty path; name a file, or leave it out");
    return path;
  };
  if (flags.config) return named(*flags.config, "--config");
  if (auto path = os::environment_if_set(kConfigVariable)) return named(*path, kConfigVariable);
  return os::exists(kSystemConfig) ? kSystemConfig : "";
}

}  // namespace

LoadedConfig load_collect_settings(const Arguments& arguments) {
  Flags flags = parse_flags(arguments);
  Layers layers;
  if (std::string path = config_path(flags); !path.empty()) layers.add_file(path);
  layers.add_environment();
  layers.add_flags(flags);
  LoadedConfig loaded = layers.finish();
  loaded.config.check = flags.check;
  if (flags.check && !loaded.warnings.empty()) throw usage_error(loaded.warnings.front());
  check_output(loaded);
  return loaded;
}

CollectConfig load_collect_config(const Arguments& arguments) {
  LoadedConfig loaded = load_collect_settings(arguments);
  for (const std::string& warning : loaded.warnings) std::fprintf(stderr, "weir: warning: %s\n", warning.c_str());
  return loaded.config;
}

bool asks_for_help(const Arguments& arguments) {
  return std::ranges::any_of(arguments, [](const std::string& a) { return a == "--help" || a == "-h"; });
}

bool asks_for_check(const Arguments& arguments) { return std::ranges::find(arguments, "--check") != arguments.end(); }

}  // namespace weir
