// SPDX-License-Identifier: Apache-2.0
// PcapReader: reads the classic capture format of tcpdump, in either byte order, with times in µs or ns, and
// Kuznetsov's variant with a longer packet header. Layout: draft-ietf-opsawg-pcap.
#pragma once

#include "capture/packet_record.h"
#include "os/file_reader.h"

namespace weir {

class PcapReader {
 public:
  static constexpr size_t kFileHeaderBytes = 24;

  // Skips the file header, which must be complete and is_pcap().
  explicit PcapReader(os::FileReader& file);
  static bool is_pcap(Bytes start);

  ReadStatus next(PacketRecord& out);
  const Damage& damage() const { return damage_; }

 private:
  ReadStatus damaged(std::string_view what);

  os::FileReader& file_;
  bool big_endian_ = false;
  int64_t ns_per_tick_ = 1000;
  size_t header_bytes_ = 16;
  uint32_t link_type_ = 0;
  size_t pending_ = 0;  // bytes of the last record returned, still to be skipped
  Damage damage_;
};

}  // namespace weir
