// SPDX-License-Identifier: Apache-2.0
// Problems: everything that is wrong with a configuration, to be said at once.
//
//   in       a place and what is wrong there; the texts of files, to show the lines
//   out      one usage_error that names them all, in the order in which they stand in their files
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
  // Runs it; what it throws is a problem at that place, `prefix` before it.
  void at(const Place& place, const std::string& prefix, const std::function<void()>& check);

  bool any() const { return !found_.empty(); }
  size_t count() const { return found_.size(); }
  // Throws them as one usage_error, if there are any.
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
