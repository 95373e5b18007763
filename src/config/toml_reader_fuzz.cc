// SPDX-License-Identifier: Apache-2.0
// Parses any octets as weir.toml: it must not crash, and every error must have a place inside the text.
#include "config/toml_reader.h"

#include <algorithm>

#include "base/assert.h"

namespace weir {
namespace {

constexpr OptionInfo kOptions[] = {
    {"collect.listen", "--listen", ValueKind::list, "URI,..", "", "", ""},
    {"collect.workers", "--workers", ValueKind::number, "N", "0", "", ""},
    {"collect.rcvbuf", "--rcvbuf", ValueKind::size, "BYTES", "16MiB", "", ""},
    {"collect.no_store", "--no-store", ValueKind::boolean, "", "false", "", ""},
    {"collect.token_file", "--token-file", ValueKind::secret_file, "F", "", "", ""},
    {"collect.transport.type", "--transport", ValueKind::text, "NAME", "file", "", ""},
    {"store.keep", "--keep", ValueKind::duration, "TIME", "off", "", ""},
};
constexpr OptionInfo kOutput[] = {{"name", "", ValueKind::text, "NAME", kNeeded, "", ""},
                                  {"fields", "", ValueKind::list, "NAME,..", "", "", ""}};

const Schema& schema() {
  static const RepeatedTable output{"output", "--output", "NAME", "", "", "[[output]]", {&kOutput[0], &kOutput[1]},
                                    nullptr};
  static const Schema whole = [] {
    std::vector<const OptionInfo*> options;
    for (const OptionInfo& option : kOptions) options.push_back(&option);
    return Schema(options, {&output}, {"collect.transport", "collect.transport.type"});
  }();
  return whole;
}

}  // namespace
}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto lines = static_cast<unsigned>(std::ranges::count(text, '\n') + 1);
  Problems problems;
  const ConfigDocument document = read_toml(schema(), "f", text, problems);
  for (const auto& [option, value] : document.values) WEIR_ASSERT(value.place.line >= 1 && value.place.line <= lines);
  for (const auto& [type, values] : document.tables) WEIR_ASSERT(values.place.line >= 1 && values.place.line <= lines);
  try {
    problems.throw_all();
  } catch (const Error& error) {
    WEIR_ASSERT(error.code() == ExitCode::usage);
  }
  return 0;
}
