// SPDX-License-Identifier: Apache-2.0
#include "format/record_writer.h"

#include "format/protobuf_writer.h"
#include "format/text_writer.h"

namespace weir {

std::unique_ptr<RecordWriter> make_record_writer(RecordFormat format, const std::vector<Field>& fields,
                                                 const FieldTable& table) {
  switch (format) {
    case RecordFormat::json:
      return make_json_writer(fields, table);
    case RecordFormat::csv:
      return make_csv_writer(fields, table);
    case RecordFormat::protobuf:
      return make_protobuf_writer(fields, table);
  }
  WEIR_ASSERT(!"a format that has no writer");
  return nullptr;
}

static size_t first_message_size(std::string_view bytes) {
  uint64_t size = 0;
  for (size_t at = 0; at < bytes.size() && at < 10; ++at) {
    auto byte = static_cast<uint8_t>(bytes[at]);
    size |= uint64_t{byte & 0x7fu} << (7 * at);
    if (byte & 0x80) continue;
    ++at;
    return size <= bytes.size() - at ? at + size : 0;
  }
  return 0;
}

// A line break within quotes belongs to a text (RFC 4180).
static size_t first_csv_line_size(std::string_view bytes) {
  bool quoted = false;
  for (size_t at = 0; at < bytes.size(); ++at) {
    if (bytes[at] == '"') quoted = !quoted;
    if (bytes[at] == '\n' && !quoted) return at + 1;
  }
  return 0;
}

size_t first_record_size(RecordFormat format, std::string_view bytes) {
  if (format == RecordFormat::protobuf) return first_message_size(bytes);
  if (format == RecordFormat::csv) return first_csv_line_size(bytes);
  size_t end = bytes.find('\n');  // none within JSON strings, because they escape it
  return end == bytes.npos ? 0 : end + 1;
}

WholeRecords count_whole_records(RecordFormat format, std::string_view bytes) {
  WholeRecords whole;
  while (size_t size = first_record_size(format, bytes.substr(whole.bytes))) {
    whole.bytes += size;
    ++whole.records;
  }
  return whole;
}

}  // namespace weir
