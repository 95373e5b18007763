// SPDX-License-Identifier: Apache-2.0
// A file of bare export datagrams, without a capture's headers: IPFIX files (RFC 5655) and saved payloads.
//
// Datagrams of a version that carries its own length (IPFIX) or a count of fixed-size records (v1, v5, v7) are
// told apart by it; anything else is one datagram.
#pragma once

#include <string>

#include "os/file_reader.h"
#include "wire/packet_record.h"

namespace weir {

class RawDumpReader {
 public:
  static constexpr size_t kMostDatagramBytes = 65'535;

  // Throws usage_error when the file cannot be such a dump: it is empty, compressed, or too large for one datagram.
  RawDumpReader(os::FileReader& file, const std::string& path);

  ReadStatus next(PacketRecord& out);  // the frame is the datagram
  const Damage& damage() const { return damage_; }

 private:
  ReadStatus damaged(std::string_view what);

  os::FileReader& file_;
  size_t pending_ = 0;
  Damage damage_;
};

}  // namespace weir
