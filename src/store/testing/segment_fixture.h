// SPDX-License-Identifier: Apache-2.0
// A test fixture that writes segments into a folder and reads them back row by row with our own reader.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "os/file.h"
#include "parquet/column_chunk.h"
#include "store/segment_reader.h"
#include "store/segment_writer.h"

namespace weir {

class SegmentTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = os::temporary_path("segment_test");
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  // Writes the batch and renames the file to its final name.
  SegmentFigures write(const FlowBatch& batch, const std::string& name) {
    SegmentWriter writer(path(name));
    EXPECT_EQ(writer.add(batch, batch.runs()), 0);
    return finish(writer);
  }
  static SegmentFigures finish(SegmentWriter& writer) {
    SegmentFigures figures;
    EXPECT_EQ(writer.finish(figures), 0);
    std::filesystem::rename(writer.path() + ".tmp", writer.path());
    return figures;
  }
  std::string folder_;
};

// One row as text by column, as a reader sees it.
using Row = std::map<std::string, std::string>;

inline std::string value_text(const ColumnBuffer& buffer, uint32_t raw) {
  if (buffer.column->type != StoreType::text && buffer.column->type != StoreType::list_text) return std::to_string(raw);
  if (buffer.is_strings()) return std::string(buffer.strings.text(raw));
  char text[kLongestText];
  return {text, write_text(text, info_of(*buffer.column).spelling, buffer.dictionary.keys()[raw])};
}

inline void add_column(const ColumnBuffer& buffer, std::vector<Row>& rows) {
  size_t row = 0, value = 0, element = 0;
  for (const PresenceRun& run : buffer.presence) {
    for (uint32_t i = 0; i < run.rows; ++i, ++row) {
      if (!run.present) continue;
      std::string& text = rows[row][std::string(buffer.column->name)];
      if (buffer.is_list()) {
        for (uint32_t k = 0; k < buffer.list_sizes[value]; ++k)
          text += value_text(buffer, buffer.words[element++]) + " ";
      } else {
        text = buffer.is_wide() ? std::to_string(static_cast<int64_t>(buffer.longs[value]))
                                : value_text(buffer, buffer.with_width([&]<class T>(T) {
                                    return static_cast<uint32_t>(buffer.numbers<T>()[value]);
                                  }));
      }
      ++value;
    }
  }
}

inline std::vector<Row> read_all(const std::string& path, std::span<const StoreColumn> columns = store_columns()) {
  SegmentReader reader(columns);
  EXPECT_TRUE(reader.open(path)) << reader.problem();
  std::vector<Row> all;
  for (size_t group = 0; group < reader.row_groups(); ++group) {
    std::vector<ColumnBuffer> buffers(columns.begin(), columns.end());
    EXPECT_TRUE(reader.read(group, buffers, 0)) << reader.problem();
    std::vector<Row> rows(reader.rows(group));
    for (const ColumnBuffer& buffer : buffers) add_column(buffer, rows);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

inline weir::Run& begin_run(FlowBatch& batch, uint32_t rows, std::initializer_list<Field> fields) {
  weir::Run& run = batch.append_run(rows);
  run.type = FlowType::ipfix;
  run.exporter = *IpAddress::parse("192.0.2.9");
  run.domain = 7;
  run.sequence = 100;
  run.received_ns = 1'700'000'000'123'456'789;
  run.sampling_rate = 64;
  for (Field field : fields) run.mask.set(field);
  return run;
}

}  // namespace weir
