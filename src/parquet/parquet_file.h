// SPDX-License-Identifier: Apache-2.0
// ParquetFile: writes the frame of a Parquet file: magic, column chunks, footer (parquet.thrift, FileMetaData).
//
//   in       row groups, each with the columns that have values in it
//   out      a file whose schema is every column that has values in any row group; if such a column was empty in an
//            earlier row group, a chunk of nulls for it is written before the footer
//   failure  errno, which later calls return too
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "os/file.h"
#include "parquet/column_chunk.h"

namespace weir {

class ParquetFile {
 public:
  // `columns` must outlive the file. `schema_name`: the name of the schema's root; a literal.
  ParquetFile(std::string path, std::span<const StoreColumn> columns, std::string_view schema_name)
      : path_(std::move(path)), schema_name_(schema_name), columns_(columns) {}
  const std::string& path() const { return path_; }
  bool is_open() const { return file_.is_open(); }
  uint64_t bytes() const { return written_; }

  // Encodes and writes a row group; one buffer for each column, in the same order. The first call creates the file.
  int add_row_group(std::vector<ColumnBuffer>& columns, uint32_t rows);
  // Chunks of another file, copied unchanged: first begin the row group, then copy its columns in order.
  int begin_row_group(uint32_t rows);
  int copy_chunk(size_t column, const ChunkFigures& figures, std::string_view bytes);
  // Writes the footer, syncs to disk and closes.
  int finish();

 private:
  struct Chunk {
    size_t column;
    uint64_t offset;
    ChunkFigures figures;
  };
  struct RowGroup {
    uint32_t rows = 0;
    std::vector<Chunk> chunks;
  };

  int create();
  int write(std::string_view bytes);
  int add_missing_chunks(const std::set<size_t>& columns);
  std::string footer(const std::set<size_t>& columns) const;

  std::string path_;
  std::string_view schema_name_;
  std::span<const StoreColumn> columns_;
  os::File file_;
  uint64_t written_ = 0;
  int error_ = 0;
  ChunkEncoder encoder_;
  std::string buffer_;
  std::vector<RowGroup> groups_;
};

}  // namespace weir
