// SPDX-License-Identifier: Apache-2.0
#include "format/record_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "base/protocol_names.h"
#include "base/text.h"
#include "format/protobuf_writer.h"
#include "format/spelling.h"
#include "format/testing/sample_flows.h"
#include "os/file.h"

namespace weir {
namespace {

template <class T>
void set(FlowBatch& batch, Run& run, Field field, std::initializer_list<T> values) {
  run.mask.set(field);
  uint32_t row = run.first_row;
  for (const T& value : values) batch.column<T>(field)[row++] = value;
}
void set_addresses(FlowBatch& batch, Run& run, Field field, std::initializer_list<const char*> values) {
  run.mask.set(field);
  uint32_t row = run.first_row;
  for (const char* value : values) batch.column<IpAddress>(field)[row++] = IpAddress::parse(value).value();
}

Run& append_ipfix_run(FlowBatch& batch, uint32_t rows, uint32_t domain, uint32_t sequence, int64_t received_ns) {
  auto& run = batch.append_run(rows);
  run.type = FlowType::ipfix;
  run.exporter = IpAddress::v4(0x7f000001);
  run.domain = domain;
  run.sequence = sequence;
  run.received_ns = received_ns;
  return run;
}

// The flows of testdata/goflow2_ipfix.*, which GoFlow2 2.2.6 wrote (-format json and bin) when it received them as
// IPFIX. Its protobuf run received them at other times than its JSON run.
void add_ipv4_flows(FlowBatch& batch, int64_t received_ns) {
  Run& run = append_ipfix_run(batch, 3, 0x1234, 41, received_ns);
  set_addresses(batch, run, Field::src_addr, {"215.155.249.206", "10.9.8.7", "10.9.8.7"});
  set_addresses(batch, run, Field::dst_addr, {"100.67.225.52", "1.2.3.4", "1.2.3.4"});
  set_addresses(batch, run, Field::next_hop, {"10.0.0.254", "10.0.0.254", "10.0.0.254"});
  set_addresses(batch, run, Field::bgp_next_hop, {"192.0.2.77", "192.0.2.77", "192.0.2.77"});
  set<uint8_t>(batch, run, Field::src_net, {16, 0, 33});
  set<uint8_t>(batch, run, Field::dst_net, {24, 32, 255});
  set<uint16_t>(batch, run, Field::etype, {0x0800, 0x0800, 0x0800});
  set<uint16_t>(batch, run, Field::src_port, {443, 443, 443});
  set<uint16_t>(batch, run, Field::dst_port, {52596, 52596, 52596});
  set<uint8_t>(batch, run, Field::proto, {6, 124, 253});
  set<uint8_t>(batch, run, Field::ip_tos, {184, 184, 184});
  set<uint16_t>(batch, run, Field::tcp_flags, {27, 27, 27});
  set<uint64_t>(batch, run, Field::bytes, {4294967296123, 4294967296123, 4294967296123});
  set<uint64_t>(batch, run, Field::packets, {77, 77, 77});
  set<uint32_t>(batch, run, Field::in_if, {17, 17, 17});
  set<uint32_t>(batch, run, Field::out_if, {4, 4, 4});
  set<uint32_t>(batch, run, Field::src_as, {38115, 38115, 38115});
  set<uint32_t>(batch, run, Field::dst_as, {4200000000, 4200000000, 4200000000});
  set<int64_t>(batch, run, Field::time_flow_start_ns, {1795249830803000000, 1795249830803000000, 1795249830803000000});
  set<int64_t>(batch, run, Field::time_flow_end_ns, {1795249833780000000, 1795249833780000000, 1795249833780000000});
  set<uint64_t>(batch, run, Field::src_mac, {0xb8ca3a6df040, 0xb8ca3a6df040, 0xb8ca3a6df040});
  set<uint64_t>(batch, run, Field::dst_mac, {0x001b21000001, 0x001b21000001, 0x001b21000001});
  set<uint16_t>(batch, run, Field::src_vlan, {514, 514, 514});
  set<uint16_t>(batch, run, Field::dst_vlan, {7, 7, 7});
  set<uint16_t>(batch, run, Field::vlan_id, {514, 514, 514});
  set<uint8_t>(batch, run, Field::ip_ttl, {63, 63, 63});
  set<uint32_t>(batch, run, Field::forwarding_status, {64, 64, 64});
  set<uint32_t>(batch, run, Field::observation_point_id, {99, 99, 99});
  set<uint8_t>(batch, run, Field::ip_flags, {2, 2, 2});
  set<uint32_t>(batch, run, Field::fragment_id, {27562, 27562, 27562});
  set<uint32_t>(batch, run, Field::fragment_offset, {185, 185, 185});
  set<uint8_t>(batch, run, Field::icmp_type, {8, 8, 8});
  set<uint8_t>(batch, run, Field::icmp_code, {3, 3, 3});
  batch.list_numbers() = {256257, 64};
  batch.list_addresses() = {IpAddress::v4(0xc6336409)};
  set<ListRef>(batch, run, Field::mpls_label, {{0, 2}, {0, 2}, {0, 2}});
  set<ListRef>(batch, run, Field::mpls_ip, {{0, 1}, {0, 1}, {0, 1}});
}
void add_ipv6_flow(FlowBatch& batch, int64_t received_ns) {
  Run& run = append_ipfix_run(batch, 1, 0x1234, 44, received_ns);
  set_addresses(batch, run, Field::src_addr, {"2001:db8:0:0:1:0:0:1"});
  set_addresses(batch, run, Field::dst_addr, {"fe80::1"});
  set_addresses(batch, run, Field::next_hop, {"2001:db8::1"});
  set<uint8_t>(batch, run, Field::src_net, {48});
  set<uint8_t>(batch, run, Field::dst_net, {128});
  set<uint16_t>(batch, run, Field::etype, {0x86dd});
  set<uint16_t>(batch, run, Field::src_port, {53});
  set<uint16_t>(batch, run, Field::dst_port, {65535});
  set<uint8_t>(batch, run, Field::proto, {58});
  set<uint32_t>(batch, run, Field::ipv6_flow_label, {703710});
  set<uint64_t>(batch, run, Field::bytes, {40});
  set<uint64_t>(batch, run, Field::packets, {1});
}
// A flow without addresses.
void add_bare_flow(FlowBatch& batch, int64_t received_ns) {
  Run& run = append_ipfix_run(batch, 1, 7, 46, received_ns);
  set<uint64_t>(batch, run, Field::bytes, {1500});
  set<uint64_t>(batch, run, Field::packets, {1});
  set<uint8_t>(batch, run, Field::proto, {255});
  set<int64_t>(batch, run, Field::time_flow_start_ns, {1795249837000000000});
  set<int64_t>(batch, run, Field::time_flow_end_ns, {1795249837000000000});
}

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}
std::vector<std::string> written_lines(RecordFormat format, const std::vector<Field>& fields, const FlowBatch& batch) {
  std::string out;
  make_record_writer(format, fields)->write(batch, out);
  std::istringstream in(out);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}
std::string to_hex(std::string_view bytes) {
  std::string text;
  for (char c : bytes) {
    text += "0123456789abcdef"[static_cast<uint8_t>(c) >> 4];
    text += "0123456789abcdef"[c & 0xf];
  }
  return text;
}

// The times of the IPv6 flow are before 1970, and GoFlow2 prints them modulo 2^64: lines are compared without them.
std::string without_times(std::string line) {
  for (const char* key : {"\"time_flow_start_ns\":", "\"time_flow_end_ns\":"}) {
    size_t begin = line.find(key) + std::strlen(key);
    line.replace(begin, line.find(',', begin) - begin, "0");
  }
  return line;
}

TEST(JsonWriter, WritesWhatGoflow2Writes) {
  auto expected = lines_of("src/format/testdata/goflow2_ipfix.jsonl");
  ASSERT_EQ(expected.size(), 6u);
  FlowBatch batch;
  add_ipv4_flows(batch, 1795254853899580285);
  add_ipv6_flow(batch, 1795254854199715645);
  add_bare_flow(batch, 1795254854803715880);
  auto lines = written_lines(RecordFormat::json, {}, batch);
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0], expected[0]);
  EXPECT_EQ(lines[1], expected[1]);
  EXPECT_EQ(lines[2], expected[2]);
  EXPECT_EQ(lines[3], without_times(expected[3]));
  EXPECT_EQ(lines[4], expected[5]);
}

// Like goflow2_ipfix.jsonl line 5, except that v4-mapped addresses are IPv4 here.
TEST(JsonWriter, DistinguishesAZeroAddressFromNoneAndShowsMappedOnesAsIpv4) {
  FlowBatch batch;
  auto& run = batch.append_run(1);
  set_addresses(batch, run, Field::src_addr, {"::ffff:192.0.2.9"});
  set_addresses(batch, run, Field::dst_addr, {"::"});
  set<uint8_t>(batch, run, Field::src_net, {33});
  auto lines = written_lines(
      RecordFormat::json, {Field::src_addr, Field::dst_addr, Field::next_hop, Field::src_net, Field::dst_net}, batch);
  EXPECT_EQ(lines.at(0),
            R"({"src_addr":"192.0.2.9","dst_addr":"::","next_hop":"","src_net":"invalid Prefix","dst_net":"::/0"})");
}

TEST(JsonWriter, OwnFieldsFollowOnlyIfNotZero) {
  FlowBatch batch;
  auto& run = batch.append_run(2);
  set<uint8_t>(batch, run, Field::direction, {1, 0});
  set<uint64_t>(batch, run, Field::reverse_bytes, {0, UINT64_MAX});
  set_addresses(batch, run, Field::post_nat_src_addr, {"203.0.113.9", "::"});
  auto lines = written_lines(RecordFormat::json, {}, batch);
  EXPECT_TRUE(
      lines.at(0).ends_with(R"("ipv6_routing_header_seg_left":0,"direction":1,"post_nat_src_addr":"203.0.113.9"})"))
      << lines[0];
  EXPECT_TRUE(lines.at(1).ends_with(R"("ipv6_routing_header_seg_left":0,"reverse_bytes":18446744073709551615})"))
      << lines[1];
}

TEST(JsonWriter, ChosenFieldsAreAllWrittenInTheOrderGiven) {
  FlowBatch batch;
  auto& run = batch.append_run(1);
  run.type = FlowType::netflow5;
  set<uint8_t>(batch, run, Field::proto, {17});
  auto lines = written_lines(RecordFormat::json, {Field::direction, Field::proto, Field::type, Field::as_path}, batch);
  EXPECT_EQ(lines.at(0), R"({"direction":0,"proto":"UDP","type":"NETFLOW_V5","as_path":[]})");
}

TEST(JsonWriter, TheRecordsSamplingRateTakesPrecedenceOverTheRuns) {
  FlowBatch batch;
  auto& first = batch.append_run(1);
  first.sampling_rate = 512;
  auto& second = batch.append_run(1);
  second.sampling_rate = 512;
  set<uint64_t>(batch, second, Field::sampling_rate, {1000});
  auto lines = written_lines(RecordFormat::json, {Field::sampling_rate}, batch);
  EXPECT_EQ(lines.at(0), R"({"sampling_rate":512})");
  EXPECT_EQ(lines.at(1), R"({"sampling_rate":1000})");
}

TEST(JsonWriter, StaleColumnContentsOutsideTheMaskAreIgnored) {
  FlowBatch batch;
  auto& stale = batch.append_run(1);
  set<uint16_t>(batch, stale, Field::src_port, {443});
  set<uint8_t>(batch, stale, Field::src_net, {24});
  batch.clear();
  auto& run = batch.append_run(1);
  set_addresses(batch, run, Field::src_addr, {"192.0.2.1"});
  auto lines = written_lines(RecordFormat::json, {Field::src_port, Field::src_net}, batch);
  EXPECT_EQ(lines.at(0), R"({"src_port":0,"src_net":"0.0.0.0/0"})");
}

TEST(JsonWriter, ListsOfEveryKind) {
  FlowBatch batch;
  auto& run = batch.append_run(2);
  batch.list_numbers() = {0, 1, 3, 64512, 4200000000};
  batch.list_addresses() = {*IpAddress::parse("2001:db8::1"), *IpAddress::parse("192.0.2.1")};
  set<ListRef>(batch, run, Field::layer_stack, {{0, 3}, {}});
  set<ListRef>(batch, run, Field::as_path, {{}, {3, 2}});
  set<ListRef>(batch, run, Field::mpls_ip, {{0, 2}, {1, 1}});
  std::vector<Field> fields{Field::layer_stack, Field::as_path, Field::mpls_ip};
  auto json = written_lines(RecordFormat::json, fields, batch);
  EXPECT_EQ(json.at(0),
            R"({"layer_stack":["Ethernet","IPv4","TCP"],"as_path":[],"mpls_ip":["2001:db8::1","192.0.2.1"]})");
  EXPECT_EQ(json.at(1), R"({"layer_stack":[],"as_path":[64512,4200000000],"mpls_ip":["192.0.2.1"]})");
  auto csv = written_lines(RecordFormat::csv, fields, batch);
  EXPECT_EQ(csv.at(0), R"("[""Ethernet"",""IPv4"",""TCP""]","[]","[""2001:db8::1"",""192.0.2.1""]")");
  EXPECT_EQ(csv.at(1), R"("[]","[64512,4200000000]","[""192.0.2.1""]")");
}

TEST(JsonWriter, EveryLineOfLongListsIsOneObject) {
  FlowBatch batch;
  auto& run = batch.append_run(40);
  run.mask.set(Field::as_path);
  run.mask.set(Field::ipv6_routing_header_addresses);
  for (uint32_t i = 0; i < limits::kListValues; ++i) {
    batch.list_numbers().push_back(UINT32_MAX);
    batch.list_addresses().push_back(*IpAddress::parse("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff"));
  }
  for (uint32_t row = 0; row < 40; ++row) {
    batch.column<ListRef>(Field::as_path)[row] = {0, limits::kListValues};
    batch.column<ListRef>(Field::ipv6_routing_header_addresses)[row] = {0, limits::kListValues};
  }
  auto lines = written_lines(RecordFormat::json, {}, batch);
  ASSERT_EQ(lines.size(), 40u);
  for (const std::string& line : lines) {
    auto object = nlohmann::json::parse(line);
    EXPECT_EQ(object.size(), kGoflow2FieldCount);
    EXPECT_EQ(object["ipv6_routing_header_addresses"].size(), limits::kListValues);
  }
  std::string messages;
  make_record_writer(RecordFormat::protobuf, {})->write(batch, messages);
  WholeRecords whole = count_whole_records(RecordFormat::protobuf, messages);
  EXPECT_EQ(whole.records, 40u);
  EXPECT_EQ(whole.bytes, messages.size());
}

// Rows: a plain text, one with everything that needs escaping or quoting, none.
void add_texts(FlowBatch& batch) {
  Run& run = batch.append_run(3);
  set<TextRef>(batch, run, Field::in_if_name,
               {batch.texts().add("ge-0/0/1"), batch.texts().add("a\"b\\c,d\r\n\te\x7f \xe2\x82\xac\xff"), TextRef{}});
  set<uint64_t>(batch, run, Field::bytes, {1, 2, 3});
}
constexpr const char* kCareful = "a\"b\\c,d\r\n\te\x7f \xe2\x82\xac\xef\xbf\xbd";

TEST(JsonWriter, TextsAreEscaped) {
  FlowBatch batch;
  add_texts(batch);
  auto lines = written_lines(RecordFormat::json, {}, batch);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_TRUE(lines[0].ends_with(",\"in_if_name\":\"ge-0/0/1\"}")) << lines[0];
  EXPECT_EQ(nlohmann::json::parse(lines[1])["in_if_name"], kCareful);
  EXPECT_FALSE(nlohmann::json::parse(lines[2]).contains("in_if_name"));
  lines = written_lines(RecordFormat::json, {Field::in_if_name, Field::out_if_name, Field::bytes}, batch);
  EXPECT_EQ(lines[0], R"({"in_if_name":"ge-0/0/1","out_if_name":"","bytes":1})");
  EXPECT_EQ(lines[2], R"({"in_if_name":"","out_if_name":"","bytes":3})");
}

// RFC 8259 §7: any character may be escaped. C1, DEL and characters that change the text direction are.
TEST(JsonWriter, TextsCannotControlATerminal) {
  FlowBatch batch;
  weir::Run& run = batch.append_run(1);
  set<TextRef>(batch, run, Field::in_if_name, {batch.texts().add("a\x1b\x7f\xc2\x9b\x32J\xe2\x80\xae é\xe2\x81\xa9")});
  auto lines = written_lines(RecordFormat::json, {Field::in_if_name}, batch);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0], R"({"in_if_name":"a\u001b\u007f\u009b2J\u202e é\u2069"})");
}

// RFC 4180 §2: fields with line breaks, double quotes and commas in double quotes, a double quote as two.
TEST(CsvWriter, TextsAreQuoted) {
  FlowBatch batch;
  add_texts(batch);
  std::string out;
  make_record_writer(RecordFormat::csv, {Field::bytes, Field::in_if_name})->write(batch, out);
  EXPECT_EQ(out,
            "1,ge-0/0/1\n"
            "2,\"a\"\"b\\c,d\r\n\te\x7f \xe2\x82\xac\xef\xbf\xbd\"\n"
            "3,\n");
  WholeRecords whole = count_whole_records(RecordFormat::csv, std::string_view(out).substr(0, out.size() - 1));
  EXPECT_EQ(whole.records, 2u);
  EXPECT_EQ(first_record_size(RecordFormat::csv, "1,\"a\n"), 0u);
}

// Number 1016, wire type 2: tag 0xc2 0x3f (1016 << 3 | 2 = 0x1fc2).
TEST(ProtobufWriter, Texts) {
  FlowBatch batch;
  add_texts(batch);
  std::string out;
  make_record_writer(RecordFormat::protobuf, {Field::in_if_name})->write(batch, out);
  EXPECT_EQ(out, std::string("\x0b\xc2\x3f\x08ge-0/0/1", 12) + "\x16\xc2\x3f\x13" + kCareful + std::string(1, '\0'));
}

// Texts longer than any other value, in every row.
TEST(RecordWriter, TheLongestTextsFit) {
  FlowBatch batch;
  weir::Run& run = batch.append_run(100);
  for (Field f : {Field::in_if_name, Field::application_name}) {
    run.mask.set(f);
    for (uint32_t row = 0; row < run.rows; ++row)
      batch.column<TextRef>(f)[row] = batch.texts().add(std::string(limits::kTextBytes, row % 2 ? '"' : '\1'));
  }
  auto lines = written_lines(RecordFormat::json, {}, batch);
  ASSERT_EQ(lines.size(), 100u);
  for (const std::string& line : lines)
    EXPECT_EQ(nlohmann::json::parse(line)["application_name"].get<std::string>().size(), limits::kTextBytes);
  for (RecordFormat format : {RecordFormat::csv, RecordFormat::protobuf}) {
    std::string out;
    make_record_writer(format, {})->write(batch, out);
    EXPECT_EQ(count_whole_records(format, out).records, 100u);
    EXPECT_EQ(count_whole_records(format, out).bytes, out.size());
  }
}

// More sets of fields than the number of plans that a writer keeps.
TEST(JsonWriter, AnyNumberOfFieldSets) {
  std::vector<Field> numbers;
  for (const FieldInfo& f : kFields)
    if (f.column == Column::u32) numbers.push_back(f.field);
  ASSERT_GE(numbers.size(), 10u);
  auto writer = make_record_writer(RecordFormat::json, {});
  for (uint32_t round = 0; round < 2; ++round) {
    for (uint32_t bits = 0; bits < 700; ++bits) {
      FlowBatch batch;
      auto& run = batch.append_run(1);
      for (uint32_t i = 0; i < 10; ++i)
        if (bits >> i & 1) set<uint32_t>(batch, run, numbers[i], {i + 1});
      std::string out;
      writer->write(batch, out);
      auto object = nlohmann::json::parse(out);
      for (uint32_t i = 0; i < 10; ++i)
        ASSERT_EQ(object[std::string(info(numbers[i]).name)], bits >> i & 1 ? i + 1 : 0) << bits;
    }
  }
}

TEST(CsvWriter, FixedHeaderAndEmptyWhereTheExporterSentNothing) {
  auto writer = make_record_writer(RecordFormat::csv, {});
  std::string header;
  writer->header(header);
  EXPECT_TRUE(header.starts_with("type,time_received_ns,sequence_num,sampling_rate,sampler_address,"));
  EXPECT_TRUE(header.ends_with("," + std::string(kFields[kFieldCount - 1].name) + "\n"));
  FlowBatch batch;
  auto& run = batch.append_run(2);
  set<uint8_t>(batch, run, Field::direction, {0, 1});
  auto lines = written_lines(RecordFormat::csv, {}, batch);
  for (const std::string& line : lines)
    EXPECT_EQ(std::count(line.begin(), line.end(), ','), std::count(header.begin(), header.end(), ','));
  const std::string own(kFieldCount - kGoflow2FieldCount - 1, ',');  // commas after the first of Weir's own
  EXPECT_TRUE(lines[0].ends_with(",\"[]\",0,0" + own)) << lines[0];
  EXPECT_TRUE(lines[1].ends_with(",\"[]\",0,1" + own)) << lines[1];
}

TEST(ProtobufWriter, WritesTheBytesThatGoflow2Writes) {
  auto expected = lines_of("src/format/testdata/goflow2_ipfix.hex");
  ASSERT_EQ(expected.size(), 6u);
  FlowBatch batch;
  add_ipv4_flows(batch, 1795254858207899638);
  std::string out;
  make_record_writer(RecordFormat::protobuf, {})->write(batch, out);
  std::string_view left = out;
  for (int i = 0; i < 3; ++i) {
    size_t size = first_record_size(RecordFormat::protobuf, left);
    EXPECT_EQ(to_hex(left.substr(0, size)), expected[i]) << i;
    left.remove_prefix(size);
  }
  EXPECT_TRUE(left.empty());
}

bool has_protoc() { return std::system("protoc --version >/dev/null 2>&1") == 0; }

// The message as decoded by protoc with this schema.
std::string decoded_by_protoc(std::string_view message, const std::string& folder, const std::string& schema) {
  std::string path = testing::TempDir() + "weir_message";
  std::ofstream(path, std::ios::binary) << message;
  std::string command = "protoc --decode=flowpb.FlowMessage -I " + folder + " " + schema + " <" + path + " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  std::string text;
  char part[4096];
  for (size_t n; (n = std::fread(part, 1, sizeof part, pipe)) > 0;) text.append(part, n);
  EXPECT_EQ(::pclose(pipe), 0) << text;
  return text;
}

// One flow with lists and own fields, without the length before it.
std::string message_for_protoc() {
  FlowBatch batch;
  auto& run = append_ipfix_run(batch, 1, 9, 1, 5);
  set<uint64_t>(batch, run, Field::bytes, {300});
  set<uint8_t>(batch, run, Field::direction, {1});
  set<uint64_t>(batch, run, Field::flow_id, {77});
  batch.list_numbers() = {0, 1, 3, 300};
  batch.list_addresses() = {IpAddress::v4(0x41424344)};
  set<ListRef>(batch, run, Field::layer_stack, {{0, 3}});
  set<ListRef>(batch, run, Field::layer_size, {{3, 1}});
  set<ListRef>(batch, run, Field::ipv6_routing_header_addresses, {{0, 1}});
  set<uint32_t>(batch, run, Field::ipv6_routing_header_seg_left, {2});
  std::string out;
  make_record_writer(RecordFormat::protobuf, {})->write(batch, out);
  return out.substr(1);
}

constexpr const char* kDecodedShared =
    "type: IPFIX\nsequence_num: 1\nbytes: 300\nsampler_address: \"\\177\\000\\000\\001\"\nobservation_domain_id: 9\n"
    "layer_stack: Ethernet\nlayer_stack: IPv4\nlayer_stack: TCP\nlayer_size: 300\n"
    "ipv6_routing_header_addresses: \"ABCD\"\nipv6_routing_header_seg_left: 2\ntime_received_ns: 5\n";

TEST(ProtobufWriter, ProtocReadsItWithOurSchema) {
  if (!has_protoc()) GTEST_SKIP() << "no protoc: the schema was not tried";
  EXPECT_EQ(decoded_by_protoc(message_for_protoc(), "docs/formats", "flow.proto"),
            std::string(kDecodedShared) + "direction: 1\nflow_id: 77\n");
}

using enum ElementType;
const FieldTable& added_fields() {
  static const FieldTable table({{"number", 9, 1, unsigned_number},
                                 {"difference", 9, 2, signed_number},
                                 {"ratio", 9, 3, float_number},
                                 {"allowed", 9, 4, boolean},
                                 {"client", 9, 5, ip_address},
                                 {"station", 9, 6, mac_address},
                                 {"host", 9, 7, string},
                                 {"seen", 9, 9, datetime, 2047}});
  return table;
}
// Three rows: with all of the added fields, with all of them 0 or empty, without them.
void add_rows_of_added_fields(FlowBatch& batch) {
  Run& run = append_ipfix_run(batch, 2, 9, 1, 5);
  auto slot = [](const char* name) { return added_fields().find(name)->field; };
  set<uint64_t>(batch, run, slot("number"), {300, 0});
  set<int64_t>(batch, run, slot("difference"), {-2, 0});
  set<double>(batch, run, slot("ratio"), {0.1, 0});
  set<uint8_t>(batch, run, slot("allowed"), {1, 0});
  set<IpAddress>(batch, run, slot("client"), {*IpAddress::parse("192.0.2.9"), IpAddress{}});
  set<uint64_t>(batch, run, slot("station"), {0x001b21aabbcc, 0});
  set<TextRef>(batch, run, slot("host"), {batch.texts().add("a,b"), TextRef{}});
  set<int64_t>(batch, run, slot("seen"), {1'700'000'000'000'000'000, 0});
  append_ipfix_run(batch, 1, 9, 1, 5);
}

TEST(JsonWriter, AddedFieldsAreLastAndOnlyIfTheExporterSentThem) {
  FlowBatch batch;
  add_rows_of_added_fields(batch);
  std::string out;
  make_record_writer(RecordFormat::json, {}, added_fields())->write(batch, out);
  auto lines = split_list(out, '\n');
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_TRUE(lines[0].ends_with(R"(,"number":300,"difference":-2,"ratio":0.1,"allowed":true,"client":"192.0.2.9",)"
                                 R"("station":"00:1b:21:aa:bb:cc","host":"a,b","seen":1700000000000000000})"))
      << lines[0];
  EXPECT_TRUE(lines[1].ends_with(R"(,"number":0,"difference":0,"ratio":0,"allowed":false,)"
                                 R"("station":"00:00:00:00:00:00","seen":0})"))
      << lines[1];
  EXPECT_EQ(nlohmann::json::parse(lines[2]).size(), kGoflow2FieldCount);
}

TEST(CsvWriter, AddedFieldsAreTheLastColumnsOrChosen) {
  FlowBatch batch;
  add_rows_of_added_fields(batch);
  auto writer = make_record_writer(RecordFormat::csv, {}, added_fields());
  std::string out;
  writer->header(out);
  EXPECT_TRUE(out.ends_with("," + std::string(kFields[kFieldCount - 1].name) +
                            ",number,difference,ratio,allowed,client,station,host,seen\n"))
      << out;
  out.clear();
  writer->write(batch, out);
  auto lines = split_list(out, '\n');
  EXPECT_TRUE(lines[0].ends_with(",300,-2,0.1,true,192.0.2.9,00:1b:21:aa:bb:cc,\"a,b\",1700000000000000000"))
      << lines[0];
  EXPECT_TRUE(lines[2].ends_with(",,,,,,,,")) << lines[2];
  out.clear();
  Field host = added_fields().find("host")->field;
  make_record_writer(RecordFormat::csv, {host, Field::bytes}, added_fields())->write(batch, out);
  EXPECT_EQ(out, "\"a,b\",0\n,0\n,0\n");
}

TEST(JsonWriter, NumbersThatJsonCannotRepresent) {
  FlowBatch batch;
  weir::Run& run = batch.append_run(3);
  Field ratio = added_fields().find("ratio")->field;
  set<double>(batch, run, ratio, {INFINITY, NAN, -1e-300});
  std::string out;
  make_record_writer(RecordFormat::json, {ratio}, added_fields())->write(batch, out);
  EXPECT_EQ(out, "{\"ratio\":null}\n{\"ratio\":null}\n{\"ratio\":-1e-300}\n");
}

TEST(ProtobufWriter, ProtocReadsAddedFields) {
  if (!has_protoc()) GTEST_SKIP() << "no protoc: the schema was not tried";
  FlowBatch batch;
  add_rows_of_added_fields(batch);
  std::string out, folder = testing::TempDir();
  make_record_writer(RecordFormat::protobuf, {}, added_fields())->write(batch, out);
  std::ofstream(folder + "/added.proto") << protobuf_schema(added_fields());
  size_t first = first_record_size(RecordFormat::protobuf, out);
  EXPECT_EQ(decoded_by_protoc(std::string_view(out).substr(1, first - 1), folder, "added.proto"),
            "type: IPFIX\nsequence_num: 1\nsampler_address: \"\\177\\000\\000\\001\"\nobservation_domain_id: 9\n"
            "time_received_ns: 5\nnumber: 300\ndifference: -2\nratio: 0.1\nallowed: true\n"
            "client: \"\\300\\000\\002\\t\"\nstation: 116528954316\nhost: \"a,b\"\nseen: 1700000000000000000\n");
}

TEST(ProtobufWriter, ProtocReadsItWithGoflow2Schema) {
  std::string folder = os::environment("HOME") + "/go/pkg/mod/github.com/netsampler/goflow2/v2@v2.2.6/pb";
  if (!has_protoc() || !os::exists(folder)) GTEST_SKIP() << "no protoc, or no GoFlow2 source in " << folder;
  EXPECT_EQ(decoded_by_protoc(message_for_protoc(), folder, "flow.proto"),
            std::string(kDecodedShared) + "1000: 1\n1013: 77\n");
}

TEST(ProtobufWriter, TheDocumentedSchemaIsThatOfTheFieldTable) {
  auto bytes = os::read_file("docs/formats/flow.proto");
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), protobuf_schema());
}

TEST(CountWholeRecords, StopsBeforeATruncatedRecord) {
  EXPECT_EQ(count_whole_records(RecordFormat::json, "{}\n{}\n{\"a").records, 2u);
  EXPECT_EQ(count_whole_records(RecordFormat::json, "{}\n{}\n{\"a").bytes, 6u);
  EXPECT_EQ(count_whole_records(RecordFormat::csv, "").records, 0u);
  FlowBatch batch;
  fill_with_router_flows(batch, 5);
  std::string out;
  make_record_writer(RecordFormat::protobuf, {})->write(batch, out);
  size_t first = first_record_size(RecordFormat::protobuf, out);
  for (size_t cut = 0; cut < first; ++cut)
    ASSERT_EQ(count_whole_records(RecordFormat::protobuf, std::string_view(out).substr(0, cut)).bytes, 0u);
  EXPECT_EQ(count_whole_records(RecordFormat::protobuf, std::string_view(out).substr(0, out.size() - 1)).records, 4u);
  EXPECT_EQ(count_whole_records(RecordFormat::protobuf, out).records, 5u);
}

TEST(Spelling, NumbersOfEveryLength) {
  std::mt19937_64 random(3);
  std::vector<uint64_t> values{0, 9, 10, 99, 100, 999, 1000, 9999, 10'000, 99'999'999, 100'000'000, UINT64_MAX};
  for (uint64_t p = 1; p < UINT64_MAX / 10; p *= 10) values.insert(values.end(), {p, p - 1, p + 1});
  for (int i = 0; i < 100'000; ++i) values.push_back(random() >> (random() % 64));
  for (uint64_t value : values) {
    char text[20];
    ASSERT_EQ(std::string(text, write_unsigned(text, value)), std::to_string(value));
    auto as_signed = static_cast<int64_t>(value);
    ASSERT_EQ(std::string(text, write_signed(text, as_signed)), std::to_string(as_signed));
  }
}

TEST(Spelling, NamesAtTheEdgesOfTheTable) {
  EXPECT_EQ(proto_name(0), "HOPOPT");
  EXPECT_EQ(proto_name(58), "IPv6-ICMP");
  EXPECT_EQ(proto_name(107), "A/N");
  EXPECT_EQ(proto_name(145), "NSH");
  EXPECT_EQ(proto_name(252), "unassigned");
  EXPECT_EQ(proto_name(254), "experimental");
  EXPECT_EQ(etype_name(0x0806), "ARP");
  EXPECT_EQ(etype_name(0x8847), "");
  EXPECT_EQ(layer_name(99), "Custom");
  EXPECT_EQ(layer_name(15), "");
  for (int proto = 0; proto < 256; ++proto)
    EXPECT_LE(proto_name(static_cast<uint8_t>(proto)).size(), kLongestProtocolName);
}

}  // namespace
}  // namespace weir
