// SPDX-License-Identifier: Apache-2.0
#include "parquet/column_chunk.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

#include "parquet/encodings.h"
#include "parquet/thrift_writer.h"

namespace weir {
namespace {

constexpr size_t kMaxEntries = 32'768;     // of a dictionary of numbers; its indexes have 16 bits
constexpr uint64_t kDirectRange = 65'536;  // numbers in a range this small are looked up directly, without a hash

// Parquet's physical type: INT32 or INT64.
template <class T>
using Physical = std::conditional_t<sizeof(T) <= 4, uint32_t, uint64_t>;

template <class T>
void append_plain(std::span<const T> values, std::string& out) {
  size_t begin = out.size(), size = begin + values.size() * sizeof(Physical<T>);
  out.resize_and_overwrite(size, [&](char* data, size_t) {
    char* to = data + begin;
    for (Physical<T> value : values) {
      std::memcpy(to, &value, sizeof value);
      to += sizeof value;
    }
    return size;
  });
}

template <class T>
std::string plain(T value) {
  std::string out;
  append_plain(std::span<const T>(&value, 1), out);
  return out;
}

// Columns whose numbers resemble those of the preceding rows instead of repeating a few values: zstd compresses the
// numbers themselves better than their indexes into a dictionary (docs/decisions/0005-segments.md has the figures).
bool follows_neighbours(const StoreColumn& column) {
  return column.field == Field::time_flow_start_ns || column.field == Field::time_flow_end_ns ||
         column.field == Field::sequence_num;
}

// Whether comparing the bits, after `flip` is applied, orders the values.
bool has_order(const StoreColumn& column) { return column.type != StoreType::f64; }

// The width of a dictionary index as written: whole bytes, except when there are few values.
unsigned index_width(uint32_t largest) {
  unsigned width = bits_for(largest);
  return width <= 4 ? width : (width + 7) / 8 * 8;
}

template <class T>
uint64_t scatter(T value) {
  uint64_t h = uint64_t{value} * 0x9e3779b97f4a7c15;
  return h ^ h >> 29;
}

}  // namespace

ChunkEncoder::ChunkEncoder(int level) : zstd_(ZSTD_createCCtx()) {
  WEIR_ASSERT(zstd_);
  ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_checksumFlag, 1);
  if (level > 1) return;
  // For the fastest level: matches are searched for in 16 KiB, which fits a core's first-level cache, instead of 64.
  ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_hashLog, 12);
  ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_minMatch, 6);
}

ChunkFigures ChunkEncoder::encode(ColumnBuffer& buffer, uint32_t rows, std::string& out) {
  buffer.null_until(rows);
  buffer.scan();
  figures_ = {};
  figures_.nulls = rows - buffer.values;
  dictionary_.clear(), body_.clear();
  dictionary_values_ = 0;
  if (buffer.is_list())
    append_list_levels(buffer, rows);
  else
    append_levels(buffer, rows);
  if (buffer.is_text())
    encode_text_values(buffer);
  else if (buffer.repeats)
    encode_repeated(buffer);
  else
    buffer.with_width([&]<class T>(T) { encode_numbers(std::span<const T>(buffer.numbers<T>()), buffer); });

  size_t begin = out.size();
  if (!dictionary_.empty()) {
    figures_.dictionary_offset = 0;
    append_page(parquet::kDictionaryPage, dictionary_values_, parquet::kPlain, dictionary_, out);
  }
  figures_.data_offset = static_cast<int64_t>(out.size() - begin);
  append_page(parquet::kDataPage, figures_.values, figures_.encoding, body_, out);
  figures_.compressed = static_cast<int64_t>(out.size() - begin);
  return figures_;
}

void ChunkEncoder::append_levels(const ColumnBuffer& buffer, uint32_t rows) {
  levels_.clear();
  for (const PresenceRun& run : buffer.presence) encode_run(run.rows, run.present, 1, levels_);
  encode_text(levels_, body_);  // prefixed with four bytes of length, which levels need too
  figures_.values = rows;
}

// LIST as three definition levels: 0 null, 1 empty, 2 an element; repetition 1 for all but a list's first element.
void ChunkEncoder::append_list_levels(const ColumnBuffer& buffer, uint32_t /*rows*/) {
  std::vector<uint32_t> definition, repetition;
  size_t list = 0;
  for (const PresenceRun& run : buffer.presence) {
    for (uint32_t i = 0; i < run.rows; ++i) {
      uint32_t size = run.present ? buffer.list_sizes[list++] : 0;
      repetition.push_back(0);
      definition.push_back(size ? 2 : run.present);
      for (uint32_t element = 1; element < size; ++element) {
        repetition.push_back(1);
        definition.push_back(2);
      }
    }
  }
  levels_.clear();
  encode_hybrid(std::span<const uint32_t>(repetition), 1, levels_);
  encode_text(levels_, body_);
  levels_.clear();
  encode_hybrid(std::span<const uint32_t>(definition), 2, levels_);
  encode_text(levels_, body_);
  figures_.values = static_cast<int64_t>(definition.size());
}

void ChunkEncoder::append_text_dictionary(const ColumnBuffer& buffer) {
  const bool ordered = buffer.column->type == StoreType::text;
  auto append = [&](std::string_view value) {
    if (ordered && (figures_.min.empty() || value < figures_.min)) figures_.min = value;
    if (ordered && value > figures_.max) figures_.max = value;
    encode_text(value, dictionary_);
    ++dictionary_values_;
  };
  if (buffer.is_strings()) {
    for (uint32_t i = 0; i < buffer.strings.size(); ++i) append(buffer.strings.text(i));
  } else {
    char text[kLongestText];
    for (const TextKey& key : buffer.dictionary.keys())
      append({text, write_text(text, info_of(*buffer.column).spelling, key)});
  }
}

void ChunkEncoder::encode_text_values(ColumnBuffer& buffer) {
  append_text_dictionary(buffer);
  if (dictionary_values_ == 1 && !buffer.is_list()) return append_constant(buffer.values);
  if (buffer.repeats) buffer.write_repeats();
  if (dictionary_values_) append_indexes(std::span<const uint32_t>(buffer.words), dictionary_values_ - 1);
}

template <class Index>
void ChunkEncoder::append_indexes(std::span<const Index> indexes, uint32_t largest) {
  unsigned width = index_width(largest);
  figures_.encoding = parquet::kRleDictionary;
  body_.push_back(static_cast<char>(width));
  encode_hybrid(indexes, width, body_);
}

// `count` times the first entry of the dictionary.
void ChunkEncoder::append_constant(size_t count) {
  figures_.encoding = parquet::kRleDictionary;
  body_.push_back(1);  // width
  encode_run(count, 0, 1, body_);
}

void ChunkEncoder::encode_repeated(const ColumnBuffer& buffer) {
  buffer.with_width([&]<class T>(T) { dictionary_ = plain(static_cast<T>(buffer.repeated)); });
  if (has_order(*buffer.column)) figures_.min = figures_.max = dictionary_;
  dictionary_values_ = 1;
  append_constant(buffer.repeats);
}

template <class T>
void ChunkEncoder::encode_numbers(std::span<const T> values, const ColumnBuffer& buffer) {
  if (values.empty()) return;  // all null: an empty PLAIN page
  const auto smallest = static_cast<T>(buffer.smallest ^ buffer.flip()),
             largest = static_cast<T>(buffer.largest ^ buffer.flip());
  if (!buffer.is_list() && has_order(*buffer.column)) figures_.min = plain(smallest), figures_.max = plain(largest);
  if (smallest == largest) {  // the usual case for values from a header
    dictionary_ = plain(smallest);
    dictionary_values_ = 1;
    append_constant(values.size());
    return;
  }
  if (!follows_neighbours(*buffer.column) && try_dictionary(values, smallest, largest)) return;
  figures_.encoding = parquet::kPlain;
  append_plain(values, body_);
}

// A dictionary pays off if it has few entries compared to the number of rows.
template <class T>
bool ChunkEncoder::try_dictionary(std::span<const T> values, T smallest, T largest) {
  const size_t limit = std::min(values.size() / 8 + 256, kMaxEntries);
  Values<T> distinct;
  bool done = true;
  if (const uint64_t range = uint64_t{largest} - smallest; range < kDirectRange) {
    table_.assign(range + 1, 0);
    done = number_values(values, limit, distinct, [&](T value) -> uint16_t& { return table_[value - smallest]; });
  } else {
    const size_t mask = std::bit_ceil(limit * 2) - 1;
    table_.assign(mask + 1, 0);
    done = number_values(values, limit, distinct, [&](T value) -> uint16_t& {
      size_t at = scatter(value) & mask;
      while (table_[at] && distinct[table_[at] - 1] != value) at = (at + 1) & mask;
      return table_[at];
    });
  }
  if (!done) return false;
  dictionary_values_ = static_cast<uint32_t>(distinct.size());
  append_plain(std::span<const T>(distinct), dictionary_);
  append_indexes(std::span<const uint16_t>(indexes_), dictionary_values_ - 1);
  return true;
}

// indexes_ gets each value's index in the order of first appearance; false if over `limit` are distinct.
template <class T, class SlotOf>
bool ChunkEncoder::number_values(std::span<const T> values, size_t limit, Values<T>& distinct, SlotOf slot_of) {
  indexes_.resize(values.size());
  uint16_t* index = indexes_.data();
  for (T value : values) {
    uint16_t& slot = slot_of(value);
    if (!slot) [[unlikely]] {
      if (distinct.size() == limit) return false;
      distinct.push_back(value);
      slot = static_cast<uint16_t>(distinct.size());
    }
    *index++ = static_cast<uint16_t>(slot - 1);
  }
  return true;
}

void ChunkEncoder::append_page(parquet::PageType type, int64_t values, parquet::Encoding encoding,
                               const std::string& body, std::string& out) {
  size_t bound = ZSTD_compressBound(body.size());
  if (compressed_.size() < bound) compressed_.resize(bound);
  size_t size = ZSTD_compress2(zstd_.get(), compressed_.data(), bound, body.data(), body.size());
  WEIR_ASSERT(!ZSTD_isError(size));  // the target is large enough
  header_.clear();
  ThriftWriter thrift(header_);
  thrift.field_i32(1, type);
  thrift.field_i32(2, static_cast<int32_t>(body.size()));
  thrift.field_i32(3, static_cast<int32_t>(size));
  thrift.begin_struct(type == parquet::kDataPage ? 5 : 7);
  thrift.field_i32(1, static_cast<int32_t>(values));
  thrift.field_i32(2, encoding);
  if (type == parquet::kDataPage) {
    thrift.field_i32(3, parquet::kRle);  // definition levels
    thrift.field_i32(4, parquet::kRle);  // repetition levels
  }
  thrift.end_struct();
  thrift.end_struct();
  figures_.uncompressed += static_cast<int64_t>(header_.size() + body.size());
  out += header_;
  out.append(compressed_.data(), size);
}

}  // namespace weir
