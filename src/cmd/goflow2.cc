// SPDX-License-Identifier: Apache-2.0
// Implements `weir goflow2`: a collector with GoFlow2's command line.
#include "config/goflow2.h"

#include <algorithm>
#include <cstdio>

#include "cmd/cmd.h"
#include "collect/collect.h"

namespace weir {

static constexpr const char* kHelp =
    "Usage: weir goflow2 [flags of GoFlow2 2.2.6]     (or call weir through a link named goflow2)\n"
    "\n"
    "Accepts GoFlow2's command line and writes what GoFlow2 writes. Nothing is stored, and no directory is needed.\n"
    "\n"
    "  -listen URI,..            default: sflow://:6343,netflow://:2055; ?count=N: N sockets\n"
    "  -format json|bin          bin: only together with -transport.file.sep=\n"
    "  -transport file\n"
    "  -transport.file PATH      empty: standard output\n"
    "  -transport.file.sep TEXT  a line end (json), or nothing (bin)\n"
    "  -addr ADDRESS:PORT        where /metrics is served; empty: nowhere\n"
    "  -loglevel, -logfmt        debug, info, warn, error; normal, json\n"
    "  -err.cnt, -err.int, -templates.path    accepted, but without effect\n"
    "  -v                        the version\n"
    "\n"
    "What differs: docs/from-goflow2.md\n";

int run_goflow2(const Arguments& arguments) {
  const GoFlow2Flags flags = parse_goflow2(arguments);
  if (flags.help) {
    std::fputs(kHelp, stdout);
    return 0;
  }
  if (flags.version) {
    std::printf("weir %s, in place of GoFlow2 2.2.6\n", WEIR_VERSION);
    return 0;
  }
  LoadedConfig loaded = load_collect_flags(flags.collect);
  loaded.http_by_default = std::ranges::none_of(
      arguments, [](const std::string& word) { return word.starts_with("-addr") || word.starts_with("--addr"); });
  loaded.warnings.insert(loaded.warnings.end(), flags.notes.begin(), flags.notes.end());
  return collect(loaded);
}

}  // namespace weir
