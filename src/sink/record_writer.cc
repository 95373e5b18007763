// SPDX-License-Identifier: Apache-2.0
#include "sink/record_writer.h"

#include "sink/protobuf_writer.h"
#include "sink/text_writer.h"

namespace weir {

std::unique_ptr<RecordWriter> make_record_writer(RecordFormat format, const std::vector<Field>& fields) {
  switch (format) {
    case RecordFormat::json: return make_json_writer(fields);
    case RecordFormat::csv: return make_csv_writer(fields);
    case RecordFormat::protobuf: return make_protobuf_writer(fields);
  }
  WEIR_ASSERT(!"a format that has no writer");
  return nullptr;
}

static WholeRecords count_lines(std::string_view bytes) {
  WholeRecords whole;
  // No value has a line break in it, quoted or not.
  for (size_t end; (end = bytes.find('\n', whole.bytes)) != bytes.npos; ++whole.records) whole.bytes = end + 1;
  return whole;
}

static WholeRecords count_messages(std::string_view bytes) {
  WholeRecords whole;
  for (size_t at = 0; at < bytes.size();) {
    uint64_t size = 0;
    unsigned shift = 0;
    bool more = true;
    for (; more && at < bytes.size() && shift < 64; shift += 7) {
      auto byte = static_cast<uint8_t>(bytes[at++]);
      size |= uint64_t{byte & 0x7fu} << shift;
      more = byte & 0x80;
    }
    if (more || size > bytes.size() - at) break;
    at += size;
    whole.bytes = at;
    ++whole.records;
  }
  return whole;
}

WholeRecords count_whole_records(RecordFormat format, std::string_view bytes) {
  return format == RecordFormat::protobuf ? count_messages(bytes) : count_lines(bytes);
}

}  // namespace weir
