// SPDX-License-Identifier: Apache-2.0
// SegmentReader: reads back what SegmentWriter wrote, column by column, for merging. Queries read segments with DuckDB;
// this class reads our own files only: one dictionary page and one data page per chunk, and the encodings we use.
//
//   in       a segment, which may be damaged: nothing in it is trusted
//   out      its values appended to ColumnBuffers
//   threads  one at a time
//   memory   a chunk and its two pages, each page at most kLargestPage
//   failure  false; problem() says what is wrong, error() whether that is damage
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "os/file.h"
#include "parquet/column_chunk.h"
#include "parquet/decompressor.h"
#include "parquet/thrift_reader.h"
#include "store/columns.h"

namespace weir {

struct WholeChunk {
  size_t column = 0;  // index into the store's columns
  ChunkFigures figures;
  std::string_view bytes;  // the pages
};

class SegmentReader {
 public:
  static constexpr size_t kLargestPage = 256u << 20;

  // `columns`: those of the store; they must outlive the reader.
  explicit SegmentReader(std::span<const StoreColumn> columns = store_columns());
  bool open(const std::string& path);
  bool open(os::File file);

  size_t row_groups() const { return groups_.size(); }
  uint32_t rows(size_t group) const { return groups_[group].rows; }
  uint64_t rows() const;
  uint64_t bytes() const { return size_; }  // of the file
  uint64_t max_values(size_t group) const;  // of the column with the most values; more than rows only if it has lists
  size_t chunks(size_t group) const { return groups_[group].chunks.size(); }
  // One chunk of a row group as it is in the file, its pages checked; valid until the next call.
  bool read_whole(size_t group, size_t chunk, WholeChunk& whole);
  // Appends all columns of a row group, its first row becoming row `first`; one buffer for each column.
  bool read(size_t group, std::vector<ColumnBuffer>& columns, uint32_t first);
  const std::string& problem() const { return problem_; }
  // errno if the segment could not be opened or read, because of missing permission, too few descriptors or a disk
  // error: nothing is known about the segment then. 0 if it is damaged or does not exist.
  int error() const { return error_; }

 private:
  struct Chunk {
    size_t column = 0;                                 // index into the store's columns
    int64_t data_offset = -1, dictionary_offset = -1;  // in the file
    ChunkFigures figures;                              // its offsets are not set
    int64_t begin() const { return dictionary_offset >= 0 ? dictionary_offset : data_offset; }
  };
  struct Group {
    uint32_t rows = 0;
    std::vector<Chunk> chunks;
  };
  struct Page {
    int64_t type = -1, uncompressed = -1, compressed = -1, values = -1, encoding = -1;
    int64_t definition = -1, repetition = -1;  // how a data page's levels are encoded
  };

  bool fail(std::string problem);
  bool read_at(uint64_t offset, size_t size, std::string& out);
  bool parse_footer(std::string_view footer);
  void parse_chunk(ThriftReader& thrift, Chunk& chunk);
  bool read_pages(const Chunk& chunk, Page& dictionary, Page& data, int64_t& data_offset);
  bool read_chunk(const Chunk& chunk, uint32_t rows, ColumnBuffer& buffer, uint32_t first);
  bool next_page(std::string_view& bytes, Page& page, std::string& body);
  bool read_dictionary(const Page& page, ColumnBuffer& buffer);
  bool read_text_dictionary(int64_t count, ColumnBuffer& buffer);
  bool read_values(const Page& page, std::string_view body, size_t count, const ColumnBuffer& buffer);
  bool append_rows(std::string_view& body, uint32_t rows, ColumnBuffer& buffer, uint32_t first, const Page& page);
  bool append_lists(std::string_view& body, uint32_t rows, ColumnBuffer& buffer, uint32_t first, const Page& page);

  std::span<const StoreColumn> columns_;
  os::File file_;
  uint64_t size_ = 0;
  std::vector<Group> groups_;
  std::string problem_;
  int error_ = 0;
  Decompressor zstd_;

  // State of the chunk being read.
  std::string bytes_, dictionary_, body_;
  std::vector<uint64_t> entries_;  // the dictionary: numbers, or indexes into the target's dictionary
  std::vector<uint32_t> levels_, repetition_, indexes_;
  std::vector<uint64_t> values_;
};

}  // namespace weir
