// SPDX-License-Identifier: Apache-2.0
#include "capture/raw_dump.h"

#include "base/error.h"

namespace weir {

namespace {

constexpr uint16_t kIpfixVersion = 10;
constexpr size_t kIpfixHeader = 16;
constexpr size_t kLookAhead = RawDumpReader::kMaxDatagramBytes + 2;  // plus the version of the next one

uint16_t version_of(Bytes b) { return b.size() < 2 ? 0 : load_be16(b.data()); }

// The datagram length given by the header at the start of `rest`; 0 if it gives none.
size_t stated_length(Bytes rest) {
  if (rest.size() < 16) return 0;
  size_t count = load_be16(&rest[2]);  // v1, v5, v7: records; IPFIX: bytes
  switch (version_of(rest)) {
    case 1:
      return 16 + 48 * count;
    case 5:
      return 24 + 48 * count;
    case 7:
      return 24 + 52 * count;
    case 10:
      return count < 16 ? 0 : count;
    default:
      return 0;
  }
}

// The length in bytes of the first datagram in `rest`; 0: all of it. A record count is trusted only if another datagram
// of the same version follows, because some exporters count wrongly.
size_t datagram_length(Bytes rest) {
  size_t length = stated_length(rest);
  if (length == 0 || length >= rest.size() || length > RawDumpReader::kMaxDatagramBytes) return 0;
  if (version_of(rest) == kIpfixVersion || version_of(rest.subspan(length)) == version_of(rest)) return length;
  return 0;
}

std::string_view known_other_format(Bytes start) {
  if (start.size() < 4) return "";
  if (start[0] == 0x1f && start[1] == 0x8b) return "gzip";
  if (start[0] == 'B' && start[1] == 'Z' && start[2] == 'h') return "bzip2";
  if (load_be32(start.data()) == 0x28b52ffd) return "zstd";
  if (load_be32(start.data()) == 0xfd377a58) return "xz";
  return "";
}

// What is wrong with the IPFIX message that should begin here; "" if it is complete.
std::string_view damage_of_message(Bytes rest) {
  bool begins = rest.size() < 2 || version_of(rest) == kIpfixVersion;
  if (!begins || (rest.size() >= kIpfixHeader && stated_length(rest) == 0)) return "no IPFIX message begins here";
  bool whole = rest.size() >= kIpfixHeader && stated_length(rest) <= rest.size();
  return whole ? "" : "the file ends within an IPFIX message";
}

}  // namespace

RawDumpReader::RawDumpReader(os::FileReader& file, const std::string& path) : file_(file) {
  Bytes start = file.peek(kLookAhead);
  if (start.empty()) throw usage_error(path + " is empty");
  if (std::string_view format = known_other_format(start); !format.empty())
    throw usage_error(path + " is compressed (" + std::string(format) + "): decompress it first");
  if (start.size() > kMaxDatagramBytes && datagram_length(start) == 0)
    throw usage_error(path +
                      " is no capture (pcap, pcapng) and no sequence of export datagrams, and too large for one");
  size_t first = datagram_length(start);
  ipfix_file_ = version_of(start) == kIpfixVersion && first != 0 && version_of(start.subspan(first)) == kIpfixVersion;
}

ReadStatus RawDumpReader::damaged(std::string_view what) {
  damage_ = {file_.offset(), what};
  return ReadStatus::damaged;
}

ReadStatus RawDumpReader::next(PacketRecord& out) {
  file_.skip(pending_);
  pending_ = 0;
  Bytes rest = file_.peek(kLookAhead);
  if (rest.empty()) return ReadStatus::end;
  if (std::string_view what = ipfix_file_ ? damage_of_message(rest) : ""; !what.empty()) return damaged(what);
  size_t length = datagram_length(rest);
  if (length == 0) {
    if (rest.size() > kMaxDatagramBytes) return damaged("no export datagram begins here");
    length = rest.size();
  }
  pending_ = length;
  out = {rest.first(length), kNoLinkType, static_cast<uint32_t>(length), 0, file_.offset()};
  return ReadStatus::packet;
}

}  // namespace weir
