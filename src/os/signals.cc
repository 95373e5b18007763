// SPDX-License-Identifier: Apache-2.0
#include "os/signals.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace weir::os {

Signals::Signals() {
  for (int s : {SIGPIPE, SIGXFSZ, SIGUSR1, SIGUSR2, SIGALRM}) ::signal(s, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (int s : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, s);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  file_ = File(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

Event Signals::wait(int timeout_ms) {
  pollfd p{file_.fd(), POLLIN, 0};
  if (::poll(&p, 1, timeout_ms) <= 0) return Event::none;
  signalfd_siginfo info;
  if (::read(file_.fd(), &info, sizeof info) != sizeof info) return Event::none;
  if (info.ssi_signo == SIGHUP) return Event::reload;
  stop_signal_ = info.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM";
  return Event::stop;
}

}  // namespace weir::os
