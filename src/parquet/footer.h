// SPDX-License-Identifier: Apache-2.0
// The footer of a segment, with a checksum of its own (docs/formats/store.md): Parquet has none for it, and what it
// says of minima, maxima and numbers of rows answers questions without a look at the pages, which have theirs.
//
//   in       a segment; nothing in it is trusted
//   failure  reading: an errno (nothing is known of the segment) apart from damage
#pragma once

#include <string>
#include <string_view>

#include "os/file.h"

namespace weir {

// A key of the file's key-value metadata. Its value is the CRC-32 (zlib's) of the footer, which has eight zeros in its
// place then, as eight hexadecimal digits.
inline constexpr std::string_view kFooterChecksumKey = "weir.footer_crc32";
inline constexpr std::string_view kFooterChecksumPlace = "00000000";

// Puts the checksum into its place; the footer has the key.
void set_footer_checksum(std::string& footer);

struct Footer {
  std::string bytes;    // FileMetaData
  int error = 0;        // errno: it could not be read
  std::string problem;  // what is damaged, or why it could not be read; "" where it is whole
};
// A footer without the key, as segments had before, is taken as it is.
Footer read_footer(const os::File& file);

}  // namespace weir
