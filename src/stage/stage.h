// SPDX-License-Identifier: Apache-2.0
// Stage: what a batch passes between decoding and publishing: a filter, an enrichment, the join with sessions of
// subscribers.
//
//   in       batches that nobody else sees yet
//   out      values in columns of its own, which neither decoders nor other stages fill; rows left out
//   threads  pass() from any worker, from several at once
//   memory   texts: its share of the batch's arena
//   counts   rows left out, texts that are cut or find no room: in the entries of their exporters (StageBatch)
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "flow/batch.h"

namespace weir {

// A batch at a stage.
class StageBatch {
 public:
  // `owned`: the stage's columns; `text_bytes`: its share.
  StageBatch(FlowBatch& flows, const FieldMask& owned, size_t text_bytes);

  const FlowBatch& flows() const { return flows_; }
  // A column of the stage, by the number of the row. The rows of that run, all of them, have a value in it from now on:
  // to be set by the caller.
  template <class T>
  T* fill(size_t run, Field field) {
    WEIR_ASSERT(owned_.has(field));
    flows_.run(run).mask.set(field);
    return flows_.column<T>(field);
  }
  // Where there is no room the text is empty.
  TextRef add_text(size_t run, std::string_view text);
  // The row goes to no output.
  void leave_out(uint32_t row);

  // For each run: what happened to it.
  struct Counts {
    uint32_t cut_texts = 0, left_out = 0;
  };
  std::span<const Counts> counts() const { return counts_; }
  // Takes the rows out that are left out; the numbers of rows and runs are others then.
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
  // Octets of texts that it adds to a batch, at most.
  virtual size_t text_bytes() const { return 0; }
  // Once for each batch.
  virtual void pass(StageBatch& batch) = 0;
};

}  // namespace weir
