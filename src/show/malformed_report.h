// SPDX-License-Identifier: Apache-2.0
// MalformedReport: prints on standard error, for `weir decode`, input that violates the protocols: where it is, which
// rule it violates and where that rule is defined; and data sets whose template never arrived.
//
// Bounded: a maximum number of lines per reason, then a count; at most kMaxMissing templates that never arrived.
#pragma once

#include <absl/container/btree_map.h>

#include <array>
#include <string>
#include <vector>

#include "decode/observer.h"

namespace weir {

// The files being decoded: a datagram's tag tells its file and its number in that file.
struct DecodedFiles {
  struct File {
    std::string path;
    std::string_view unit;  // of the numbering: "packet" (as tshark numbers frames), "message", "datagram"
  };
  std::vector<File> files;

  static uint64_t tag(size_t file, uint64_t number) { return uint64_t{file} << kFileShift | number; }
  const File& file(uint64_t tag) const { return files[tag >> kFileShift]; }
  static uint64_t number(uint64_t tag) { return tag & ((uint64_t{1} << kFileShift) - 1); }
  // "packet 12"
  std::string place(uint64_t tag) const;

 private:
  static constexpr unsigned kFileShift = 40;
};

// "192.0.2.1:2055", "[2001:db8::1]:2055"; "" for a file's datagrams, which have no exporter.
std::string exporter_text(const SessionKey& session);

class MalformedReport {
 public:
  MalformedReport(const DecodedFiles& files, uint64_t max_lines) : files_(files), max_lines_(max_lines) {}

  void malformed(const DecodePlace& place, Malformed reason);
  void given_up(const HeldSet& set, bool quarantined);
  // Prints the data that could not be decoded, and the number of lines not printed.
  void finish() const;

 private:
  static constexpr size_t kMaxMissing = 1'000;
  struct Missing {
    uint64_t sets = 0, octets = 0, first_tag = 0;
    uint32_t first_offset = 0;
  };
  void print(uint64_t tag, size_t offset, const std::string& what) const;

  const DecodedFiles& files_;
  uint64_t max_lines_;
  std::array<uint64_t, kMalformedCount> seen_{};
  struct MissingKey {
    SessionKey session;
    uint16_t template_id = 0;
    bool quarantined = false;  // it arrived, but after the sets
    auto operator<=>(const MissingKey&) const = default;
  };
  absl::btree_map<MissingKey, Missing> missing_;
  uint64_t more_missing_ = 0;  // sets
};

}  // namespace weir
