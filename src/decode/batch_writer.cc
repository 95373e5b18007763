// SPDX-License-Identifier: Apache-2.0
#include "decode/batch_writer.h"

#include <algorithm>
#include <utility>

namespace weir {

static FlowType flow_type(Protocol protocol) {
  switch (protocol) {
    case Protocol::netflow1:
      return FlowType::netflow1;
    case Protocol::netflow5:
      return FlowType::netflow5;
    case Protocol::netflow7:
      return FlowType::netflow7;
    case Protocol::netflow9:
      return FlowType::netflow9;
    case Protocol::ipfix:
      return FlowType::ipfix;
    case Protocol::sflow5:
      return FlowType::sflow5;
    case Protocol::unknown:
      break;
  }
  return FlowType::unknown;
}

BatchWriter::BatchWriter(BatchPool& pool, Emit emit, size_t kept_free)
    : pool_(pool), emit_(std::move(emit)), kept_free_(kept_free) {
  begin_batch();
}

void BatchWriter::begin_batch() {
  batch_ = pool_.take();
  batch_->texts().keep_free(kept_free_);
}

void BatchWriter::flush() {
  if (batch_->empty()) return;
  emit_(std::move(batch_));
  begin_batch();
}

uint32_t BatchWriter::space(size_t text_bytes) {
  if (batch_->space() == 0 || batch_->texts().space() < text_bytes) flush();
  if (text_bytes == 0) return batch_->space();
  return static_cast<uint32_t>(std::min<size_t>(batch_->space(), batch_->texts().space() / text_bytes));
}

Run& BatchWriter::begin_run(const Message& message, FieldMask mask, uint32_t rows) {
  Run& run = batch_->append_run(rows);
  run.type = flow_type(message.key.protocol);
  run.exporter = message.exporter;
  run.exporter_port = message.key.port;
  run.domain = has_templates(message.key.protocol) ? message.key.domain : 0;
  run.sequence = message.context.sequence;
  run.received_ns = message.context.received_ns;
  run.clock_held = message.context.clock_held;
  run.export_ns = message.context.export_ns;
  run.entry = message.entry().index;
  run.mask = mask;
  return run;
}

}  // namespace weir
