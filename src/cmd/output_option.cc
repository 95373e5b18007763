// SPDX-License-Identifier: Apache-2.0
#include "cmd/output_option.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "cmd/option_table.h"

namespace weir {
namespace {

constexpr const char* kForm = "write NAME=FORMAT:PATH, as in archive=csv:/var/log/flows.csv";
constexpr std::string_view kStoreName = "store";
constexpr std::string_view kShortFormName = "file";

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size()) text.replace(at, from.size(), to);
  return text;
}

std::string escaped(const std::string& path) {
  return replaced(replaced(replaced(path, "%", "%25"), ",", "%2C"), ":", "%3A");
}

std::string unescaped(const std::string& text) {
  return replaced(replaced(replaced(text, "%2C", ","), "%3A", ":"), "%25", "%");
}

OutputConfig parse_output(const std::string& text) {
  const size_t equals = text.find('=');
  const std::vector<std::string> parts =
      split_list(equals == text.npos ? std::string_view() : std::string_view(text).substr(equals + 1), ':');
  if (parts.size() < 2 || parts.size() > 3) throw usage_error(quoted(text) + " is no output; " + kForm);
  OutputConfig output;
  set_output_name(output, text.substr(0, equals));
  set_output_format(output, parts[0]);
  set_output_path(output, unescaped(parts[1]));
  if (parts.size() == 3) set_output_fields(output, replaced(parts[2], "+", ","));
  return output;
}

}  // namespace

void set_output_name(OutputConfig& output, const std::string& text) {
  constexpr size_t kLongestName = 32;
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  auto other = [](char c) { return (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  const bool plain = !text.empty() && letter(text[0]) && text.size() <= kLongestName &&
                     std::ranges::all_of(text, [&](char c) { return letter(c) || other(c); });
  if (!plain)
    throw usage_error(quoted(text) +
                      " cannot be the name of an output; take letters, digits, _ and -, a letter first, "
                      "at most 32");
  if (text == kStoreName) throw usage_error("the store is the output \"store\" already; take another name");
  output.name = text;
}

void set_output_type(OutputConfig& output, const std::string& text) {
  if (text != "file") throw usage_error(quoted(text) + " is no type of an output; there is \"file\"");
  output.type = text;
}

void set_output_format(OutputConfig& output, const std::string& text) {
  const std::vector<std::string> formats = {"json", "csv", "protobuf"};
  if (std::ranges::find(formats, text) == formats.end())
    throw usage_error(quoted(text) + " is no format; it is one of json, csv, protobuf" +
                      did_you_mean(nearest(text, formats)));
  output.format = text;
}

void set_output_path(OutputConfig& output, const std::string& text) {
  if (text.empty()) throw usage_error("an empty path; write a file name, or - for standard output");
  output.path = text;
}

void set_output_fields(OutputConfig& output, const std::string& text) { output.fields = split_list(text); }

void check_output_config(const std::vector<OutputConfig>& before, const OutputConfig& added) {
  if (before.size() == limits::kOutputs)
    throw usage_error("output " + quoted(added.name) + " is one too many; at most " + std::to_string(limits::kOutputs));
  for (const OutputConfig& other : before) {
    if (other.name == added.name) throw usage_error("output " + quoted(added.name) + " is named twice");
    if (other.path == added.path)
      throw usage_error("output " + quoted(added.name) + " would write to " + added.path + ", as output " +
                        quoted(other.name) + " does; give it another path");
  }
}

std::vector<OutputConfig> parse_outputs(const std::string& text) {
  std::vector<OutputConfig> outputs;
  for (const std::string& part : split_list(text)) {
    OutputConfig output = parse_output(part);
    check_output_config(outputs, output);
    outputs.push_back(std::move(output));
  }
  return outputs;
}

std::string text_of(const OutputConfig& output) {
  const std::string fields = replaced(join_list(output.fields), ",", "+");
  return output.name + "=" + output.format + ":" + escaped(output.path) + (fields.empty() ? "" : ":" + fields);
}

std::vector<OutputConfig> outputs_of(const CollectConfig& config) {
  std::vector<OutputConfig> outputs;
  if (!config.format.empty())
    outputs.push_back({std::string(kShortFormName), config.transport, config.format, config.file, config.fields});
  for (const OutputConfig& output : config.outputs) {
    check_output_config(outputs, output);
    outputs.push_back(output);
  }
  return outputs;
}

void check_field_names(const std::vector<std::string>& names, const FieldTable& table) {
  std::vector<std::string> known;
  for (const FieldInfo& field : table.all()) known.emplace_back(field.name);
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (!table.find(*name))
      throw usage_error("unknown field " + quoted(*name) + did_you_mean(nearest(*name, known)) +
                        "; docs/reference/fields.md lists them");
    if (std::find(names.begin(), name, *name) != name) throw usage_error("field " + quoted(*name) + " is named twice");
  }
}

}  // namespace weir
