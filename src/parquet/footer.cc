// SPDX-License-Identifier: Apache-2.0
#include "parquet/footer.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "base/assert.h"
#include "parquet/thrift_reader.h"

namespace weir {
namespace {

constexpr std::string_view kMagic = "PAR1";
constexpr size_t kTail = 8;  // length of the footer, magic
constexpr size_t kLargestFooter = 64u << 20;
// How much of the footer's end is searched for the key, because the footer's length may be wrong.
constexpr size_t kLookBack = 8'192;

// The Thrift bytes between key and value: the header of the next field (binary), then the length 8.
constexpr std::string_view kBeforeValue("\x18\x08", 2);

// The position of the value; npos if the key, or what must follow it, is missing.
size_t value_at(std::string_view footer) {
  size_t key = footer.rfind(kFooterChecksumKey);
  if (key == std::string_view::npos) return key;
  size_t value = key + kFooterChecksumKey.size() + kBeforeValue.size();
  bool whole = footer.substr(key + kFooterChecksumKey.size()).starts_with(kBeforeValue) &&
               value + kFooterChecksumPlace.size() <= footer.size();
  return whole ? value : std::string_view::npos;
}

std::string checksum(const std::string& footer) {
  char digits[kFooterChecksumPlace.size() + 1];
  unsigned long crc = ::crc32_z(0, reinterpret_cast<const unsigned char*>(footer.data()), footer.size());
  std::snprintf(digits, sizeof digits, "%08lx", crc);
  return digits;
}

// What is wrong, or "". `end`: the footer; if it is short, also the bytes before it.
std::string problem_of(const std::string& end, std::string footer) {
  if (!end.contains(kFooterChecksumKey)) return "";
  size_t at = value_at(footer);
  if (at == std::string::npos) return "the footer is damaged (its length, or the place of its checksum)";
  const std::string said = footer.substr(at, kFooterChecksumPlace.size());
  footer.replace(at, said.size(), kFooterChecksumPlace);
  return checksum(footer) == said ? "" : "the footer is damaged (its checksum is wrong)";
}

}  // namespace

void set_footer_checksum(std::string& footer) {
  size_t at = value_at(footer);
  WEIR_ASSERT(at != std::string::npos);
  footer.replace(at, kFooterChecksumPlace.size(), checksum(footer));
}

Footer read_footer(const os::File& file) {
  Footer footer;
  const uint64_t size = os::file_size(file);
  auto read = [&](uint64_t offset, size_t count) {
    std::string bytes = os::bytes_at(file, offset, count, footer.error);
    if (footer.error)
      footer.problem = os::error_text(footer.error);
    else if (bytes.size() < count)
      footer.problem = "the file ends too early";
    return bytes;
  };
  const std::string tail = read(size < kTail ? 0 : size - kTail, kTail);
  if (footer.error) return footer;
  if (size < kMagic.size() + kTail) return {"", 0, "too short"};
  if (tail.substr(4) != kMagic) return {"", 0, "does not end as a Parquet file does"};
  uint32_t length;
  std::memcpy(&length, tail.data(), sizeof length);
  const uint64_t before_tail = size - kTail;
  if (length > kLargestFooter || length > before_tail - kMagic.size()) return {"", 0, "the footer's length is wrong"};
  const size_t looked_at = static_cast<size_t>(std::min<uint64_t>(std::max<size_t>(length, kLookBack), before_tail));
  const std::string end = read(before_tail - looked_at, looked_at);
  if (!footer.problem.empty()) return footer;
  footer.bytes = end.substr(looked_at - length);
  footer.problem = problem_of(end, footer.bytes);
  return footer;
}

// FileMetaData has the schema in field 2: the root, whose children follow; a SchemaElement has its id in field 9.
std::vector<int32_t> column_ids(std::string_view footer) {
  constexpr int64_t kSchema = 2, kFieldId = 9;
  std::vector<int32_t> ids;
  size_t elements = 0;
  ThriftReader reader(footer);
  auto read_element = [&] {
    if (!reader.enter_struct()) return;
    ++elements;
    reader.read_struct([&](int64_t field) {
      if (field == kFieldId) ids.push_back(static_cast<int32_t>(reader.integer()));
    });
  };
  reader.read_struct([&](int64_t field) {
    if (field == kSchema) reader.read_list(read_element);
  });
  if (!reader.ok() || ids.size() + 1 != elements) return {};
  return ids;
}

}  // namespace weir
