// SPDX-License-Identifier: Apache-2.0
#include "run/worker.h"

#include <pthread.h>

#include <system_error>

#include "base/error.h"

namespace weir {

static constexpr size_t kNameBytes = 15;  // the kernel's limit, TASK_COMM_LEN less its terminator

Worker::Worker(const std::string& name, std::function<void(std::stop_token)> body) {
  try {
    thread_ = std::jthread(std::move(body));
  } catch (const std::system_error& e) {
    throw runtime_failure("cannot start the thread " + name + ": " + e.what() +
                          "; raise the limit of processes (ulimit -u, TasksMax) or use fewer workers");
  }
  pthread_setname_np(thread_.native_handle(), name.substr(0, kNameBytes).c_str());
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace weir
