// SPDX-License-Identifier: Apache-2.0
#include "gen/csv_records.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "base/error.h"

namespace weir {
namespace {

constexpr int64_t kLongestSpanMs = 48ll * 86'400 * 1'000;  // the uptime of v5 and v9 wraps after 49.7 days

struct Element {
  uint16_t id, id_v6;
  uint16_t length, length_v6;
};

// The information element of a column. Times in v9: FIRST_SWITCHED and LAST_SWITCHED; in IPFIX milliseconds.
Element element(CsvColumn column, bool ipfix) {
  using enum CsvColumn;
  switch (column) {
    case start_ms:
      return ipfix ? Element{152, 152, 8, 8} : Element{22, 22, 4, 4};
    case end_ms:
      return ipfix ? Element{153, 153, 8, 8} : Element{21, 21, 4, 4};
    case src_addr:
      return {8, 27, 4, 16};
    case dst_addr:
      return {12, 28, 4, 16};
    case src_port:
      return {7, 7, 2, 2};
    case dst_port:
      return {11, 11, 2, 2};
    case proto:
      return {4, 4, 1, 1};
    case tcp_flags:
      return {6, 6, 1, 1};
    case packets:
      return {2, 2, 8, 8};
    case bytes:
      return {1, 1, 8, 8};
    case src_as:
      return {16, 16, 4, 4};
    case dst_as:
      return {17, 17, 4, 4};
    case in_if:
      return {10, 10, 4, 4};
    case out_if:
      return {14, 14, 4, 4};
    case tos:
      break;
  }
  return {5, 5, 1, 1};
}

bool is_time(CsvColumn column) { return column == CsvColumn::start_ms || column == CsvColumn::end_ms; }

}  // namespace

CsvRecords::CsvRecords(const std::string& path, Protocol protocol, bool repeat)
    : file_(path), protocol_(protocol), repeat_(repeat) {
  survey(path);
  file_.rewind();
  advance();
}

void CsvRecords::survey(const std::string& path) {
  bool v4 = false, v6 = false, any = false;
  CsvFlow flow;
  while (file_.next(&flow)) {
    any = true;
    if (!fits(flow)) continue;
    (flow.v6 ? v6 : v4) = true;
    note_times(flow);
  }
  if (!any) throw usage_error(path + " has no flows");
  if (!v4 && !v6) throw usage_error(path + ": none of its flows fits NetFlow v5; use --protocol v9 or ipfix");
  if (oldest_ms_ > newest_ms_) oldest_ms_ = newest_ms_ = 0;
  if (protocol_ != Protocol::ipfix && span_ms() > kLongestSpanMs)
    throw usage_error(
        path + ": its flows span " + std::to_string(span_ms() / 86'400'000) +
        " days, and the uptime that NetFlow v5 and v9 tell times by wraps after 49; use --protocol ipfix");
  if (protocol_ != Protocol::netflow5) make_templates(v4, v6);
}

void CsvRecords::note_times(const CsvFlow& flow) {
  for (CsvColumn column : file_.columns()) {
    if (!is_time(column)) continue;
    oldest_ms_ = std::min(oldest_ms_, static_cast<int64_t>(flow[column]));
    newest_ms_ = std::max(newest_ms_, static_cast<int64_t>(flow[column]));
  }
}

void CsvRecords::make_templates(bool v4, bool v6) {
  for (CsvColumn column : file_.columns()) {
    Element e = element(column, protocol_ == Protocol::ipfix);
    fields_v4_.push_back({e.id, e.length});
    fields_v6_.push_back({e.id_v6, e.length_v6});
  }
  if (v4) templates_.push_back({kV4Template, {}, fields_v4_});
  if (v6) templates_.push_back({kV6Template, {}, fields_v6_});
  record_bytes_v4_ = TemplateLayout{kV4Template, {}, fields_v4_}.record_bytes();
  record_bytes_v6_ = TemplateLayout{kV6Template, {}, fields_v6_}.record_bytes();
}

bool CsvRecords::fits(const CsvFlow& flow) const {
  using enum CsvColumn;
  if (protocol_ != Protocol::netflow5) return true;
  return !flow.v6 && flow[packets] <= UINT32_MAX && flow[bytes] <= UINT32_MAX && flow[in_if] <= UINT16_MAX &&
         flow[out_if] <= UINT16_MAX;
}

// The survey of the file has found a flow that fits, so this ends.
void CsvRecords::advance() {
  for (;;) {
    has_flow_ = file_.next(&flow_);
    if (has_flow_ && fits(flow_)) return;
    if (has_flow_) {
      ++skipped_;
    } else if (repeat_) {
      file_.rewind();
      new_pass_ = true;
    } else {
      return;
    }
  }
}

// To the whole second: no flow may end after the export time in a v9 header, which is in seconds.
void CsvRecords::shift_times(const ExporterClock& clock) {
  if (!new_pass_) return;
  new_pass_ = false;
  shift_ms_ = clock.now_ns / 1'000'000'000 * 1'000 - newest_ms_;
}

// v5 and v9: uptime at that time; computed back from the header's, so that the receiver gets the same instant.
uint64_t CsvRecords::time_on_wire(uint64_t time_ms, const ExporterClock& clock) const {
  int64_t time = static_cast<int64_t>(time_ms) + shift_ms_;
  if (protocol_ == Protocol::ipfix) return static_cast<uint64_t>(time);
  int64_t age = clock.now_ns / 1'000'000 - time;
  return clock.uptime_ms() - static_cast<uint32_t>(age);
}

uint8_t* CsvRecords::put(uint8_t* at, CsvColumn column, size_t length, const ExporterClock& clock) const {
  if (column == CsvColumn::src_addr || column == CsvColumn::dst_addr) {
    const IpAddress& address = column == CsvColumn::src_addr ? flow_.src : flow_.dst;
    std::memcpy(at, address.bytes.data() + (16 - length), length);
    return at + length;
  }
  uint64_t value = is_time(column) ? time_on_wire(flow_[column], clock) : flow_[column];
  for (size_t i = length; i-- > 0; value >>= 8) at[i] = static_cast<uint8_t>(value);
  return at + length;
}

void CsvRecords::add(DatagramWriter& writer, size_t limit, const ExporterClock& clock, Content* content) {
  uint16_t open_set = 0;
  for (; content->records < limit && has_flow_; advance()) {
    shift_times(clock);
    uint16_t wanted_set = flow_.v6 ? kV6Template : kV4Template;
    size_t record_bytes = flow_.v6 ? record_bytes_v6_ : record_bytes_v4_;
    if (wanted_set != open_set && writer.space_for_records(record_bytes) == 0) return;
    if (wanted_set != open_set) writer.begin_data_set(wanted_set);
    open_set = wanted_set;
    uint8_t* at = writer.add_record(record_bytes);
    if (at == nullptr) return;
    const std::vector<TemplateField>& fields = flow_.v6 ? fields_v6_ : fields_v4_;
    for (size_t i = 0; i < fields.size(); ++i) at = put(at, file_.columns()[i], fields[i].length, clock);
    ++content->records;
    content->bytes += flow_[CsvColumn::bytes];
    content->packets += flow_[CsvColumn::packets];
  }
}

bool CsvRecords::next(const ExporterClock& clock, NetFlow5Record* record) {
  using enum CsvColumn;
  if (!has_flow_) return false;
  shift_times(clock);
  *record = {};
  record->src_addr = flow_.src.v4_host_order();
  record->dst_addr = flow_.dst.v4_host_order();
  record->in_if = static_cast<uint16_t>(flow_[in_if]);
  record->out_if = static_cast<uint16_t>(flow_[out_if]);
  record->packets = static_cast<uint32_t>(flow_[packets]);
  record->bytes = static_cast<uint32_t>(flow_[bytes]);
  if (file_.has(start_ms)) record->first_uptime_ms = static_cast<uint32_t>(time_on_wire(flow_[start_ms], clock));
  if (file_.has(end_ms)) record->last_uptime_ms = static_cast<uint32_t>(time_on_wire(flow_[end_ms], clock));
  record->src_port = static_cast<uint16_t>(flow_[src_port]);
  record->dst_port = static_cast<uint16_t>(flow_[dst_port]);
  record->tcp_flags = static_cast<uint8_t>(flow_[tcp_flags]);
  record->proto = static_cast<uint8_t>(flow_[proto]);
  record->tos = static_cast<uint8_t>(flow_[tos]);
  record->src_as = two_octet_as(static_cast<uint32_t>(flow_[src_as]));
  record->dst_as = two_octet_as(static_cast<uint32_t>(flow_[dst_as]));
  advance();
  return true;
}

}  // namespace weir
