// SPDX-License-Identifier: Apache-2.0
// A segment that is not one, and its encodings: never a crash, never a loop, never more memory than a page.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "store/decodings.h"
#include "store/segment_reader.h"

namespace weir {
namespace {

void read_file(std::string_view bytes) {
  os::File file(::memfd_create("segment", MFD_CLOEXEC));
  if (os::write_all(file.fd(), bytes.data(), bytes.size())) return;
  SegmentReader reader;
  if (!reader.open(std::move(file))) return;
  for (size_t group = 0; group < reader.row_groups(); ++group) {
    WholeChunk chunk;
    for (size_t i = 0; i < reader.chunks(group); ++i) reader.read_whole(group, i, chunk);
    std::vector<ColumnBuffer> columns;
    for (const StoreColumn& column : store_columns()) columns.emplace_back(column);
    if (!reader.read(group, columns, 0)) return;
    for (const ColumnBuffer& column : columns)
      if (column.rows > reader.rows(group)) __builtin_trap();
  }
}

}  // namespace
}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.empty()) return 0;
  std::vector<uint32_t> numbers;
  size_t count = 1 + bytes.size() % 1'000;
  if (weir::decode_hybrid(bytes.substr(1), static_cast<uint8_t>(bytes[0]), count, numbers) && numbers.size() != count)
    __builtin_trap();
  weir::read_file(bytes);
  return 0;
}
