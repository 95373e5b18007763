// SPDX-License-Identifier: Apache-2.0
#include "config/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "config/arguments.h"
#include "config/environment.h"
#include "config/output_option.h"
#include "config/repeated.h"
#include "config/toml_reader.h"
#include "os/file.h"

namespace weir {
namespace {

constexpr const char* kSystemConfig = "/etc/weir/weir.toml";
constexpr const char* kConfigVariable = "WEIR_CONFIG";
// Variables of the test suite, which are inherited by the programs that it starts.
constexpr std::string_view kForeignVariables[] = {"WEIR_SHARED", "WEIR_BINARY", "WEIR_TOKEN_FILE"};

// The values of the flags that were given.
struct Flags {
  std::optional<std::string> config;
  bool check = false;
  std::vector<std::pair<const OptionInfo*, Value>> values;
  std::vector<std::pair<const RepeatedTable*, std::vector<std::string>>> tables;
};

std::vector<std::string> all_flags() {
  std::vector<std::string> flags = {"--config", "--check", "--help"};
  for (const OptionInfo* option : collect_schema().options()) flags.emplace_back(option->flag);
  for (const RepeatedTable* table : collect_schema().tables()) flags.emplace_back(table->flag);
  return flags;
}

Error unknown_argument(const std::string& argument) {
  if (!argument.starts_with("-"))
    return usage_error("unexpected argument \"" + argument + "\"; see weir collect --help");
  std::string flag = argument.substr(0, argument.find('='));
  const OptionInfo* meant =
      flag.starts_with("--") ? collect_schema().option(flag.substr(2)) : nullptr;  // a key as a flag: --store.keep
  std::string suggestion = meant ? std::string(meant->flag) : nearest(flag, all_flags());
  return usage_error("unknown flag " + flag + did_you_mean(suggestion) + "; see weir collect --help");
}

// A list may be given in several flags; for any other option the last one counts.
CLI::Option* declare(CLI::App& app, std::string_view name, bool several) {
  CLI::Option* declared = app.add_option(std::string(name));
  declared->expected(1)->allow_extra_args(false);
  declared->multi_option_policy(several ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::TakeLast);
  return declared;
}

void parse_or_throw(CLI::App& app, const Arguments& arguments) {
  try {
    parse_words(app, arguments);
  } catch (const CLI::ArgumentMismatch& e) {
    std::string text = e.what();  // begins with the flag
    throw usage_error(text.substr(0, text.find(':')) + " needs a value; see weir collect --help");
  } catch (const CLI::ParseError& e) {
    throw usage_error(std::string(e.what()) + "; see weir collect --help");
  }
}

Value flag_value(const OptionInfo& option, const std::vector<std::string>& results) {
  Value value{results.back(), {}, {std::string(option.flag)}};
  if (option.kind != ValueKind::list) return value;
  value.text = join_list(results);
  value.items = split_list(value.text);
  return value;
}

Flags parse_flags(const Arguments& arguments) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  Flags flags;
  CLI::Option* config = app.add_option("--config")->expected(1)->take_last();
  app.add_flag("--check", flags.check);
  std::vector<std::pair<const OptionInfo*, CLI::Option*>> options;
  for (const OptionInfo* option : collect_schema().options())
    options.emplace_back(option, option->kind == ValueKind::boolean
                                     ? app.add_flag(std::string(option->flag))
                                     : declare(app, option->flag, option->kind == ValueKind::list));
  std::vector<std::pair<const RepeatedTable*, CLI::Option*>> tables;
  for (const RepeatedTable* table : collect_schema().tables())
    tables.emplace_back(table, declare(app, table->flag, true));
  parse_or_throw(app, arguments);
  for (const std::string& argument : app.remaining()) throw unknown_argument(argument);
  if (config->count() > 0) flags.config = config->results().back();
  for (const auto& [option, parsed] : options)
    if (parsed->count() > 0) flags.values.emplace_back(option, flag_value(*option, parsed->results()));
  for (const auto& [table, parsed] : tables)
    if (parsed->count() > 0) flags.tables.emplace_back(table, parsed->results());
  return flags;
}

const Value& value_of(const LoadedConfig& loaded, std::string_view key) {
  return std::ranges::find(loaded.settings, key, [](const Setting& s) { return s.option->key; })->value;
}

// The files of conf.d beside `path`, sorted by name.
std::vector<std::string> files_beside(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path() / "conf.d";
  std::vector<std::string> files;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none))
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

// Collects the settings, each later layer overriding the earlier ones. Only the value that ends up in force is parsed:
// a flag overrides an invalid value in the file without an error.
class Layers {
 public:
  Layers() {
    for (const OptionInfo* option : collect_schema().options()) {
      const std::string fallback(option->fallback);
      settings_.push_back({option, {fallback, split_list(fallback), {"default"}}});
    }
    for (const RepeatedTable* type : collect_schema().tables()) tables_.push_back({type, {}});
  }

  // That file, and those of conf.d beside it, by name. Tables that may appear several times are collected from all of
  // them.
  void add_files(const std::string& path) {
    if (os::is_directory(path)) throw usage_error(path + " is a directory; name the configuration file itself");
    add_file(path);
    for (const std::string& beside : files_beside(path)) add_file(beside);
  }

  void add_file(const std::string& path) {
    const std::vector<uint8_t> bytes = os::read_file(path);
    const ConfigDocument document =
        read_toml(collect_schema(), path, std::string(bytes.begin(), bytes.end()), problems_);
    for (const auto& [option, value] : document.values) take(*option, value);
    for (const auto& [type, values] : document.tables) of(*type).push_back(values);
    files_.push_back(path);
  }

  void add_environment() {
    for (const auto& [name, value] : weir_variables()) add_variable(name, value);
  }

  void add_flags(const Flags& flags) {
    for (const auto& [option, value] : flags.values) take(*option, value);
    for (const auto& [type, texts] : flags.tables) take_short(*type, join_list(texts), std::string(type->flag));
  }

  LoadedConfig finish() {
    LoadedConfig loaded;
    for (const TableSetting& setting : tables_) set_tables(loaded.config, *setting.type, setting.tables, problems_);
    for (const auto& [option, value] : settings_)
      problems_.at(value.place, key_at(value.place, option->key), [&] { set_option(loaded.config, *option, value); });
    problems_.throw_all();
    loaded.settings = settings_;
    loaded.tables = tables_;
    loaded.files = files_;
    loaded.warnings = unknown_;
    loaded.http_by_default =
        value_of(loaded, "collect.http").place.is_default() && loaded.config.http_certificate.empty();
    return loaded;
  }

 private:
  void take(const OptionInfo& option, const Value& value) {
    std::ranges::find(settings_, &option, &Setting::option)->value = value;
  }
  std::vector<TableValues>& of(const RepeatedTable& type) {
    return std::ranges::find(tables_, &type, &TableSetting::type)->tables;
  }

  // Tables in their short form; they replace all earlier ones of their type.
  void take_short(const RepeatedTable& type, const std::string& text, const std::string& source) {
    of(type) = short_tables(type, text, source, problems_);
  }

  void add_variable(const std::string& name, const std::string& text) {
    if (name == kConfigVariable || std::ranges::find(kForeignVariables, name) != std::end(kForeignVariables)) return;
    for (const RepeatedTable* type : collect_schema().tables())
      if (name == environment_name(type->path)) return take_short(*type, text, name);
    for (const OptionInfo* option : collect_schema().options()) {
      const bool short_form = option->key == kTransportKey && name == environment_name(kTransportShortKey);
      if (name != environment_name(option->key) && !short_form) continue;
      return take(*option, {text, split_list(text), {name}});
    }
    unknown_.push_back(unknown_variable(name));
  }

  Problems problems_;
  std::vector<Setting> settings_;     // one per option, in the schema's order
  std::vector<TableSetting> tables_;  // the same
  std::vector<std::string> files_;
  std::vector<std::string> unknown_;  // warnings about variables that are no option
};

void check_https(const LoadedConfig& loaded) {
  const CollectConfig& config = loaded.config;
  if (config.http_certificate.empty() == config.http_key.empty()) return;
  const std::string_view given = config.http_key.empty() ? "collect.http_certificate" : "collect.http_key_file";
  throw usage_error(
      value_of(loaded, given).place.to_string() + ": " + std::string(given) +
      " alone does not make HTTPS; a certificate (--http-certificate) and its key (--http-key) go together");
}

void check_data(const LoadedConfig& loaded) {
  if (!loaded.config.keeps_nothing || loaded.config.no_store) return;
  throw usage_error(value_of(loaded, "collect.data").place.to_string() +
                    ": collect.data is off, so there is no place for the store; add --no-store, or name a directory");
}

// The ledger has no column for records that the filter of one output removed.
void check_leader(const LoadedConfig& loaded) {
  if (!loaded.config.no_store) return;
  const std::vector<OutputConfig> outputs = outputs_of(loaded.config);
  if (outputs.empty() || outputs.front().where.empty()) return;
  throw usage_error("output " + in_quotes(outputs.front().name) +
                    ": without a store, the ledger counts what became of the records at the first output, so this one "
                    "cannot have a filter of its own; use collect.where, or name another output before it");
}

// The file or the fields of an output that was not requested would be ignored silently.
void check_output(const LoadedConfig& loaded) {
  if (!value_of(loaded, "collect.format").place.is_default()) {
    outputs_of(loaded.config);
    return;
  }
  for (std::string_view key : {"collect.transport.file", "collect.fields"}) {
    const Place& place = value_of(loaded, key).place;
    if (!place.is_default())
      throw usage_error(place.to_string() + ": " + std::string(key) +
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

// Checks that need several options together.
static void check_together(const LoadedConfig& loaded) {
  check_data(loaded);
  check_https(loaded);
  check_output(loaded);
  check_leader(loaded);
}

LoadedConfig load_collect_file(const std::string& path) {
  Layers layers;
  layers.add_files(path);
  LoadedConfig loaded = layers.finish();
  check_together(loaded);
  return loaded;
}

LoadedConfig load_collect_flags(const Arguments& arguments) {
  Layers layers;
  layers.add_flags(parse_flags(arguments));
  LoadedConfig loaded = layers.finish();
  check_together(loaded);
  return loaded;
}

LoadedConfig load_collect_settings(const Arguments& arguments) {
  Flags flags = parse_flags(arguments);
  Layers layers;
  if (const std::string path = config_path(flags); !path.empty()) layers.add_files(path);
  layers.add_environment();
  layers.add_flags(flags);
  LoadedConfig loaded = layers.finish();
  loaded.config.check = flags.check;
  if (flags.check && !loaded.warnings.empty()) throw usage_error(loaded.warnings.front());
  check_together(loaded);
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
