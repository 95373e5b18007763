// SPDX-License-Identifier: Apache-2.0
// Stage: processes a batch between decoding and publishing: a filter, an enrichment, the join with subscriber sessions.
//
//   in       batches that nothing else has access to yet
//   out      values in its own columns, which neither decoders nor other stages fill; rows removed
//   threads  pass() from any worker, from several at once
//   memory   texts: its share of the batch's text arena
//   counts   rows removed, texts truncated or omitted: in the entries of their exporters (StageBatch)
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "flow/batch.h"

namespace weir {

// A batch as seen by one stage.
class StageBatch {
 public:
  // `owned`: the stage's columns; `text_bytes`: its share of the text arena.
  StageBatch(FlowBatch& flows, const FieldMask& owned, size_t text_bytes);

  const FlowBatch& flows() const { return flows_; }
  // A column of the stage, indexed by row number. Afterwards all rows of that run have a value in it, which the caller
  // must set.
  template <class T>
  T* fill(size_t run, Field field) {
    WEIR_ASSERT(owned_.has(field));
    flows_.run(run).mask.set(field);
    return flows_.column<T>(field);
  }
  // If there is no space left, the text is empty.
  TextRef add_text(size_t run, std::string_view text);
  // Removes the row from all outputs.
  void leave_out(uint32_t row);

  // Per run: what the stage did to it.
  struct Counts {
    uint32_t cut_texts = 0, left_out = 0;
  };
  std::span<const Counts> counts() const { return counts_; }
  // Removes the rows passed to leave_out(); this changes the numbers of rows and runs.
  void close();

 private:
  FlowBatch& flows_;
  const FieldMask owned_;
  std::vector<Counts> counts_;     // by run
  std::vector<uint8_t> left_out_;  // by row; empty: none
};

class Stage {
 public:
  virtual ~Stage() = default;
  virtual std::string_view name() const = 0;  // for messages
  virtual FieldMask columns() const = 0;
  // The most octets of text that it adds to a batch.
  virtual size_t text_bytes() const { return 0; }
  // Called once for each batch.
  virtual void pass(StageBatch& batch) = 0;
};

}  // namespace weir
