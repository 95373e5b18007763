// SPDX-License-Identifier: Apache-2.0
// FileOutput: records to a file, a named pipe or standard output.
//
//   in       offer() from any thread; stats(), reopen(), broken() too. Counter samples are filtered
//   out      few large writes; at once when the queue is empty. Acknowledged is what the kernel has taken: a killed
//            process loses none of it, a machine without power may
//   threads  one of its own
//   memory   `queue_batches` batches, and a buffer of kBufferBytes and the records of one batch
//   failure  cannot open: usage_error that names the path. A failed write loses its records, counted under a
//            named reason and logged at most once in 10 s; later ones are tried again, so it recovers by itself
//
// A file never holds half a record followed by another: after a write that came part of the way, the file is cut
// back to the last whole record; a pipe gets the rest of the record first when it takes anything again. A full pipe
// is waited for, until stop() loses patience with its reader, or its time is over.
// Existing files are appended to; CSV's line of names is written only where the file is empty.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "format/record_writer.h"
#include "os/output_file.h"
#include "output/queued_output.h"

namespace weir {

struct FileOutputConfig {
  std::string path = "-";  // "-": standard output
  RecordFormat format = RecordFormat::json;
  std::vector<Field> fields = {};  // empty: all
  const FieldTable* table = &FieldTable::plain();
  size_t queue_batches = limits::kQueueBatches;
  int stuck_pipe_ms = 5'000;            // how long stop() waits for a pipe that takes nothing
  const StopTime* stop_time = nullptr;  // after it what is queued is given up; nullptr: never
};

class FileOutput final : public QueuedOutput {
 public:
  // Opens the file. `entry` outlives the output.
  FileOutput(const FileOutputConfig& config, OutputCounts& entry);
  ~FileOutput() override { stop(); }

  // Soon after: what is buffered is written, the path closed and opened again (after logrotate moved the file).
  // Where it cannot be opened the old file stays in use. Nothing for standard output.
  void reopen() override { reopen_wanted_.store(true, std::memory_order_relaxed); }
  std::string destination() const override { return config_.path == "-" ? "standard output" : config_.path; }
  // The reader of standard output, or of another pipe without a name, has gone. That of a named one may come back.
  bool broken() const override { return broken_.load(std::memory_order_relaxed); }

  static constexpr size_t kBufferBytes = 256 << 10;

 private:
  // Rows in the buffer, in its order, and whose they are.
  struct Pending {
    uint32_t entry;
    uint32_t rows;
  };

  void open();
  void refuse_other_columns() const;
  void reopen_now();
  void begin() override;
  void take(const FlowBatch& batch) override;
  using QueuedOutput::take;
  void work(bool idle) override;
  void begin_buffer();
  void flush();
  int write_buffer(size_t* written);
  bool reader_is_final() const;
  size_t keep_whole_records(size_t written);
  void settle(size_t stored_records, OutputError reason);
  void report_lost(int error, OutputError reason, size_t records);

  const FileOutputConfig config_;
  std::unique_ptr<RecordWriter> writer_;

  // Of the output's thread.
  os::OutputFile file_;
  bool header_wanted_ = false;      // the file is empty
  bool line_break_wanted_ = false;  // the file ends within a line
  std::string begun_record_;        // the rest of a record that a pipe has the beginning of
  bool stuck_ = false;              // given up waiting for the pipe's reader
  std::string buffer_;
  size_t head_bytes_ = 0;  // of the buffer, before the first record
  std::vector<Pending> pending_;

  std::atomic<bool> reopen_wanted_{false}, broken_{false};
};

}  // namespace weir
