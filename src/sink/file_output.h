// SPDX-License-Identifier: Apache-2.0
// FileOutput: writes records to a file, a named pipe or standard output.
//
//   in       offer() from any thread; stats(), reopen(), broken() too. Counter samples are filtered
//   out      few large writes; immediately when the queue is empty. Records are acknowledged once the kernel has
//            accepted them: if the process is killed none of them is lost, if the machine loses power they may be
//   threads  one of its own
//   memory   `queue_batches` batches, and a buffer of kBufferBytes and the records of one batch
//   failure  cannot open: usage_error that names the path. The records of a failed write are lost, counted under a
//            named reason and logged at most once in 10 s; later writes are tried again, so it recovers by itself
//
// A file never contains half a record followed by another: after a partial write, the file is cut back to the last
// whole record; a pipe gets the rest of the record first when it accepts data again. It waits while a pipe is full,
// until stop() has waited too long for its reader, or until the stop time is over.
// Existing files are appended to; CSV's header line is written only if the file is empty.
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
  int stuck_pipe_ms = 5'000;                         // how long stop() waits for a pipe that accepts nothing
  const StopTime* stop_time = nullptr;               // after it queued data is dropped; nullptr: never
  std::shared_ptr<const Predicate> where = nullptr;  // which records are written; nullptr: all
};

class FileOutput final : public QueuedOutput {
 public:
  // Opens the file. `entry` must outlive the output.
  FileOutput(const FileOutputConfig& config, OutputCounts& entry);
  ~FileOutput() override { stop(); }

  // Takes effect soon after: buffered data is written, the path closed and opened again (after logrotate moved the
  // file). If it cannot be opened, the old file stays in use. Does nothing for standard output.
  void reopen() override { reopen_wanted_.store(true, std::memory_order_relaxed); }
  std::string destination() const override { return config_.path == "-" ? "standard output" : config_.path; }
  // Whether the reader of standard output, or of another unnamed pipe, is gone. A named pipe may get a reader again.
  bool broken() const override { return broken_.load(std::memory_order_relaxed); }

  static constexpr size_t kBufferBytes = 256 << 10;

 private:
  // Rows in the buffer, in its order, and the ledger entry they belong to.
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

  // Used by the output's thread only.
  os::OutputFile file_;
  bool header_wanted_ = false;      // the file is empty
  bool line_break_wanted_ = false;  // the file ends within a line
  std::string begun_record_;        // the rest of a record whose beginning a pipe has received
  bool stuck_ = false;              // no longer waiting for the pipe's reader
  std::string buffer_;
  size_t head_bytes_ = 0;  // bytes of the buffer before the first record
  std::vector<Pending> pending_;

  std::atomic<bool> reopen_wanted_{false}, broken_{false};
};

}  // namespace weir
