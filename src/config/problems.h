// SPDX-License-Identifier: Apache-2.0
// Problems: collects everything that is wrong with a configuration, to report it all at once.
//
//   in       a place and what is wrong there; the texts of files, to show the lines
//   out      one usage_error that lists them all, in the order of their places in the files
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "config/value.h"

namespace weir {

class Problems {
 public:
  static constexpr size_t kMaxSaid = 20;

  void add_file(const std::string& path, std::string text) { files_[path] = std::move(text); }
  void add(const Place& place, const std::string& message) { found_.push_back({place, message}); }
  // Runs `check`; an error it throws is recorded as a problem at that place, with `prefix` before it.
  void at(const Place& place, const std::string& prefix, const std::function<void()>& check);

  bool any() const { return !found_.empty(); }
  size_t count() const { return found_.size(); }
  // Throws them all as one usage_error, if there are any.
  void throw_all() const;

 private:
  struct Found {
    Place place;
    std::string message;
  };
  std::string shown(const Found& found) const;

  std::map<std::string, std::string> files_;
  std::vector<Found> found_;
};

}  // namespace weir
