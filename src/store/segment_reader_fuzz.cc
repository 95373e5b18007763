// SPDX-License-Identifier: Apache-2.0
// Feeds SegmentReader files that may not be segments: it must not crash, loop, or use more memory than a page; and
// whatever can be read can be written, and then reads back the same.
//
// An input that begins with P is a file. Any other input describes one: zstd's checksums keep a modified file from
// reaching the decoders, so such an input contains the pages uncompressed, and they are compressed and framed to become
// a file.
//   input := flags u8, rows - 1 u16, chunk*           flags: 1 two row groups with the same chunks
//   chunk := column u8, kind u8, values u16, dictionary's values u16, dictionary, body
//            kind: 1 values as given instead of the number of rows; 2 a dictionary page; the rest: which encoding
//   dictionary, body := size u16, bytes               little-endian; bytes past the end are 0
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "parquet/footer.h"
#include "parquet/thrift_writer.h"
#include "store/segment_reader.h"

namespace weir {
namespace {

constexpr int64_t kEncodings[] = {parquet::kPlain, parquet::kRleDictionary, parquet::kRle};

struct Part {
  size_t column = 0;
  ChunkFigures figures;  // only values and offsets are used
  std::string bytes;
};

class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}
  bool at_end() const { return bytes_.empty(); }
  uint8_t byte() {
    uint8_t value = bytes_.empty() ? 0 : static_cast<uint8_t>(bytes_[0]);
    bytes_.remove_prefix(!bytes_.empty());
    return value;
  }
  uint16_t number() {
    uint8_t low = byte();
    return static_cast<uint16_t>(low | byte() << 8);
  }
  std::string_view text() {
    size_t size = number();
    std::string_view text = bytes_.substr(0, size);
    bytes_.remove_prefix(text.size());
    return text;
  }

 private:
  std::string_view bytes_;
};

void append_page(parquet::PageType type, uint32_t values, int64_t encoding, std::string_view body, std::string& out) {
  std::string packed(ZSTD_compressBound(body.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), body.data(), body.size(), 1));
  ThriftWriter thrift(out);
  thrift.field_i32(1, type);
  thrift.field_i32(2, static_cast<int32_t>(body.size()));
  thrift.field_i32(3, static_cast<int32_t>(packed.size()));
  thrift.begin_struct(type == parquet::kDataPage ? 5 : 7);
  thrift.field_i32(1, static_cast<int32_t>(values));
  thrift.field_i32(2, static_cast<int32_t>(encoding));
  if (type == parquet::kDataPage) thrift.field_i32(3, parquet::kRle), thrift.field_i32(4, parquet::kRle);
  thrift.end_struct();
  thrift.end_struct();
  out += packed;
}

Part take_part(Input& input, uint32_t rows) {
  Part part;
  part.column = input.byte() % store_columns().size();
  uint8_t kind = input.byte();
  uint32_t values = input.number(), dictionary_values = input.number();
  std::string_view dictionary = input.text(), body = input.text();
  if (kind & 2) {
    part.figures.dictionary_offset = 0;
    append_page(parquet::kDictionaryPage, dictionary_values, parquet::kPlain, dictionary, part.bytes);
  }
  part.figures.data_offset = static_cast<int64_t>(part.bytes.size());
  part.figures.values = kind & 1 ? values : rows;
  append_page(parquet::kDataPage, static_cast<uint32_t>(part.figures.values),
              kEncodings[(kind >> 2) % std::size(kEncodings)], body, part.bytes);
  return part;
}

void put_chunk(ThriftWriter& thrift, const Part& part, uint64_t offset) {
  auto at = static_cast<int64_t>(offset);
  thrift.begin_element();
  thrift.begin_struct(3);
  thrift.field_i64(5, part.figures.values);
  thrift.field_i64(7, static_cast<int64_t>(part.bytes.size()));
  thrift.field_i64(9, at + part.figures.data_offset);
  if (part.figures.dictionary_offset >= 0) thrift.field_i64(11, at);
  thrift.end_struct();
  thrift.end_struct();
}

// A segment with only those parts of a footer that SegmentReader reads.
std::string make_file(const std::vector<Part>& parts, uint32_t rows, size_t groups) {
  std::string file = "PAR1", footer;
  std::vector<uint64_t> offsets;
  ThriftWriter thrift(footer);
  thrift.begin_struct_list(2, parts.size());
  for (const Part& part : parts) {
    offsets.push_back(file.size());
    file += part.bytes;
    thrift.begin_element();
    thrift.field_string(4, store_columns()[part.column].name);
    thrift.field_i32(9, store_columns()[part.column].id);
    thrift.end_struct();
  }
  thrift.begin_struct_list(4, groups);
  for (size_t group = 0; group < groups; ++group) {
    thrift.begin_element();
    thrift.begin_struct_list(1, parts.size());
    for (size_t i = 0; i < parts.size(); ++i) put_chunk(thrift, parts[i], offsets[i]);
    thrift.field_i64(3, rows);
    thrift.end_struct();
  }
  // Without the checksum it would be a segment of an earlier version, and in those a page that contains the checksum's
  // key is reported as damage.
  thrift.begin_struct_list(5, 1);
  thrift.begin_element();
  thrift.field_string(1, kFooterChecksumKey);
  thrift.field_string(2, kFooterChecksumPlace);
  thrift.end_struct();
  thrift.end_struct();
  set_footer_checksum(footer);
  auto size = static_cast<uint32_t>(footer.size());
  return file + footer + std::string(reinterpret_cast<const char*>(&size), 4) + "PAR1";
}

std::string described_file(std::string_view bytes) {
  Input input(bytes);
  size_t groups = 1 + (input.byte() & 1);
  uint32_t rows = input.number() + 1u;
  std::vector<Part> parts;
  while (!input.at_end() && parts.size() < 2 * store_columns().size()) parts.push_back(take_part(input, rows));
  return make_file(parts, rows, groups);
}

std::vector<ColumnBuffer> empty_columns() { return {store_columns().begin(), store_columns().end()}; }

// Checks the invariants that other code relies on in a column that was read.
void check(const ColumnBuffer& column, uint32_t rows) {
  WEIR_ASSERT(column.rows <= rows);
  uint64_t covered = 0, values = 0;
  for (const PresenceRun& run : column.presence) covered += run.rows, values += run.present ? run.rows : 0;
  WEIR_ASSERT(covered == column.rows && values == column.values);
  size_t elements =
      column.is_list() ? std::accumulate(column.list_sizes.begin(), column.list_sizes.end(), size_t{0}) : column.values;
  WEIR_ASSERT(!column.is_list() || column.list_sizes.size() == column.values);
  WEIR_ASSERT(column.with_width([&]<class T>(T) { return column.numbers<T>().size(); }) == elements);
  if (!column.is_text()) return;
  size_t texts = column.is_strings() ? column.strings.size() : column.dictionary.keys().size();
  for (uint32_t index : column.words) WEIR_ASSERT(index < texts);
}

bool same(const ColumnBuffer& a, const ColumnBuffer& b) {
  auto same_run = [](const PresenceRun& x, const PresenceRun& y) { return x.rows == y.rows && x.present == y.present; };
  if (!std::ranges::equal(a.presence, b.presence, same_run) || a.list_sizes != b.list_sizes) return false;
  if (!a.is_text()) return a.with_width([&]<class T>(T) { return a.numbers<T>() == b.numbers<T>(); });
  auto text = [](const ColumnBuffer& column, uint32_t index) {
    if (column.is_strings()) return std::string(column.strings.text(index));
    char out[kLongestText];
    char* end = write_text(out, info_of(*column.column).spelling, column.dictionary.keys()[index]);
    return std::string(out, end);
  };
  auto same_text = [&](uint32_t x, uint32_t y) { return text(a, x) == text(b, y); };
  return std::ranges::equal(a.words, b.words, same_text);
}

bool open(SegmentReader& reader, std::string_view bytes) {
  os::File file(::memfd_create("segment", MFD_CLOEXEC));
  WEIR_ASSERT(os::write_all(file.fd(), bytes.data(), bytes.size()) == 0);
  return reader.open(std::move(file));
}

void write_and_read_again(std::vector<ColumnBuffer>& columns, uint32_t rows) {
  std::vector<Part> parts;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].is_empty()) continue;
    static ChunkEncoder encoder;
    Part& part = parts.emplace_back();
    part.column = i;
    columns[i].scan();
    part.figures = encoder.encode(columns[i], rows, part.bytes);
  }
  SegmentReader reader;
  std::vector<ColumnBuffer> again = empty_columns();
  WEIR_ASSERT(open(reader, make_file(parts, rows, 1)) && reader.read(0, again, 0));
  for (const Part& part : parts) {
    again[part.column].null_until(rows);
    WEIR_ASSERT(same(columns[part.column], again[part.column]));
  }
}

void read_file(std::string_view bytes) {
  SegmentReader reader;
  if (!open(reader, bytes)) return;
  std::vector<ColumnBuffer> columns = empty_columns();
  uint32_t rows = 0;
  for (size_t group = 0; group < reader.row_groups() && rows + reader.rows(group) <= kRowGroupRows; ++group) {
    WholeChunk chunk;
    for (size_t i = 0; i < reader.chunks(group); ++i) reader.read_whole(group, i, chunk);
    if (!reader.read(group, columns, rows)) return;
    rows += reader.rows(group);
    for (const ColumnBuffer& column : columns) check(column, rows);
  }
  if (rows) write_and_read_again(columns, rows);
}

}  // namespace
}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  weir::read_file(bytes.starts_with('P') ? std::string(bytes) : weir::described_file(bytes));
  return 0;
}
