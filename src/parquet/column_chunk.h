// SPDX-License-Identifier: Apache-2.0
// ChunkEncoder: encodes one column of one row group as Parquet pages: at most one dictionary page, then one data page,
// both zstd with a checksum (so that a reader notices a damaged page).
//
// Encodings are chosen per chunk, for size: a dictionary if values repeat, otherwise plain. Dictionary indexes are
// written as whole bytes rather than with the fewest bits: zstd finds repetitions only at byte boundaries, so the
// result is smaller (docs/decisions/0005-segments.md has the figures).
#pragma once

#include <zstd.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "parquet/column_buffer.h"

namespace weir {

// Constants of the Parquet format.
namespace parquet {
enum Type : int32_t { kInt32 = 1, kInt64 = 2, kDouble = 5, kByteArray = 6 };
enum Encoding : int32_t { kPlain = 0, kRle = 3, kRleDictionary = 8 };
enum PageType : int32_t { kDataPage = 0, kDictionaryPage = 2 };
inline constexpr int32_t kZstd = 6;
}  // namespace parquet

inline constexpr uint32_t kRowGroupRows = 131'072;      // the most that a row group has: about what fits a core's cache
inline constexpr uint32_t kLargestRowGroup = 1u << 20;  // the most that is read: another version's may be larger
// A row group ends once one of its columns has this many list elements: exporters choose how long their lists are, and
// pages, whose sizes have 31 bits, must stay small enough to be read back.
inline constexpr size_t kRowGroupElements = 2u << 20;
// The same limit for the distinct texts of all its columns, in octets.
inline constexpr size_t kRowGroupTextBytes = 32u << 20;

struct ChunkFigures {
  int64_t values = 0;                        // with nulls; of lists: the elements, an empty or null list counts as one
  int64_t uncompressed = 0, compressed = 0;  // bytes, page headers included
  int64_t dictionary_offset = -1;            // from the chunk's first byte; -1: none
  int64_t data_offset = 0;
  parquet::Encoding encoding = parquet::kPlain;  // of the data page's values
  int64_t nulls = 0;
  std::string min, max;  // PLAIN encoded, a text without its length; empty: unknown
};

class ChunkEncoder {
 public:
  explicit ChunkEncoder(int level = 1);
  // Appends the chunk to `out`. `rows`: of the row group; rows that are missing in the buffer are null.
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
  std::vector<uint16_t> table_;  // each value's index in the dictionary, plus one; 0: not in it
};

}  // namespace weir
