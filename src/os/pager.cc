// SPDX-License-Identifier: Apache-2.0
#include "os/pager.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace weir::os {

static constexpr int kStandardInput = 0, kStandardOutput = 1;

// For less: F ends it if everything fits on the screen, R lets it show colors, S does not wrap lines, X leaves the text
// on the screen. The shell outlives Ctrl-C, because this process waits for it. 2 is the exit code of sh for
// text that it does not understand, 126 and 127 those for a program that cannot be started: they have read nothing.
static constexpr const char* kScript =
    "trap : INT\n"
    "export LESS=\"${LESS-FRSX}\" LESSCHARSET=\"${LESSCHARSET-utf-8}\"\n"
    "sh -c \"${PAGER-$(command -v less || echo cat)}\"\n"
    "case $? in 2|126|127) exec cat;; esac\n";

bool Pager::is_wanted() {
  const std::string terminal = environment("TERM"), program = environment_if_set("PAGER").value_or("less");
  return is_terminal(kStandardInput) && is_terminal(kStandardOutput) && !terminal.empty() && terminal != "dumb" &&
         program.find_first_not_of(' ') != std::string::npos && program != "cat";
}

// Runs the script with `input` as its standard input. A child would inherit the signals that this process ignores.
static int run_script(int input) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  sigset_t defaults;
  sigemptyset(&defaults);
  for (int ignored : {SIGPIPE, SIGINT}) sigaddset(&defaults, ignored);
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, input, kStandardInput);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::string shell = "sh", option = "-c", script = kScript;
  char* const words[] = {shell.data(), option.data(), script.data(), nullptr};
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, "/bin/sh", &files, &attributes, words, environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&files);
  return error ? 0 : pid;
}

// If this process ended before the pager, the user's shell would read from the terminal at the same time.
static void survive_interrupts() {
  struct sigaction action{};
  ::sigaction(SIGINT, nullptr, &action);
  action.sa_flags &= ~static_cast<int>(SA_RESETHAND);
  if (action.sa_handler == SIG_DFL) action.sa_handler = SIG_IGN;
  ::sigaction(SIGINT, &action, nullptr);
}

bool Pager::start() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  const File input(ends[0]);
  File pipe(ends[1]);
  survive_interrupts();
  pid_ = run_script(input.fd());
  if (!pid_) return false;
  pipe_ = std::move(pipe);
  return true;
}

Pager::~Pager() {
  if (!pid_) return;
  pipe_ = File();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

}  // namespace weir::os
