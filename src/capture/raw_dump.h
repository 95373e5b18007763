// SPDX-License-Identifier: Apache-2.0
// RawDumpReader: reads a file of bare export datagrams, without a capture's headers: IPFIX files (RFC 5655) and saved
// payloads.
//
// An IPFIX file is a sequence of IPFIX messages, each as long as its header says; if no message begins where one
// should, or the last one is incomplete, the file is damaged. A single message could also be a saved datagram and is
// treated as one, whatever follows it. Datagrams of versions that count their fixed-size records (v1, v5, v7) are
// separated by that count; anything else is one datagram.
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
