// SPDX-License-Identifier: Apache-2.0
#include "store/segment_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "parquet/decodings.h"
#include "parquet/footer.h"

namespace weir {
namespace {

uint32_t little_endian(std::string_view bytes) {
  uint32_t value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

std::string place(size_t group, const StoreColumn& column) {
  return "column " + std::string(column.name) + ", row group " + std::to_string(group) + ": ";
}

bool take_sized(std::string_view& in, std::string_view& out) {
  if (in.size() < 4) return false;
  size_t size = little_endian(in);
  if (size > in.size() - 4) return false;
  out = in.substr(4, size);
  in.remove_prefix(4 + size);
  return true;
}

}  // namespace

SegmentReader::SegmentReader(std::span<const StoreColumn> columns) : columns_(columns) {}

bool SegmentReader::fail(std::string problem) {
  problem_ = std::move(problem);
  return false;
}

bool SegmentReader::open(const std::string& path) {
  int error = 0;
  os::File file = os::open_read(path, error);
  error_ = error == ENOENT ? 0 : error;
  if (error) return fail(os::error_text(error));
  return open(std::move(file));
}

bool SegmentReader::open(os::File file) {
  file_ = std::move(file);
  groups_.clear();
  size_ = os::file_size(file_);
  Footer footer = read_footer(file_);
  error_ = footer.error;
  if (!footer.problem.empty()) return fail(std::move(footer.problem));
  return parse_footer(footer.bytes);
}

uint64_t SegmentReader::rows() const {
  uint64_t rows = 0;
  for (const Group& group : groups_) rows += group.rows;
  return rows;
}

uint64_t SegmentReader::max_values(size_t group) const {
  int64_t limit = 0;
  for (const Chunk& chunk : groups_[group].chunks) limit = std::max(limit, chunk.figures.values);
  return static_cast<uint64_t>(limit);
}

bool SegmentReader::read_at(uint64_t offset, size_t size, std::string& out) {
  if (offset > size_ || size > size_ - offset) return fail("a chunk lies outside the file");
  out = os::bytes_at(file_, offset, size, error_);
  if (error_) return fail(os::error_text(error_));
  return out.size() == size || fail("the file ends too early");
}

// The leaves in the schema have the same order as the chunks in each row group. A column is identified by its field id.
// Older segments have no checksum of the footer, so anything that it says twice must agree.
bool SegmentReader::parse_footer(std::string_view footer) {
  ThriftReader thrift(footer);
  std::vector<size_t> leaves;
  bool known = true;
  auto read_element = [&] {
    int64_t id = 0;
    std::string_view name;
    thrift.enter_struct();
    thrift.read_struct([&](int64_t field) {
      if (field == 4) name = thrift.text();
      if (field == 9) id = thrift.integer();
    });
    if (!id) return;  // the root, and the inner elements of a list
    auto column = std::ranges::find(columns_, id, &StoreColumn::id);
    auto index = static_cast<size_t>(column - columns_.begin());
    known &= column != columns_.end() && column->name == name && std::ranges::find(leaves, index) == leaves.end();
    leaves.push_back(index);
  };
  auto read_chunk = [&](Group& group) {
    Chunk& chunk = group.chunks.emplace_back();
    size_t number = group.chunks.size() - 1;
    known &= number < leaves.size();
    if (known) chunk.column = leaves[number];
    thrift.enter_struct();
    thrift.read_struct([&](int64_t field) {
      if (field == 3) parse_chunk(thrift, chunk);
    });
  };
  auto read_group = [&] {
    Group& group = groups_.emplace_back();
    int64_t rows = -1;
    thrift.enter_struct();
    thrift.read_struct([&](int64_t field) {
      if (field == 1) thrift.read_list([&] { read_chunk(group); });
      if (field == 3) rows = thrift.integer();
    });
    known &= rows > 0 && rows <= kLargestRowGroup && group.chunks.size() == leaves.size();
    group.rows = known ? static_cast<uint32_t>(rows) : 0;
  };
  thrift.read_struct([&](int64_t field) {
    if (field == 2) thrift.read_list(read_element);
    if (field == 4) thrift.read_list(read_group);
  });
  if (thrift.ok() && known) return true;
  groups_.clear();
  return fail(thrift.ok() ? "it has columns or row groups that this version does not know" : "the footer is damaged");
}

// ColumnMetaData.
void SegmentReader::parse_chunk(ThriftReader& thrift, Chunk& chunk) {
  auto read_statistics = [&] {
    thrift.enter_struct();
    thrift.read_struct([&](int64_t field) {
      if (field == 3) chunk.figures.nulls = thrift.integer();
      if (field == 5) chunk.figures.max = thrift.text();
      if (field == 6) chunk.figures.min = thrift.text();
    });
  };
  thrift.enter_struct();
  thrift.read_struct([&](int64_t field) {
    if (field == 5) chunk.figures.values = thrift.integer();
    if (field == 6) chunk.figures.uncompressed = thrift.integer();
    if (field == 7) chunk.figures.compressed = thrift.integer();
    if (field == 9) chunk.data_offset = thrift.integer();
    if (field == 11) chunk.dictionary_offset = thrift.integer();
    if (field == 12) read_statistics();
  });
}

bool SegmentReader::read(size_t group, std::vector<ColumnBuffer>& columns, uint32_t first) {
  for (const Chunk& chunk : groups_[group].chunks) {
    ColumnBuffer& buffer = columns[chunk.column];
    if (!read_chunk(chunk, groups_[group].rows, buffer, first)) {
      problem_ = place(group, *buffer.column) + problem_;
      return false;
    }
  }
  return true;
}

// Reads the chunk's pages into dictionary_ (if it has one) and body_; `data_offset`: of the data page within the chunk.
bool SegmentReader::read_pages(const Chunk& chunk, Page& dictionary, Page& data, int64_t& data_offset) {
  if (chunk.begin() < 0 || chunk.figures.compressed <= 0) return fail("an offset is wrong");
  if (static_cast<uint64_t>(chunk.figures.compressed) > 2 * kLargestPage) return fail("a chunk's size is wrong");
  if (!read_at(static_cast<uint64_t>(chunk.begin()), static_cast<size_t>(chunk.figures.compressed), bytes_))
    return false;
  std::string_view bytes = bytes_;
  if (chunk.dictionary_offset >= 0) {
    if (!next_page(bytes, dictionary, dictionary_)) return false;
    if (dictionary.type != parquet::kDictionaryPage || dictionary.encoding != parquet::kPlain)
      return fail("no dictionary page");
  }
  data_offset = static_cast<int64_t>(bytes_.size() - bytes.size());
  if (!next_page(bytes, data, body_)) return false;
  if (data.type != parquet::kDataPage || data.values != chunk.figures.values) return fail("no data page");
  // What the page headers say must agree likewise.
  auto encoding = chunk.dictionary_offset >= 0 ? parquet::kRleDictionary : parquet::kPlain;
  bool ours = data.encoding == encoding && data.definition == parquet::kRle && data.repetition == parquet::kRle;
  return (ours && bytes.empty()) || fail("it has pages that this version does not know");
}

bool SegmentReader::read_whole(size_t group, size_t chunk, WholeChunk& whole) {
  const Chunk& from = groups_[group].chunks[chunk];
  Page dictionary, data;
  whole.column = from.column;
  whole.figures = from.figures;
  if (!read_pages(from, dictionary, data, whole.figures.data_offset)) {
    problem_ = place(group, columns_[from.column]) + problem_;
    return false;
  }
  bool list = ColumnBuffer(columns_[from.column]).is_list();
  if ((list ? data.values < rows(group) : data.values != rows(group)) || from.figures.nulls < 0 ||
      from.figures.nulls > rows(group))
    return fail(place(group, columns_[from.column]) + "it has another number of rows than its row group");
  whole.figures.dictionary_offset = from.dictionary_offset >= 0 ? 0 : -1;
  whole.figures.uncompressed =
      from.figures.compressed + dictionary.uncompressed - dictionary.compressed + data.uncompressed - data.compressed;
  whole.figures.encoding = static_cast<parquet::Encoding>(data.encoding);
  whole.bytes = bytes_;
  return true;
}

bool SegmentReader::read_chunk(const Chunk& chunk, uint32_t rows, ColumnBuffer& buffer, uint32_t first) {
  Page dictionary, page;
  int64_t data_offset;
  if (!read_pages(chunk, dictionary, page, data_offset)) return false;
  entries_.clear();
  if (chunk.dictionary_offset >= 0 && !read_dictionary(dictionary, buffer)) return fail("the dictionary is damaged");
  std::string_view body = body_;
  bool done =
      buffer.is_list() ? append_lists(body, rows, buffer, first, page) : append_rows(body, rows, buffer, first, page);
  return done || fail("the values are damaged");
}

bool SegmentReader::next_page(std::string_view& bytes, Page& page, std::string& body) {
  ThriftReader thrift(bytes);
  auto read_data_header = [&] {
    thrift.enter_struct();
    thrift.read_struct([&](int64_t field) {
      if (field == 1) page.values = thrift.integer();
      if (field == 2) page.encoding = thrift.integer();
      if (field == 3) page.definition = thrift.integer();
      if (field == 4) page.repetition = thrift.integer();
    });
  };
  thrift.read_struct([&](int64_t field) {
    if (field == 1) page.type = thrift.integer();
    if (field == 2) page.uncompressed = thrift.integer();
    if (field == 3) page.compressed = thrift.integer();
    if (field == 5 || field == 7) read_data_header();
  });
  if (!thrift.ok() || page.compressed < 0 || page.uncompressed < 0 || page.values < 0)
    return fail("a page's header is damaged");
  bytes.remove_prefix(thrift.position());
  if (static_cast<uint64_t>(page.compressed) > bytes.size() || static_cast<uint64_t>(page.uncompressed) > kLargestPage)
    return fail("a page's size is wrong");
  body.resize(static_cast<size_t>(page.uncompressed));
  if (!zstd_.decompress(bytes.substr(0, static_cast<size_t>(page.compressed)), body))
    return fail("a page is damaged (its checksum or content is wrong)");
  bytes.remove_prefix(static_cast<size_t>(page.compressed));
  return true;
}

bool SegmentReader::read_dictionary(const Page& page, ColumnBuffer& buffer) {
  StoreType type = buffer.column->type;
  if (type == StoreType::text || type == StoreType::list_text) return read_text_dictionary(page.values, buffer);
  size_t width = buffer.is_wide() ? 8 : 4;
  if (dictionary_.size() % width || dictionary_.size() / width != static_cast<uint64_t>(page.values)) return false;
  for (size_t at = 0; at < dictionary_.size(); at += width) {
    uint64_t value = 0;
    std::memcpy(&value, dictionary_.data() + at, width);
    entries_.push_back(value);
  }
  return true;
}

bool SegmentReader::read_text_dictionary(int64_t count, ColumnBuffer& buffer) {
  std::string_view in = dictionary_, text;
  Spelling spelling = info_of(*buffer.column).spelling;
  while (!in.empty()) {
    if (!take_sized(in, text)) return false;
    if (buffer.is_strings()) {
      entries_.push_back(buffer.strings.intern(text));
      continue;
    }
    auto key = read_text(text, spelling);
    if (!key) return false;
    entries_.push_back(buffer.dictionary.intern(*key));
  }
  return entries_.size() == static_cast<uint64_t>(count);
}

// values_ gets `count` values: numbers, or indexes into the buffer's dictionary.
bool SegmentReader::read_values(const Page& page, std::string_view body, size_t count, const ColumnBuffer& buffer) {
  values_.clear();
  if (!count) return true;
  size_t width = buffer.is_wide() ? 8 : 4;
  bool text = buffer.column->type == StoreType::text || buffer.column->type == StoreType::list_text;
  switch (page.encoding) {
    case parquet::kRleDictionary: {
      if (body.empty() || !decode_hybrid(body.substr(1), static_cast<uint8_t>(body[0]), count, indexes_)) return false;
      values_.reserve(count);
      for (uint32_t index : indexes_) {
        if (index >= entries_.size()) return false;
        values_.push_back(entries_[index]);
      }
      return true;
    }
    case parquet::kPlain:
      if (text || body.size() != count * width) return false;
      values_.resize(count);
      for (size_t i = 0; i < count; ++i) std::memcpy(&values_[i], body.data() + i * width, width);
      return true;
    default:
      return false;
  }
}

bool SegmentReader::append_rows(std::string_view& body, uint32_t rows, ColumnBuffer& buffer, uint32_t first,
                                const Page& page) {
  std::string_view levels;
  if (page.values != rows || !take_sized(body, levels) || !decode_hybrid(levels, 1, rows, levels_)) return false;
  size_t present = static_cast<size_t>(std::ranges::count(levels_, 1u));
  if (!read_values(page, body, present, buffer)) return false;
  size_t value = 0;
  for (uint32_t row = 0; row < rows;) {
    uint32_t end = row + 1;
    while (end < rows && levels_[end] == levels_[row]) ++end;
    if (levels_[row]) {
      auto begin = values_.begin() + static_cast<std::ptrdiff_t>(value);
      bool fit = buffer.with_width([&]<class T>(T) {
        auto fits = [](uint64_t number) { return number <= std::numeric_limits<T>::max(); };
        if (sizeof(T) < 4 && !std::all_of(begin, begin + (end - row), fits)) return false;  // INT32 has a larger range
        std::transform(begin, begin + (end - row), buffer.append<T>(first + row, end - row),
                       [](uint64_t number) { return static_cast<T>(number); });
        return true;
      });
      if (!fit) return false;
      value += end - row;
    }
    row = end;
  }
  return true;
}

bool SegmentReader::append_lists(std::string_view& body, uint32_t rows, ColumnBuffer& buffer, uint32_t first,
                                 const Page& page) {
  std::string_view bytes;
  auto count = static_cast<size_t>(page.values);
  if (count > kLargestPage / 4) return false;
  if (!take_sized(body, bytes) || !decode_hybrid(bytes, 1, count, repetition_)) return false;
  if (!take_sized(body, bytes) || !decode_hybrid(bytes, 2, count, levels_)) return false;
  if (!read_values(page, body, static_cast<size_t>(std::ranges::count(levels_, 2u)), buffer)) return false;
  size_t value = 0;
  uint32_t row = 0;
  for (size_t at = 0; at < count; ++row) {
    size_t end = at + 1;
    while (end < count && repetition_[end]) ++end;
    if (repetition_[at] || row == rows) return false;
    auto size = static_cast<size_t>(levels_[at] == 2 ? end - at : 0);
    if (std::any_of(levels_.begin() + static_cast<std::ptrdiff_t>(at),
                    levels_.begin() + static_cast<std::ptrdiff_t>(end),
                    [&](uint32_t level) { return level > 2 || (level == 2) != (size > 0); }))
      return false;
    if (!size && end - at > 1) return false;
    if (levels_[at]) {
      uint32_t* to = buffer.append_list(first + row, static_cast<uint32_t>(size));
      for (size_t i = 0; i < size; ++i) to[i] = static_cast<uint32_t>(values_[value++]);
    }
    at = end;
  }
  return row == rows;
}

}  // namespace weir
