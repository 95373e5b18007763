// SPDX-License-Identifier: Apache-2.0
#include "capture/capture_file.h"

#include "base/error.h"

namespace weir {

CaptureFile::CaptureFile(const std::string& path)
    : file_(path, kRecordLookAhead), file_time_ns_(file_.modified_ns()), reader_(open(file_, path)) {}

CaptureFile::Reader CaptureFile::open(os::FileReader& file, const std::string& path) {
  Bytes start = file.peek(PcapReader::kFileHeaderBytes);
  if (PcapReader::is_pcap(start)) {
    if (start.size() < PcapReader::kFileHeaderBytes) throw usage_error(path + " ends within its pcap file header");
    return PcapReader(file);
  }
  if (PcapngReader::is_pcapng(start)) return PcapngReader(file);
  return RawDumpReader(file, path);
}

bool CaptureFile::next(CapturedDatagram& out) {
  while (!finished_) {
    PacketRecord record;
    ReadStatus status = std::visit([&](auto& reader) { return reader.next(record); }, reader_);
    if (status != ReadStatus::packet) {
      finish(status);
      break;
    }
    ++counts_.frames;
    if (record.time_ns == 0) record.time_ns = file_time_ns_;
    FrameOutcome outcome = unpack(record, out);
    ++counts_.outcomes[static_cast<size_t>(outcome)];
    if (outcome == FrameOutcome::datagram) return true;
  }
  return false;
}

FrameOutcome CaptureFile::unpack(const PacketRecord& record, CapturedDatagram& out) {
  out.packet_number = counts_.frames;
  out.file_offset = record.file_offset;
  if (!is_capture()) {
    out.datagram = {record.frame, {}, 0, record.time_ns};
    out.destination = {};
    out.destination_port = 0;
    return FrameOutcome::datagram;
  }
  UdpPayload udp;
  FrameOutcome outcome = link_layer_.decode(record.link_type, record.frame, record.length_on_wire, record.time_ns, udp);
  out.datagram = {udp.bytes, udp.source, udp.source_port, record.time_ns};
  out.destination = udp.destination;
  out.destination_port = udp.destination_port;
  return outcome;
}

void CaptureFile::finish(ReadStatus status) {
  finished_ = true;
  counts_.incomplete_datagrams = link_layer_.incomplete_datagrams();
  if (status != ReadStatus::damaged) return;
  counts_.damaged = true;
  counts_.damage = std::visit([](const auto& reader) { return reader.damage(); }, reader_);
}

}  // namespace weir
