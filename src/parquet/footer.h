// SPDX-License-Identifier: Apache-2.0
// Reads the footer of a segment and checks its checksum (docs/formats/store.md). Parquet has no checksum for the
// footer, yet its minima, maxima and row counts answer queries without reading the pages, which have checksums.
//
//   in       a segment; nothing in it is trusted
//   failure  reading: an errno (nothing is known about the segment), as distinct from damage
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "os/file.h"

namespace weir {

// A key of the file's key-value metadata. Its value is the CRC-32 (zlib's) of the footer as eight hexadecimal digits,
// computed with eight zeros in their place.
inline constexpr std::string_view kFooterChecksumKey = "weir.footer_crc32";
inline constexpr std::string_view kFooterChecksumPlace = "00000000";

// Writes the checksum into its place; the footer must contain the key.
void set_footer_checksum(std::string& footer);

struct Footer {
  std::string bytes;    // FileMetaData
  int error = 0;        // errno, if it could not be read
  std::string problem;  // what is damaged, or why it could not be read; "" if it is intact
};
// A footer without the key, as in older segments, is accepted without a check.
Footer read_footer(const os::File& file);

// The field ids of the columns. Empty if the footer is malformed, or if a column has no id.
std::vector<int32_t> column_ids(std::string_view footer);

}  // namespace weir
