// SPDX-License-Identifier: Apache-2.0
// PcapngReader: reads the capture format of Wireshark: sections of either byte order, each with interfaces that have
// their own link type and clock. Layout: draft-ietf-opsawg-pcapng. Unknown blocks are skipped.
// Memory: bounded by kMaxInterfaces per section; packets of further interfaces have no link type.
#pragma once

#include <vector>

#include "capture/packet_record.h"
#include "os/file_reader.h"

namespace weir {

class PcapngReader {
 public:
  static constexpr size_t kMaxInterfaces = 4096;

  explicit PcapngReader(os::FileReader& file) : file_(file) {}
  static bool is_pcapng(Bytes start);

  ReadStatus next(PacketRecord& out);
  const Damage& damage() const { return damage_; }

 private:
  struct Interface {
    uint32_t link_type = kNoLinkType;
    uint32_t snaplen = 0;        // 0: none
    uint8_t resolution = 6;      // if_tsresol: 10^-n s, or 2^-(n & 0x7f) s if the highest bit is set
    int64_t offset_seconds = 0;  // if_tsoffset
    int64_t to_ns(uint64_t ticks) const;
  };
  struct Block {
    uint32_t type = 0;
    uint32_t length = 0;  // of the whole block
  };
  bool read_block(Block& block);
  bool read_interface(const Block& block);
  bool read_packet(const Block& block, PacketRecord& out);
  bool read_simple_packet(const Block& block, PacketRecord& out);
  bool take_frame(const Block& block, size_t header, size_t captured, PacketRecord& out);
  bool fail(std::string_view what);
  template <class T>
  T load(const uint8_t* p) const {
    return load_ordered<T>(p, big_endian_);
  }

  os::FileReader& file_;
  bool big_endian_ = false;
  std::vector<Interface> interfaces_;
  uint64_t pending_ = 0;  // bytes of the last block read, still to be skipped
  Damage damage_;
};

}  // namespace weir
