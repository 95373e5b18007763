// SPDX-License-Identifier: Apache-2.0
// One column of one row group as Parquet pages: at most one dictionary page, then one data page, both zstd with a
// checksum (so that whoever reads a damaged page notices).
//
// Encodings are chosen per chunk, for size: a dictionary where values repeat, else plain. A dictionary's indexes get
// whole bytes rather than the fewest bits: zstd finds repeats only between bytes, and that makes the result smaller
// (docs/decisions/0005-segments.md has the figures).
#pragma once

#include <zstd.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "parquet/column_buffer.h"

namespace weir {

// Numbers of Parquet's format.
namespace parquet {
enum Type : int32_t { kInt32 = 1, kInt64 = 2, kDouble = 5, kByteArray = 6 };
enum Encoding : int32_t { kPlain = 0, kRle = 3, kRleDictionary = 8 };
enum PageType : int32_t { kDataPage = 0, kDictionaryPage = 2 };
inline constexpr int32_t kZstd = 6;
}  // namespace parquet

inline constexpr uint32_t kRowGroupRows = 131'072;      // a row group never has more: about what a core's cache holds
inline constexpr uint32_t kLargestRowGroup = 1u << 20;  // that is read: another version's may be larger
// A row group ends once one of its columns has so many elements of lists: exporters choose how long their lists are,
// and pages, whose sizes have 31 bits, must stay small enough to be read back.
inline constexpr size_t kRowGroupElements = 2u << 20;
// The same of the distinct texts of all its columns, in octets.
inline constexpr size_t kRowGroupTextBytes = 32u << 20;

struct ChunkFigures {
  int64_t values = 0;                        // with nulls; of a list: its elements, empty and null lists count as one
  int64_t uncompressed = 0, compressed = 0;  // bytes, page headers included
  int64_t dictionary_offset = -1;            // from the chunk's first byte; -1: none
  int64_t data_offset = 0;
  parquet::Encoding encoding = parquet::kPlain;  // of the data page's values
  int64_t nulls = 0;
  std::string min, max;  // as PLAIN, without a text's length; empty: not known
};

class ChunkEncoder {
 public:
  explicit ChunkEncoder(int level = 1);
  // Appends the chunk to `out`. `rows`: of the row group; the buffer's missing ones are null.
  ChunkFigures encode(ColumnBuffer& buffer, uint32_t rows, std::string& out);

 private:
  void encode_text_values(ColumnBuffer& buffer);
  void append_text_dictionary(const ColumnBuffer& buffer);
  void encode_repeated(const ColumnBuffer& buffer);
  template <class T>
  void encode_numbers(std::span<const T> values, const ColumnBuffer& buffer);
  template <class T>
  bool try_dictionary(std::span<const T> values, T smallest, T largest);
  template <class T, class SlotOf>
  bool number_values(std::span<const T> values, size_t limit, Values<T>& distinct, SlotOf slot_of);
  template <class Index>
  void append_indexes(std::span<const Index> indexes, uint32_t largest);
  void append_constant(size_t count);
  void append_levels(const ColumnBuffer& buffer, uint32_t rows);
  void append_list_levels(const ColumnBuffer& buffer, uint32_t rows);
  void append_page(parquet::PageType type, int64_t values, parquet::Encoding encoding, const std::string& body,
                   std::string& out);

  struct FreeContext {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  std::unique_ptr<ZSTD_CCtx, FreeContext> zstd_;

  // Of the chunk being encoded.
  ChunkFigures figures_;
  std::string dictionary_;  // the body of its page; empty: none
  uint32_t dictionary_values_ = 0;
  std::string body_;  // of the data page
  std::string levels_, header_, compressed_;
  Values<uint16_t> indexes_;
  std::vector<uint16_t> table_;  // of the values' numbers in the dictionary, plus one; 0: not there
};

}  // namespace weir
