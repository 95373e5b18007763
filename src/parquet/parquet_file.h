// SPDX-License-Identifier: Apache-2.0
// ParquetFile: the frame of a Parquet file: magic, column chunks, footer (parquet.thrift, FileMetaData).
//
//   in       row groups, each with the columns that hold something in it
//   out      a file whose schema is every column that holds something in any row group; where one of them was empty
//            in an earlier row group, a chunk of nulls for it stands before the footer
//   failure  errno, remembered
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
  // `columns` outlive the file. `schema_name`: of the root of the schema; a literal.
  ParquetFile(std::string path, std::span<const StoreColumn> columns, std::string_view schema_name)
      : path_(std::move(path)), schema_name_(schema_name), columns_(columns) {}
  const std::string& path() const { return path_; }
  bool is_open() const { return file_.is_open(); }
  uint64_t bytes() const { return written_; }

  // Encodes and writes; a buffer for each column, in their order. The file is made by the first call.
  int add_row_group(std::vector<ColumnBuffer>& columns, uint32_t rows);
  // Chunks of another file as they are: a row group, then its columns in their order.
  int begin_row_group(uint32_t rows);
  int copy_chunk(size_t column, const ChunkFigures& figures, std::string_view bytes);
  // The footer; synced to disk, closed.
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
