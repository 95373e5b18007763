// SPDX-License-Identifier: Apache-2.0
// CaptureFile: reads the UDP datagrams of a file, in order: a capture (pcap, pcapng) or bare export datagrams,
// distinguished by content.
//
// Streaming: memory is one read buffer (1.3 MiB), up to 4 MiB of fragments, and a capture's interfaces; a pipe works
// too. One thread. The file may contain anything: frames without a complete UDP datagram are counted under a reason,
// and a damaged file yields what comes before the damage.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>

#include "base/ip_address.h"
#include "capture/link_layer.h"
#include "capture/packet_record.h"
#include "capture/pcap.h"
#include "capture/pcapng.h"
#include "capture/raw_dump.h"
#include "os/file_reader.h"
#include "wire/datagram.h"

namespace weir {

struct CapturedDatagram {
  Datagram datagram;  // received_ns: time in the capture; the file's time if it has none (bare datagrams)
  IpAddress destination;
  uint16_t destination_port = 0;
  uint64_t packet_number = 0;  // from 1, of all frames in the file (fragmented datagram: the one that completed it)
  uint64_t file_offset = 0;    // of the packet record
};

struct CaptureCounts {
  uint64_t frames = 0;  // the sum of the outcomes
  std::array<uint64_t, kFrameOutcomeCount> outcomes{};
  uint64_t incomplete_datagrams = 0;  // fragmented, with a part missing from the file
  bool damaged = false;
  Damage damage;  // where, and what is wrong; the rest of the file was not read

  uint64_t operator[](FrameOutcome outcome) const { return outcomes[static_cast<size_t>(outcome)]; }
  uint64_t datagrams() const { return (*this)[FrameOutcome::datagram]; }
};

class CaptureFile {
 public:
  // Throws usage_error, naming the path and what is wrong with it.
  explicit CaptureFile(const std::string& path);
  CaptureFile(const CaptureFile&) = delete;
  CaptureFile& operator=(const CaptureFile&) = delete;

  // False at the end of the file, or at damage. The bytes are valid until the next call.
  bool next(CapturedDatagram& out);
  const CaptureCounts& counts() const { return counts_; }
  bool is_capture() const { return !std::holds_alternative<RawDumpReader>(reader_); }  // frames, not bare datagrams
  // True for several IPFIX messages: one session whose templates expire with the file (RFC 5655).
  bool is_ipfix_file() const {
    const auto* dump = std::get_if<RawDumpReader>(&reader_);
    return dump && dump->is_ipfix_file();
  }

 private:
  using Reader = std::variant<PcapReader, PcapngReader, RawDumpReader>;
  static Reader open(os::FileReader& file, const std::string& path);
  FrameOutcome unpack(const PacketRecord& record, CapturedDatagram& out);
  void finish(ReadStatus status);

  os::FileReader file_;
  int64_t file_time_ns_;
  Reader reader_;
  LinkLayer link_layer_;
  CaptureCounts counts_;
  bool finished_ = false;
};

}  // namespace weir
