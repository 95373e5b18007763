// SPDX-License-Identifier: Apache-2.0
#include "sink/file_output.h"

#include <errno.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/error.h"
#include "base/log.h"
#include "os/advice.h"
#include "os/file.h"

namespace weir {

namespace {

constexpr std::chrono::milliseconds kPause{200};  // how often an idle output checks whether to reopen
constexpr int kPipeWaitMs = 100;                  // how often it checks whether to stop while a pipe is full

std::string remedy(int error) {
  const std::string advice(os::advice(error));
  switch (output_error(error)) {
    case OutputError::no_space:
      return advice + "; writing goes on by itself then";
    case OutputError::file_too_large:
      return advice + ", or rotate the file (move it and send SIGHUP)";
    case OutputError::closed_pipe:
      return "start the reader again";
    case OutputError::stop_timeout:
    case OutputError::stuck_pipe:
      return "stopped all the same: the reader of the pipe takes nothing";
    default:
      return advice + ", or name another path with --transport.file";
  }
}

QueuedOutputConfig queued(const FileOutputConfig& config) {
  return {.thread = "sink-file",
          .log = "sink",
          .queue = {.batches = config.queue_batches},
          .stop_time = config.stop_time,
          .pause = kPause,
          .is_woken = true,
          .where = config.where};
}

}  // namespace

FileOutput::FileOutput(const FileOutputConfig& config, OutputCounts& entry)
    : QueuedOutput(queued(config), entry),
      config_(config),
      writer_(make_record_writer(config.format, config.fields, *config.table)) {
  open();
}

void FileOutput::open() {
  refuse_other_columns();
  file_ = os::OutputFile::open(config_.path);
  begun_record_.clear();
  header_wanted_ = file_.is_empty();
  line_break_wanted_ = config_.format != RecordFormat::protobuf && file_.ends_within_line();
}

// Lines with other columns would be misread under the header of an existing CSV file.
void FileOutput::refuse_other_columns() const {
  std::string header;
  writer_->header(header);
  if (header.empty() || !os::is_regular_file(config_.path)) return;
  std::string first = os::first_bytes(config_.path, header.size());
  if (!first.empty() && first != header)
    throw usage_error(config_.path + " begins with other columns than those chosen; name another file with " +
                      "--transport.file, or choose the same --fields");
}

void FileOutput::reopen_now() {
  if (config_.path == "-") return;
  try {
    open();
    log_info("sink", "opened " + config_.path + " again");
  } catch (const Error& e) {
    log_error("sink", std::string(e.what()) + "; the file opened before stays in use");
  }
}

void FileOutput::begin() {
  if (reopen_wanted_.exchange(false, std::memory_order_relaxed)) reopen_now();
  begin_buffer();
  flush();
}

void FileOutput::work(bool idle) {
  if (!idle && buffer_.size() < kBufferBytes) return;
  flush();
  if (reopen_wanted_.exchange(false, std::memory_order_relaxed)) reopen_now();
}

// Buffers what must precede the first record, if the file's state requires anything.
void FileOutput::begin_buffer() {
  buffer_ += begun_record_;
  if (line_break_wanted_) buffer_ += '\n';
  if (header_wanted_) writer_->header(buffer_);
  head_bytes_ = buffer_.size();
}

void FileOutput::take(const FlowBatch& batch) {
  if (buffer_.empty()) begin_buffer();
  writer_->write(batch, buffer_);
  for (const Run& run : batch.runs()) {
    if (!pending_.empty() && pending_.back().entry == run.entry)
      pending_.back().rows += run.rows;
    else
      pending_.push_back({run.entry, run.rows});
  }
}

void FileOutput::flush() {
  if (buffer_.empty()) return;
  size_t written = 0;
  int error = stuck_ ? EAGAIN : write_buffer(&written);
  size_t records = 0;
  for (const Pending& p : pending_) records += p.rows;
  size_t stored = records;
  OutputError reason = error == EAGAIN && out_of_time() ? OutputError::stop_timeout : output_error(error);
  if (error) {
    stored = keep_whole_records(written);
    report_lost(error, reason, records - stored);
  } else {
    header_wanted_ = line_break_wanted_ = false;
    begun_record_.clear();
    counters_.sent_bytes(written);
    works("writing to " + config_.path + " again");
  }
  settle(stored, reason);
  buffer_.clear();
  pending_.clear();
  head_bytes_ = 0;
}

// Writes the buffer, waiting for a pipe as long as necessary; once stopping, only as long as its reader still reads.
int FileOutput::write_buffer(size_t* written) {
  int waited_ms = 0;
  for (;;) {
    size_t now = 0;
    int error = file_.write(std::string_view(buffer_).substr(*written), &now);
    *written += now;
    if (error != EAGAIN) return error;
    if (now > 0) waited_ms = 0;
    if (waited_ms >= config_.stuck_pipe_ms || out_of_time()) {
      stuck_ = true;
      return error;
    }
    file_.wait_writable(kPipeWaitMs);
    if (stopping()) waited_ms += kPipeWaitMs;
  }
}

// After an incomplete write: makes sure that the next one begins with a whole record. Returns the number of records
// that are in the file.
size_t FileOutput::keep_whole_records(size_t written) {
  std::string_view bytes = buffer_;
  WholeRecords whole;
  size_t keep = 0;
  if (written >= head_bytes_) {
    whole = count_whole_records(config_.format, bytes.substr(head_bytes_, written - head_bytes_));
    keep = head_bytes_ + whole.bytes;
    header_wanted_ = line_break_wanted_ = false;
    begun_record_.clear();
  }
  counters_.sent_bytes(keep);
  if (written == keep || file_.cut_back(written - keep)) return whole.records;
  if (written < head_bytes_)
    begun_record_ = bytes.substr(written, head_bytes_ - written);
  else
    begun_record_ = bytes.substr(written, keep + first_record_size(config_.format, bytes.substr(keep)) - written);
  header_wanted_ = line_break_wanted_ = false;
  return whole.records;
}

// The first `written` of the buffer's records are in the file, the rest are lost.
void FileOutput::settle(size_t written, OutputError reason) {
  size_t left = written;
  for (const Pending& p : pending_) {
    const auto taken = std::min<size_t>(p.rows, left);
    left -= taken;
    if (taken) acknowledge(p.entry, taken);
    if (p.rows > taken) drop(p.entry, reason, p.rows - taken);
  }
}

// /dev/stdout and the like are pipes that nobody else can open again.
bool FileOutput::reader_is_final() const {
  if (config_.path == "-") return true;
  return std::ranges::any_of(std::array{"/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/"},
                             [&](const char* start) { return config_.path.starts_with(start); });
}

void FileOutput::report_lost(int error, OutputError reason, size_t records) {
  counters_.error(reason);
  if (reason == OutputError::closed_pipe && reader_is_final()) {
    broken_.store(true, std::memory_order_relaxed);  // the caller that stops because of it reports it
    return;
  }
  report(reason, "cannot write to " + config_.path + ": " + os::error_text(error), {.records = records, .samples = 0},
         remedy(error));
}

}  // namespace weir
