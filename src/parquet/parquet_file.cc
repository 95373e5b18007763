// SPDX-License-Identifier: Apache-2.0
#include "parquet/parquet_file.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "os/folder.h"
#include "parquet/footer.h"
#include "parquet/thrift_writer.h"

namespace weir {
namespace {

constexpr std::string_view kMagic = "PAR1";
enum Repetition : int32_t { kRequired = 0, kOptional = 1, kRepeated = 2 };
enum Converted : int32_t { kNone = -1, kUtf8 = 0, kList = 3, kUint8 = 11, kUint16 = 12, kUint32 = 13, kUint64 = 14 };
enum Logical : int { kLogicalString = 1, kLogicalList = 3, kLogicalTimestamp = 8, kLogicalInteger = 10 };

parquet::Type physical(StoreType type) {
  switch (type) {
    case StoreType::u64:
    case StoreType::i64:
    case StoreType::timestamp_ms:
      return parquet::kInt64;
    case StoreType::f64:
      return parquet::kDouble;
    case StoreType::text:
    case StoreType::list_text:
      return parquet::kByteArray;
    default:
      return parquet::kInt32;
  }
}

Converted converted(StoreType type) {
  switch (type) {
    case StoreType::u8:
      return kUint8;
    case StoreType::u16:
      return kUint16;
    case StoreType::u32:
    case StoreType::list_u32:
      return kUint32;
    case StoreType::u64:
      return kUint64;
    case StoreType::text:
    case StoreType::list_text:
      return kUtf8;
    default:
      return kNone;  // for a timestamp it would mean "adjusted to UTC"
  }
}

void put_unsigned(ThriftWriter& thrift, int8_t bits) {
  thrift.begin_struct(kLogicalInteger);
  thrift.field_i8(1, bits);
  thrift.field_bool(2, false);
  thrift.end_struct();
}

// Not adjusted to UTC: the type that SQL calls TIMESTAMP.
void put_timestamp(ThriftWriter& thrift) {
  thrift.begin_struct(kLogicalTimestamp);
  thrift.field_bool(1, false);
  thrift.begin_struct(2);
  thrift.empty_struct(1);  // milliseconds
  thrift.end_struct();
  thrift.end_struct();
}

void put_logical(ThriftWriter& thrift, StoreType type) {
  switch (converted(type)) {
    case kUint8:
      return put_unsigned(thrift, 8);
    case kUint16:
      return put_unsigned(thrift, 16);
    case kUint32:
      return put_unsigned(thrift, 32);
    case kUint64:
      return put_unsigned(thrift, 64);
    case kUtf8:
      return thrift.empty_struct(kLogicalString);
    default:
      return put_timestamp(thrift);
  }
}

// A SchemaElement that has values. `id` 0: none.
void put_leaf(ThriftWriter& thrift, std::string_view name, StoreType type, Repetition repetition, int32_t id) {
  thrift.begin_element();
  thrift.field_i32(1, physical(type));
  thrift.field_i32(3, repetition);
  thrift.field_string(4, name);
  if (converted(type) != kNone) thrift.field_i32(6, converted(type));
  if (id) thrift.field_i32(9, id);
  if (type != StoreType::i32 && type != StoreType::i64 && type != StoreType::f64) {
    thrift.begin_struct(10);
    put_logical(thrift, type);
    thrift.end_struct();
  }
  thrift.end_struct();
}

bool is_list(StoreType type) { return type == StoreType::list_u32 || type == StoreType::list_text; }

// optional group NAME (LIST) { repeated group list { required element } }
void put_list(ThriftWriter& thrift, const StoreColumn& column) {
  thrift.begin_element();
  thrift.field_i32(3, kOptional);
  thrift.field_string(4, column.name);
  thrift.field_i32(5, 1);
  thrift.field_i32(6, kList);
  thrift.field_i32(9, column.id);
  thrift.begin_struct(10);
  thrift.empty_struct(kLogicalList);
  thrift.end_struct();
  thrift.end_struct();
  thrift.begin_element();
  thrift.field_i32(3, kRepeated);
  thrift.field_string(4, "list");
  thrift.field_i32(5, 1);
  thrift.end_struct();
  put_leaf(thrift, "element", column.type, kRequired, 0);
}

void put_schema(ThriftWriter& thrift, std::string_view name, std::span<const StoreColumn> all,
                const std::set<size_t>& columns) {
  size_t elements = 1;
  for (size_t column : columns) elements += is_list(all[column].type) ? 3 : 1;
  thrift.begin_struct_list(2, elements);
  thrift.begin_element();
  thrift.field_string(4, name);
  thrift.field_i32(5, static_cast<int32_t>(columns.size()));
  thrift.end_struct();
  for (size_t at : columns) {
    const StoreColumn& column = all[at];
    if (is_list(column.type))
      put_list(thrift, column);
    else
      put_leaf(thrift, column.name, column.type, kOptional, column.id);
  }
}

void put_statistics(ThriftWriter& thrift, const ChunkFigures& figures) {
  thrift.begin_struct(12);
  thrift.field_i64(3, figures.nulls);
  if (!figures.min.empty()) {
    thrift.field_string(5, figures.max);
    thrift.field_string(6, figures.min);
    thrift.field_bool(7, true);  // both are values that occur, so they can answer max() and min()
    thrift.field_bool(8, true);
  }
  thrift.end_struct();
}

// A ColumnChunk with its ColumnMetaData.
void put_chunk(ThriftWriter& thrift, const StoreColumn& column, uint64_t offset, const ChunkFigures& figures) {
  auto at = static_cast<int64_t>(offset);
  thrift.begin_element();
  thrift.field_i64(2, 0);  // the offset of a second copy of the metadata: there is none
  thrift.begin_struct(3);
  thrift.field_i32(1, physical(column.type));
  bool dictionary = figures.dictionary_offset >= 0;  // the dictionary page itself is plain
  thrift.begin_i32_list(2, dictionary ? 3 : 2);
  thrift.i32(parquet::kRle);  // of the levels
  thrift.i32(figures.encoding);
  if (dictionary) thrift.i32(parquet::kPlain);
  thrift.begin_string_list(3, is_list(column.type) ? 3 : 1);
  thrift.string(column.name);
  if (is_list(column.type)) thrift.string("list"), thrift.string("element");
  thrift.field_i32(4, parquet::kZstd);
  thrift.field_i64(5, figures.values);
  thrift.field_i64(6, figures.uncompressed);
  thrift.field_i64(7, figures.compressed);
  thrift.field_i64(9, at + figures.data_offset);
  if (figures.dictionary_offset >= 0) thrift.field_i64(11, at + figures.dictionary_offset);
  put_statistics(thrift, figures);
  thrift.end_struct();
  thrift.end_struct();
}

}  // namespace

int ParquetFile::write(std::string_view bytes) {
  if (!error_) error_ = os::write_all(file_.fd(), bytes.data(), bytes.size());
  written_ += bytes.size();
  return error_;
}

int ParquetFile::create() {
  if (file_.is_open() || error_) return error_;
  file_ = os::create_data_file(path_, error_);
  return write(kMagic);
}

int ParquetFile::begin_row_group(uint32_t rows) {
  groups_.push_back({rows, {}});
  return create();
}

int ParquetFile::copy_chunk(size_t column, const ChunkFigures& figures, std::string_view bytes) {
  groups_.back().chunks.push_back({column, written_, figures});
  return write(bytes);
}

int ParquetFile::add_row_group(std::vector<ColumnBuffer>& columns, uint32_t rows) {
  if (begin_row_group(rows)) return error_;
  RowGroup& group = groups_.back();
  buffer_.clear();
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].is_empty()) continue;
    uint64_t offset = written_ + buffer_.size();
    group.chunks.push_back({i, offset, encoder_.encode(columns[i], rows, buffer_)});
  }
  return write(buffer_);
}

int ParquetFile::add_missing_chunks(const std::set<size_t>& columns) {
  buffer_.clear();
  for (RowGroup& group : groups_) {
    for (size_t column : columns) {
      if (std::ranges::find(group.chunks, column, &Chunk::column) != group.chunks.end()) continue;
      uint64_t offset = written_ + buffer_.size();
      ColumnBuffer nulls(columns_[column]);
      group.chunks.push_back({column, offset, encoder_.encode(nulls, group.rows, buffer_)});
    }
    std::ranges::sort(group.chunks, {}, &Chunk::column);
  }
  return write(buffer_);
}

std::string ParquetFile::footer(const std::set<size_t>& columns) const {
  std::string out;
  ThriftWriter thrift(out);
  thrift.field_i32(1, 2);  // format version
  put_schema(thrift, schema_name_, columns_, columns);
  int64_t rows = 0;
  for (const RowGroup& group : groups_) rows += group.rows;
  thrift.field_i64(3, rows);
  thrift.begin_struct_list(4, groups_.size());
  for (const RowGroup& group : groups_) {
    int64_t bytes = 0;
    thrift.begin_element();
    thrift.begin_struct_list(1, group.chunks.size());
    for (const Chunk& chunk : group.chunks) {
      put_chunk(thrift, columns_[chunk.column], chunk.offset, chunk.figures);
      bytes += chunk.figures.uncompressed;
    }
    thrift.field_i64(2, bytes);
    thrift.field_i64(3, group.rows);
    thrift.end_struct();
  }
  thrift.begin_struct_list(5, 1);
  thrift.begin_element();
  thrift.field_string(1, kFooterChecksumKey);
  thrift.field_string(2, kFooterChecksumPlace);
  thrift.end_struct();
  thrift.field_string(6, "weir version " WEIR_VERSION);
  // Minima and maxima are ordered as the types define.
  thrift.begin_struct_list(7, columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    thrift.begin_element();
    thrift.empty_struct(1);
    thrift.end_struct();
  }
  thrift.end_struct();
  set_footer_checksum(out);
  return out;
}

int ParquetFile::finish() {
  if (error_) return error_;
  std::set<size_t> columns;
  for (const RowGroup& group : groups_)
    for (const Chunk& chunk : group.chunks) columns.insert(chunk.column);
  if (add_missing_chunks(columns)) return error_;
  std::string end = footer(columns);
  auto size = static_cast<uint32_t>(end.size());
  end.append(reinterpret_cast<const char*>(&size), 4);
  end += kMagic;
  if (write(end)) return error_;
  error_ = os::sync(file_);
  if (!error_) error_ = os::sync_folder(os::parent_folder(path_));  // the file's name too, before the list contains it
  file_ = os::File();
  return error_;
}

}  // namespace weir
