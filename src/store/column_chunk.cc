// SPDX-License-Identifier: Apache-2.0
#include "store/column_chunk.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "store/encodings.h"
#include "store/thrift_writer.h"

namespace weir {
namespace {

template <class T>
std::string plain(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

bool is_signed(StoreType type) {
  return type == StoreType::i32 || type == StoreType::i64 || type == StoreType::timestamp_ms;
}

template <class T>
std::pair<T, T> least_and_largest(const std::vector<T>& values) {
  // If all are equal, the usual case of a header's values, comparing them is quicker than ordering them.
  if (std::memcmp(values.data(), values.data() + 1, (values.size() - 1) * sizeof(T)) == 0)
    return {values[0], values[0]};
  T least = values[0], largest = values[0];
  for (T value : values) {
    least = value < least ? value : least;
    largest = value > largest ? value : largest;
  }
  return {least, largest};
}

// Flips the sign bit, so that unsigned comparison orders signed values.
template <class T>
T flip(T value) {
  return value ^ T { 1 } << (sizeof(T) * 8 - 1);
}

// The bits of a dictionary index as written: whole bytes, but for few values.
unsigned index_width(uint32_t largest) {
  unsigned width = bits_for(largest);
  return width <= 4 ? width : (width + 7) / 8 * 8;
}

template <class T>
uint64_t scatter(T value) {
  uint64_t h = uint64_t{value} * 0x9e3779b97f4a7c15;
  return h ^ h >> 29;
}

void append_with_length(std::string& out, const std::string& levels) {
  encode_text(levels, out);  // four bytes of length, as levels want it too
}

}  // namespace

ChunkEncoder::ChunkEncoder(int level) : zstd_(ZSTD_createCCtx()) {
  WEIR_ASSERT(zstd_);
  ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_checksumFlag, 1);
}

ChunkFigures ChunkEncoder::encode(ColumnBuffer& buffer, uint32_t rows, std::string& out) {
  buffer.null_until(rows);
  figures_ = {};
  figures_.nulls = rows - buffer.values;
  dictionary_.clear(), levels_.clear(), values_.clear();
  if (buffer.is_list())
    append_list_levels(buffer, rows);
  else
    append_levels(buffer, rows);
  if (buffer.column->type == StoreType::text || buffer.column->type == StoreType::list_text)
    encode_text_values(buffer);
  else if (buffer.is_wide())
    encode_numbers(buffer.wide, buffer);
  else
    encode_numbers(buffer.small, buffer);

  size_t begin = out.size();
  if (!dictionary_.empty()) {
    figures_.dictionary_offset = 0;
    append_page(parquet::kDictionaryPage, dictionary_values_, parquet::kPlain, dictionary_, out);
  }
  figures_.data_offset = static_cast<int64_t>(out.size() - begin);
  levels_ += values_;
  append_page(parquet::kDataPage, figures_.values, figures_.encoding, levels_, out);
  figures_.compressed = static_cast<int64_t>(out.size() - begin);
  return figures_;
}

void ChunkEncoder::append_levels(const ColumnBuffer& buffer, uint32_t rows) {
  std::string levels;
  for (const PresenceRun& run : buffer.presence) encode_run(run.rows, run.present, 1, levels);
  append_with_length(levels_, levels);
  figures_.values = rows;
}

// LIST as three levels: 0 null, 1 empty, 2 an element; repetition 1 for all but a list's first element.
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
  std::string levels;
  encode_hybrid(repetition, 1, levels);
  append_with_length(levels_, levels);
  levels.clear();
  encode_hybrid(definition, 2, levels);
  append_with_length(levels_, levels);
  figures_.values = static_cast<int64_t>(definition.size());
}

void ChunkEncoder::encode_text_values(const ColumnBuffer& buffer) {
  char text[kLongestText];
  bool ordered = buffer.column->type == StoreType::text;
  for (const TextKey& key : buffer.dictionary.keys()) {
    char* end = write_text(text, info(buffer.column->field).spelling, key);
    std::string_view value(text, static_cast<size_t>(end - text));
    if (ordered && (figures_.min.empty() || value < figures_.min)) figures_.min = value;
    if (ordered && value > figures_.max) figures_.max = value;
    encode_text(value, dictionary_);
  }
  dictionary_values_ = static_cast<uint32_t>(buffer.dictionary.keys().size());
  if (dictionary_values_) append_indexes(buffer.small, dictionary_values_ - 1);
}

void ChunkEncoder::append_indexes(const std::vector<uint32_t>& indexes, uint32_t largest) {
  unsigned width = index_width(largest);
  figures_.encoding = parquet::kRleDictionary;
  values_.push_back(static_cast<char>(width));
  if (largest == 0)
    encode_run(indexes.size(), 0, width, values_);
  else
    encode_hybrid(indexes, width, values_);
}

template <class T>
void ChunkEncoder::encode_numbers(const std::vector<T>& values, const ColumnBuffer& buffer) {
  if (values.empty()) return;  // all null: an empty PLAIN page
  T least, largest;
  if (is_signed(buffer.column->type)) {
    std::vector<T> flipped(values.size());
    std::ranges::transform(values, flipped.begin(), flip<T>);
    std::tie(least, largest) = least_and_largest(flipped);
    least = flip(least), largest = flip(largest);
  } else {
    std::tie(least, largest) = least_and_largest(values);
  }
  if (!buffer.is_list()) figures_.min = plain(least), figures_.max = plain(largest);
  if (least == largest) {
    dictionary_ = plain(least);
    dictionary_values_ = 1;
    indexes_.assign(values.size(), 0);
    append_indexes(indexes_, 0);
    return;
  }
  if (try_dictionary(values)) return;
  if (buffer.column->id == info(Field::time_flow_start_ns).protobuf_number) {
    if constexpr (sizeof(T) == 8) {
      figures_.encoding = parquet::kDeltaBinaryPacked;
      encode_delta({reinterpret_cast<const int64_t*>(values.data()), values.size()}, values_);
      return;
    }
  }
  figures_.encoding = parquet::kPlain;
  values_.assign(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

// A dictionary pays where it has few entries for the rows that there are.
template <class T>
bool ChunkEncoder::try_dictionary(const std::vector<T>& values) {
  const size_t most = std::min<size_t>(values.size() / 8 + 256, 32'768);
  const size_t slots = std::bit_ceil(most * 2);
  table_.assign(slots, 0);  // index of the value, plus one
  indexes_.resize(values.size());
  dictionary_.clear();
  dictionary_values_ = 0;
  std::vector<T> distinct;
  for (size_t i = 0; i < values.size(); ++i) {
    if (i && values[i] == values[i - 1]) {
      indexes_[i] = indexes_[i - 1];
      continue;
    }
    size_t at = scatter(values[i]) & (slots - 1);
    while (table_[at] && distinct[table_[at] - 1] != values[i]) at = (at + 1) & (slots - 1);
    if (!table_[at]) {
      if (distinct.size() == most) return false;
      distinct.push_back(values[i]);
      table_[at] = static_cast<uint32_t>(distinct.size());
    }
    indexes_[i] = table_[at] - 1;
  }
  dictionary_values_ = static_cast<uint32_t>(distinct.size());
  dictionary_.assign(reinterpret_cast<const char*>(distinct.data()), distinct.size() * sizeof(T));
  append_indexes(indexes_, dictionary_values_ - 1);
  return true;
}

void ChunkEncoder::append_page(parquet::PageType type, int64_t values, parquet::Encoding encoding,
                               const std::string& body, std::string& out) {
  compressed_.resize(ZSTD_compressBound(body.size()));
  size_t size = ZSTD_compress2(zstd_.get(), compressed_.data(), compressed_.size(), body.data(), body.size());
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
