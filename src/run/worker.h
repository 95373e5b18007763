// SPDX-License-Identifier: Apache-2.0
// Worker: a named thread that ends before its owner is destroyed. The only class that creates threads.
//
//   in       a body that returns soon after its stop token is set, and throws nothing
//   failure  throws runtime_failure if no thread can be created
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <thread>

namespace weir {

class Worker {
 public:
  // Starts at once. `name` is what ps, top and gdb show: at most 15 bytes, longer names are truncated.
  Worker(const std::string& name, std::function<void(std::stop_token)> body);
  // Asks the body to stop and waits for it.
  ~Worker() = default;
  Worker(Worker&&) = delete;

  void request_stop() { thread_.request_stop(); }
  // Waits for the body to return; does not ask it to stop.
  void join();

 private:
  std::jthread thread_;
};

}  // namespace weir
