// SPDX-License-Identifier: Apache-2.0
// A file of bare export datagrams, without a capture's headers: IPFIX files (RFC 5655) and saved payloads.
//
// An IPFIX file is one IPFIX message after the other, each as long as it says; where none begins or the last is cut,
// the file is damaged. One message alone is as well a saved datagram, and taken for that, whatever follows. Datagrams
// of a version that counts its fixed-size records (v1, v5, v7) are told apart by the count; anything else is one
// datagram.
#pragma once

#include <string>

#include "capture/packet_record.h"
#include "os/file_reader.h"

namespace weir {

class RawDumpReader {
 public:
  static constexpr size_t kMaxDatagramBytes = 65'535;

  // Throws usage_error when the file cannot be such a dump: it is empty, compressed, or too large for one datagram.
  RawDumpReader(os::FileReader& file, const std::string& path);

  ReadStatus next(PacketRecord& out);  // the frame is the datagram
  const Damage& damage() const { return damage_; }
  bool is_ipfix_file() const { return ipfix_file_; }  // of several messages

 private:
  ReadStatus damaged(std::string_view what);

  os::FileReader& file_;
  bool ipfix_file_ = false;
  size_t pending_ = 0;
  Damage damage_;
};

}  // namespace weir
