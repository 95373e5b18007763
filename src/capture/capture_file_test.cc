// SPDX-License-Identifier: Apache-2.0
// Capture files are built here by hand, from the layouts of draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng. Files
// of real exporters (../shared, or WEIR_SHARED) are checked against tshark and against their own index.
#include "capture/capture_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/time_units.h"

namespace weir {
namespace {

using Data = std::vector<uint8_t>;

Data operator+(Data a, const Data& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Data zeros(size_t n) { return Data(n, 0); }
Data text(const std::string& s) { return {s.begin(), s.end()}; }

// Numbers in the byte order of the machine that writes the file.
struct Order {
  bool big;
  Data number(uint64_t v, size_t width) const {
    Data out(width);
    for (size_t i = 0; i < width; ++i) out[big ? width - 1 - i : i] = static_cast<uint8_t>(v >> (8 * i));
    return out;
  }
  Data u16(uint64_t v) const { return number(v, 2); }
  Data u32(uint64_t v) const { return number(v, 4); }
};
constexpr Order kLittle{false}, kBig{true};

// Raw IPv4 (link type 101): UDP from 192.0.2.1:50000 to 198.51.100.2:2055.
Data packet(const std::string& payload) {
  auto length = [](size_t n) { return kBig.u16(n); };
  return Data{0x45, 0} + length(28 + payload.size()) + Data{0, 7, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2} +
         kBig.u16(50000) + kBig.u16(2055) + length(8 + payload.size()) + Data{0, 0} + text(payload);
}

Data pcap_header(Order o, uint32_t magic, uint32_t link_type = 101) {
  return o.u32(magic) + o.u16(2) + o.u16(4) + o.u32(0) + o.u32(0) + o.u32(65535) + o.u32(link_type);
}
Data pcap_packet(Order o, uint32_t seconds, uint32_t fraction, const Data& frame, size_t extra_header = 0) {
  return o.u32(seconds) + o.u32(fraction) + o.u32(frame.size()) + o.u32(frame.size()) + zeros(extra_header) + frame;
}

Data padded(Data d) {
  while (d.size() % 4) d.push_back(0);
  return d;
}
Data block(Order o, uint32_t type, const Data& body) {
  Data whole = padded(body);
  return o.u32(type) + o.u32(12 + whole.size()) + whole + o.u32(12 + whole.size());
}
Data section(Order o) { return block(o, 0x0a0d0d0a, o.u32(0x1a2b3c4d) + o.u16(1) + o.u16(0) + o.number(~0ull, 8)); }
Data option(Order o, uint16_t code, const Data& value) { return o.u16(code) + o.u16(value.size()) + padded(value); }
Data interface(Order o, uint16_t link_type, const Data& options = {}, uint32_t snaplen = 0) {
  return block(o, 1, o.u16(link_type) + o.u16(0) + o.u32(snaplen) + options);
}
Data enhanced(Order o, uint32_t index, uint64_t ticks, const Data& frame, const Data& options = {}) {
  return block(o, 6,
               o.u32(index) + o.u32(ticks >> 32) + o.u32(ticks & 0xffffffff) + o.u32(frame.size()) +
                   o.u32(frame.size()) + padded(frame) + options);
}

std::string write_file(const Data& bytes) {
  static int n = 0;
  std::string path = testing::TempDir() + "/capture_file_test." + std::to_string(n++);
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return path;
}

struct Item {
  std::string payload;
  int64_t time_ns;
  uint64_t packet_number, file_offset;
};
struct Contents {
  std::vector<Item> items;
  CaptureCounts counts;
  std::vector<std::string> payloads() const {
    std::vector<std::string> out;
    for (const Item& i : items) out.push_back(i.payload);
    return out;
  }
};

Contents read_path(const std::string& path) {
  CaptureFile file(path);
  Contents contents;
  CapturedDatagram d;
  while (file.next(d)) {
    Bytes b = d.datagram.bytes;
    contents.items.push_back({{b.begin(), b.end()}, d.datagram.received_ns, d.packet_number, d.file_offset});
  }
  EXPECT_FALSE(file.next(d)) << "the end is the end";
  contents.counts = file.counts();
  return contents;
}
Contents read(const Data& bytes) { return read_path(write_file(bytes)); }

using Payloads = std::vector<std::string>;

TEST(Pcap, IsReadInBothByteOrdersAndResolutions) {
  for (Order o : {kLittle, kBig}) {
    Contents micro = read(pcap_header(o, 0xa1b2c3d4) + pcap_packet(o, 4'000'000'000, 999'999, packet("hello")));
    ASSERT_EQ(micro.payloads(), Payloads{"hello"});
    EXPECT_EQ(micro.items[0].time_ns, 4'000'000'000 * kSecond + 999'999'000);
    Contents nano = read(pcap_header(o, 0xa1b23c4d) + pcap_packet(o, 5, 999'999'999, packet("hello")));
    ASSERT_EQ(nano.payloads(), Payloads{"hello"});
    EXPECT_EQ(nano.items[0].time_ns, 5 * kSecond + 999'999'999);
    Contents kuznetsov =
        read(pcap_header(o, 0xa1b2cd34) + pcap_packet(o, 5, 1, packet("a"), 8) + pcap_packet(o, 5, 2, packet("b"), 8));
    EXPECT_EQ(kuznetsov.payloads(), (Payloads{"a", "b"}));
    EXPECT_FALSE(kuznetsov.counts.damaged);
  }
}

TEST(Pcap, ReportsAddressesNumbersAndOffsets) {
  Data arp = zeros(28);
  Data first = pcap_header(kLittle, 0xa1b2c3d4) + pcap_packet(kLittle, 1, 0, arp);
  CaptureFile file(write_file(first + pcap_packet(kLittle, 2, 0, packet("x"))));
  CapturedDatagram d;
  ASSERT_TRUE(file.next(d));
  EXPECT_EQ(d.datagram.exporter.to_string(), "192.0.2.1");
  EXPECT_EQ(d.datagram.exporter_port, 50000);
  EXPECT_EQ(d.destination.to_string(), "198.51.100.2");
  EXPECT_EQ(d.destination_port, 2055);
  EXPECT_EQ(d.packet_number, 2u);
  EXPECT_EQ(d.file_offset, first.size());
  EXPECT_FALSE(file.next(d));
  EXPECT_EQ(file.counts().frames, 2u);
  EXPECT_EQ(file.counts()[FrameOutcome::not_ip], 1u);
}

TEST(Pcap, IgnoresTheUpperHalfOfTheLinkType) {  // frame check sequence length
  Contents c = read(pcap_header(kLittle, 0xa1b2c3d4, 0x14000000 | 101) + pcap_packet(kLittle, 1, 0, packet("x")));
  EXPECT_EQ(c.payloads(), Payloads{"x"});
}

// Truncated at any byte: complete records are returned, and the damage is located at the incomplete record.
TEST(Pcap, TruncatedAnywhereYieldsTheCompleteRecords) {
  Data first = pcap_header(kBig, 0xa1b2c3d4) + pcap_packet(kBig, 1, 0, packet("one"));
  Data whole = first + pcap_packet(kBig, 2, 0, packet("two"));
  for (size_t size = first.size() + 1; size < whole.size(); ++size) {
    Contents c = read({whole.begin(), whole.begin() + static_cast<long>(size)});
    EXPECT_EQ(c.payloads(), Payloads{"one"}) << size;
    EXPECT_TRUE(c.counts.damaged);
    EXPECT_EQ(c.counts.damage.offset, first.size());
    EXPECT_NE(c.counts.damage.what, "");
  }
  EXPECT_FALSE(read(first).counts.damaged);
}

TEST(Pcap, StopsAtAnImpossibleLength) {
  Data first = pcap_header(kLittle, 0xa1b2c3d4) + pcap_packet(kLittle, 1, 0, packet("one"));
  Contents c = read(first + kLittle.u32(1) + kLittle.u32(1) + kLittle.u32(0xffffffff) + kLittle.u32(60) + zeros(99));
  EXPECT_EQ(c.payloads(), Payloads{"one"});
  EXPECT_TRUE(c.counts.damaged);
  EXPECT_EQ(c.counts.damage.offset, first.size());
}

TEST(Pcap, IsStreamedThroughTheBuffer) {
  Data bytes = pcap_header(kLittle, 0xa1b2c3d4);
  constexpr size_t kPackets = 300;
  for (size_t i = 0; i < kPackets; ++i)  // 10 MB: records cross every boundary of the buffer
    bytes = std::move(bytes) + pcap_packet(kLittle, 1, 0, packet(std::string(30'000 + i * 37, char('a' + i % 26))));
  Contents c = read(bytes);
  ASSERT_EQ(c.items.size(), kPackets);
  for (size_t i = 0; i < kPackets; ++i)
    ASSERT_EQ(c.items[i].payload, std::string(30'000 + i * 37, char('a' + i % 26))) << i;
}

TEST(Pcapng, ReadsSectionsOfBothByteOrdersWithTheirOwnInterfaces) {
  Data bytes;
  for (Order o : {kLittle, kBig}) {
    bytes = bytes + section(o) + interface(o, 1) + block(o, 0x0bad, text("of no known type")) + interface(o, 101) +
            enhanced(o, 0, 0, zeros(12) + Data{0x08, 0} + packet("ethernet")) +
            enhanced(o, 1, 0, packet("raw"), option(o, 1, text("a comment")) + o.u32(0));
  }
  Contents c = read(bytes);
  EXPECT_EQ(c.payloads(), (Payloads{"ethernet", "raw", "ethernet", "raw"}));
  EXPECT_FALSE(c.counts.damaged);
}

TEST(Pcapng, UsesTheInterfacesTimeResolution) {
  Order o = kBig;
  struct Case {
    Data options;
    uint64_t ticks;
    int64_t ns;
  };
  for (const Case& t : std::initializer_list<Case>{
           {{}, 1'600'000'000'123'456, 1'600'000'000'123'456'000},                                    // µs by default
           {option(o, 9, {9}), 1'600'000'000'123'456'789, 1'600'000'000'123'456'789},                 // ns
           {option(o, 9, {3}), 1'600'000'000'123, 1'600'000'000'123'000'000},                         // ms
           {option(o, 9, {12}), 1'500'999, 1'500},                                                    // ps
           {option(o, 9, {0x8a}), (uint64_t{1'600'000'000} << 10) + 512, 1'600'000'000'500'000'000},  // 2^-10 s
           {option(o, 2, text("eth0")) + option(o, 14, o.number(1'600'000'000, 8)), 5, 1'600'000'000'000'005'000},
           {option(o, 9, {9}) + o.u16(0) + o.u16(0) + option(o, 9, {0}), 7, 7},  // after the end of the options
       }) {
    Contents c = read(section(o) + interface(o, 101, t.options) + enhanced(o, 0, t.ticks, packet("x")));
    ASSERT_EQ(c.items.size(), 1u);
    EXPECT_EQ(c.items[0].time_ns, t.ns);
  }
}

TEST(Pcapng, ReadsSimpleAndObsoletePackets) {
  Order o = kLittle;
  Data frame = packet("hello");
  Data simple = block(o, 3, o.u32(frame.size()) + padded(frame));
  Data cut = block(o, 3, o.u32(frame.size()) + padded(Data(frame.begin(), frame.begin() + 30)));
  Data obsolete = block(
      o, 2,
      o.u16(0) + o.u16(3) + o.u32(0) + o.u32(5'000'000) + o.u32(frame.size()) + o.u32(frame.size()) + padded(frame));
  std::string path =
      write_file(section(o) + interface(o, 101, {}, 30) + cut + section(o) + interface(o, 101) + simple + obsolete);
  Contents c = read_path(path);
  EXPECT_EQ(c.payloads(), (Payloads{"hello", "hello"}));
  EXPECT_EQ(c.counts[FrameOutcome::truncated], 1u);
  EXPECT_EQ(c.items[0].time_ns, os::FileReader(path, 1).modified_ns()) << "a simple packet has no time: the file's own";
  EXPECT_EQ(c.items[1].time_ns, 5 * kSecond);
}

TEST(Pcapng, CountsPacketsOfUnknownInterfaces) {
  Contents c = read(section(kBig) + interface(kBig, 101) + enhanced(kBig, 1, 0, packet("x")) +
                    enhanced(kBig, 0, 0, packet("y")));
  EXPECT_EQ(c.payloads(), Payloads{"y"});
  EXPECT_EQ(c.counts[FrameOutcome::unknown_link_type], 1u);
}

TEST(Pcapng, TruncatedAnywhereYieldsTheCompleteRecords) {
  Order o = kLittle;
  Data first = section(o) + interface(o, 101, option(o, 9, {9})) + enhanced(o, 0, 1, packet("one"));
  Data whole = first + enhanced(o, 0, 2, packet("twotwo"));
  for (size_t size = first.size() + 1; size < whole.size(); ++size) {
    Contents c = read({whole.begin(), whole.begin() + static_cast<long>(size)});
    EXPECT_EQ(c.items.at(0).payload, "one");
    EXPECT_TRUE(c.counts.damaged) << size;
    EXPECT_EQ(c.counts.damage.offset, first.size());
  }
}

TEST(Pcapng, StopsAtImpossibleLengths) {
  Order o = kLittle;
  Data start = section(o) + interface(o, 101) + enhanced(o, 0, 1, packet("one"));
  for (const Data& bad : {o.u32(6) + o.u32(0) + zeros(64),            // a block of length 0
                          o.u32(6) + o.u32(33) + zeros(64),           // not a multiple of 4
                          o.u32(6) + o.u32(20) + zeros(64),           // too short for its type
                          o.u32(1) + o.u32(16) + zeros(64),           // the same, an interface
                          o.u32(0x0a0d0d0a) + o.u32(28) + zeros(64),  // a section header without its magic number
                          o.u32(6) + o.u32(36) + zeros(12) + o.u32(1000) + o.u32(1000) + zeros(64)}) {
    Contents c = read(start + bad);
    EXPECT_EQ(c.payloads(), Payloads{"one"});
    EXPECT_TRUE(c.counts.damaged);
    EXPECT_EQ(c.counts.damage.offset, start.size());
  }
}

// ---- bare datagrams

Data ipfix(size_t length, size_t stated) { return kBig.u16(10) + kBig.u16(stated) + zeros(length - 4); }
Data netflow5(size_t records, size_t stated) { return kBig.u16(5) + kBig.u16(stated) + zeros(20 + records * 48); }

std::vector<size_t> sizes(const Contents& c) {
  std::vector<size_t> out;
  for (const Item& i : c.items) out.push_back(i.payload.size());
  return out;
}
using Sizes = std::vector<size_t>;

TEST(RawDump, SplitsIpfixFilesByMessageLength) {  // RFC 5655
  Contents c = read(ipfix(16, 16) + ipfix(100, 100) + ipfix(60'000, 60'000));
  EXPECT_EQ(sizes(c), (Sizes{16, 100, 60'000}));
  EXPECT_EQ(c.items[2].packet_number, 3u);
  EXPECT_EQ(c.items[2].file_offset, 116u);
  EXPECT_TRUE(CaptureFile(write_file(ipfix(100, 100) + ipfix(16, 16))).is_ipfix_file());
  EXPECT_EQ(sizes(read(ipfix(100, 90))), (Sizes{90, 10})) << "what follows is a datagram of its own";
  EXPECT_EQ(sizes(read(ipfix(100, 1400))), (Sizes{100})) << "for the decoder to judge";
}

TEST(RawDump, TreatsOneIpfixMessageAsASavedDatagram) {
  EXPECT_FALSE(CaptureFile(write_file(ipfix(100, 100))).is_ipfix_file());
  EXPECT_FALSE(CaptureFile(write_file(ipfix(100, 1400))).is_ipfix_file());
  EXPECT_FALSE(CaptureFile(write_file(ipfix(100, 90))).is_ipfix_file());
  EXPECT_FALSE(CaptureFile(write_file(netflow5(1, 1) + netflow5(1, 1))).is_ipfix_file());
}

TEST(RawDump, ReportsWhereAnIpfixFileIsDamaged) {
  struct Case {
    Data tail;
    const char* says;
  } cases[] = {
      {ipfix(50, 51), "the file ends within an IPFIX message"},
      {kBig.u16(10) + kBig.u16(51), "the file ends within an IPFIX message"},
      {{0}, "the file ends within an IPFIX message"},
      {ipfix(50, 15), "no IPFIX message begins here"},
      {zeros(10), "no IPFIX message begins here"},
      {netflow5(1, 1), "no IPFIX message begins here"},
      {zeros(100'000), "no IPFIX message begins here"},
  };
  for (const Case& bad : cases) {
    Contents c = read(ipfix(100, 100) + ipfix(60, 60) + bad.tail);
    EXPECT_EQ(sizes(c), (Sizes{100, 60})) << bad.tail.size();
    EXPECT_TRUE(c.counts.damaged);
    EXPECT_EQ(c.counts.damage.offset, 160u);
    EXPECT_EQ(c.counts.damage.what, bad.says) << bad.tail.size();
  }
}

TEST(RawDump, SplitsFixedRecordsByTheirCount) {
  EXPECT_EQ(sizes(read(netflow5(1, 1) + netflow5(30, 30))), (Sizes{72, 24 + 30 * 48}));
  EXPECT_EQ(sizes(read(netflow5(29, 30))), (Sizes{24 + 29 * 48})) << "counts more than there is";
  EXPECT_EQ(sizes(read(netflow5(30, 29))), (Sizes{24 + 30 * 48})) << "counts fewer than there are";
}

TEST(RawDump, TreatsAnythingElseAsOneDatagram) {
  EXPECT_EQ(sizes(read(kBig.u16(9) + zeros(1000))), (Sizes{1002}));
  EXPECT_EQ(sizes(read(kBig.u32(5) + zeros(100))), (Sizes{104}));  // sFlow
  EXPECT_EQ(sizes(read({7})), (Sizes{1}));
  CapturedDatagram d;
  ASSERT_TRUE(CaptureFile(write_file({7})).next(d));
  EXPECT_TRUE(d.datagram.exporter.is_zero());
  EXPECT_EQ(d.datagram.exporter_port, 0);
  EXPECT_GT(d.datagram.received_ns, 1'600'000'000 * kSecond);
}

TEST(RawDump, RefusesWhatCannotBeExport) {
  struct Case {
    Data bytes;
    const char* says;
  };
  for (const Case& t : std::initializer_list<Case>{{{}, "is empty"},
                                                   {{0x1f, 0x8b, 8, 0, 1, 2, 3}, "gzip"},
                                                   {{0x28, 0xb5, 0x2f, 0xfd, 0, 1}, "zstd"},
                                                   {zeros(65'536), "no capture"},
                                                   {{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4}, "file header"}}) {
    std::string path = write_file(t.bytes);
    try {
      CaptureFile file(path);
      ADD_FAILURE() << t.says;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ExitCode::usage);
      EXPECT_NE(std::string(e.what()).find(path), std::string::npos) << e.what();
      EXPECT_NE(std::string(e.what()).find(t.says), std::string::npos) << e.what();
    }
  }
}

// ---- captures of real exporters

std::filesystem::path captures() {
  const char* shared = std::getenv("WEIR_SHARED");
  return std::filesystem::path(shared ? shared : "../shared") / "captures";
}

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (!pipe) return out;
  std::array<char, 65536> buffer;
  while (size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) out.append(buffer.data(), n);
  ::pclose(pipe);
  return out;
}

// All captures, in one order, merged into one file by mergecap (of Wireshark): one run of tshark instead of hundreds.
struct Joined {
  std::vector<std::string> paths;
  std::string file = testing::TempDir() + "/capture_file_test.joined.pcapng";
};
Joined join_captures() {
  Joined joined;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(captures())) {
    std::string extension = entry.path().extension();
    if (extension == ".pcap" || extension == ".pcapng") joined.paths.push_back(entry.path());
  }
  std::ranges::sort(joined.paths);
  std::string command = "mergecap -a -w '" + joined.file + "'";
  for (const std::string& path : joined.paths) command += " '" + path + "'";
  output_of(command);
  return joined;
}

// In hex, one per datagram; udp.payload is all that IP carried, even if the UDP length is less. Packets quoted in ICMP
// errors or sampled by sFlow are not datagrams of the capture, so these dissectors are off.
std::vector<std::string> payloads_by_tshark(const std::string& path) {
  std::istringstream lines(
      output_of("tshark -r '" + path +
                "' --disable-protocol icmp --disable-protocol icmpv6 --disable-protocol sflow "
                "--disable-protocol cflow -Y udp -T fields -e udp.length -e udp.payload 2>/dev/null"));
  std::vector<std::string> out;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    size_t length = 0;
    std::string payload;
    words >> length >> payload;
    out.push_back(payload.substr(0, 2 * (length - 8)));
  }
  return out;
}

void add_payloads_by_us(const std::string& path, std::vector<std::string>& out) {
  for (const Item& item : read_path(path).items) {
    std::string& hex = out.emplace_back();
    for (char c : item.payload) {
      hex += "0123456789abcdef"[static_cast<uint8_t>(c) >> 4];
      hex += "0123456789abcdef"[static_cast<uint8_t>(c) & 15];
    }
  }
}

TEST(RealCaptures, HaveTheDatagramsThatTsharkSees) {
  if (!std::filesystem::exists(captures())) GTEST_SKIP() << "no captures at " << captures();
  if (output_of("tshark --version 2>/dev/null").empty()) GTEST_SKIP() << "tshark is not installed";
  Joined joined = join_captures();
  std::vector<std::string> expected = payloads_by_tshark(joined.file);
  EXPECT_GT(expected.size(), 1'000u);
  std::vector<std::string> one_by_one, in_one;
  for (const std::string& path : joined.paths) add_payloads_by_us(path, one_by_one);
  add_payloads_by_us(joined.file, in_one);
  EXPECT_TRUE(one_by_one == expected) << one_by_one.size() << " datagrams, tshark sees " << expected.size();
  EXPECT_TRUE(in_one == expected) << in_one.size() << " datagrams, tshark sees " << expected.size();
}

// INDEX.tsv: path, bytes, kind, protocols, export packets, ...
TEST(RealCaptures, DumpsHaveAsManyDatagramsAsTheIndexSays) {
  std::ifstream index(captures() / "INDEX.tsv");
  if (!index) GTEST_SKIP() << "no captures at " << captures();
  size_t files = 0;
  for (std::string line; std::getline(index, line);) {
    std::istringstream columns(line);
    std::string path, bytes, kind, protocols, packets;
    for (std::string* column : {&path, &bytes, &kind, &protocols, &packets}) std::getline(columns, *column, '\t');
    if (!kind.starts_with("raw UDP payload") && !kind.starts_with("IPFIX file")) continue;
    EXPECT_EQ(read_path(captures() / path).items.size(), std::stoull(packets)) << path;
    ++files;
  }
  EXPECT_GT(files, 100u);
}

}  // namespace
}  // namespace weir
