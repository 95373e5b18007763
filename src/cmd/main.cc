// SPDX-License-Identifier: Apache-2.0
// The main program of `weir`: runs the subcommand and prints the errors it throws.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "config/schema.h"
#include "os/file.h"

namespace weir {
namespace {

int version(const Arguments&) {
  std::printf("weir %s\n", WEIR_VERSION);
  return 0;
}

int help(const Arguments& arguments);

struct Command {
  std::string name;
  std::string meaning;  // empty: not shown
  int (*run)(const Arguments&);
};

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = {
      {"collect", "receive NetFlow v1, v5, v7, v9, IPFIX and sFlow v5, decode, count, store", run_collect},
      {"config", "check a configuration, or show the values in force: config check, config show", run_config},
      {"decode", "decode captures and IPFIX files with the collector's own code; report malformed input", run_decode},
      {"exporters", "the loss ledger: what each exporter sent and what happened to it", run_exporters},
      {"filter", "show how a filter expression is understood, in words and as SQL", run_filter},
      {"flows", "a list of stored flows", run_flows},
      {"gen", "send generated test traffic", run_gen},
      {"goflow2", "a replacement for GoFlow2: takes its command line, writes its output", run_goflow2},
      {"query", "SQL over the stored flows", run_query},
      {"replay", "send the export datagrams of a capture again", run_replay},
      {"store", "what the flow store contains: store stats", run_store},
      {"top", "top talkers, ports, exporters or any other column", run_top},
      {"version", "print the version (also --version)", version},
      {"help", "this text; help COMMAND for that command's flags (also --help)", help},
      {"docs", "", run_docs},
  };
  return kCommands;
}

std::string usage() {
  std::string text =
      "weir: a flow collector for NetFlow v1, v5, v7, v9, IPFIX and sFlow v5\n\nUsage: weir COMMAND [flags]\n\n";
  for (const Command& command : commands()) {
    if (command.meaning.empty()) continue;
    text += "  " + command.name + std::string(12 - command.name.size(), ' ') + command.meaning + "\n";
  }
  return text +
         "\nExamples:\n"
         "  weir collect                                 receive on UDP 2055, 4739 and 6343, into the store\n"
         "  weir gen --to 127.0.0.1:2055                 a few test flows\n"
         "  weir exporters                               who sends, and is anything lost?\n"
         "  weir top --since -1h                         who sends the most?\n"
         "  weir flows --where 'dst port 443 and bytes > 1M'\n"
         "  weir query 'SELECT count(*) FROM flows'\n"
         "  weir decode capture.pcap --format table\n";
}

const Command& find_command(const std::string& word) {
  std::string name = word == "--version" || word == "-V" ? "version" : word == "--help" || word == "-h" ? "help" : word;
  auto found = std::ranges::find(commands(), name, &Command::name);
  if (found != commands().end()) return *found;
  std::vector<std::string> names;
  for (const Command& command : commands())
    if (!command.meaning.empty()) names.push_back(command.name);
  throw usage_error("unknown command \"" + word + "\"" + did_you_mean(nearest(word, names)) + "; see weir help");
}

int help(const Arguments& arguments) {
  if (!arguments.empty())
    return find_command(arguments[0]).name == "help" ? help({}) : find_command(arguments[0]).run({"--help"});
  std::fputs(usage().c_str(), stdout);
  return 0;
}

// A reader that closed the pipe wants no more output; any other failure loses output and is an error.
int finish(int code) {
  errno = 0;
  bool written = std::fflush(stdout) == 0 && !std::ferror(stdout);
  if (written || errno == EPIPE) return code;
  throw runtime_failure("cannot write all of standard output" + (errno ? ": " + os::error_text(errno) : std::string()));
}

// A link of that name to weir replaces GoFlow2's program.
bool is_called_goflow2(const char* program) {
  const std::string_view path(program ? program : "");
  return path.substr(path.rfind('/') + 1) == "goflow2";
}

int run(const Arguments& words) {
  if (words.empty()) throw usage_error("no command given; see weir help");
  return finish(find_command(words[0]).run(Arguments(words.begin() + 1, words.end())));
}

}  // namespace
}  // namespace weir

int main(int argc, char** argv) {
  weir::os::occupy_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a failed write, handled where it occurs
  try {
    const weir::Arguments words(argv + std::min(argc, 1), argv + argc);
    return weir::is_called_goflow2(argv[0]) ? weir::finish(weir::run_goflow2(words)) : weir::run(words);
  } catch (const weir::Error& e) {
    std::fprintf(stderr, "weir: %s\n", weir::printable_lines(e.what()).c_str());  // may quote a value from the store
    return static_cast<int>(e.code());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "weir: unexpected failure: %s\n", e.what());
    return static_cast<int>(weir::ExitCode::runtime_failure);
  }
}
