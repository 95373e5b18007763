// SPDX-License-Identifier: Apache-2.0
// PlannedWriter: what the three record formats share. Rows of one run have the same fields, so what a row
// looks like is worked out once per set of fields (the *plan*: constant text between values), the run's own
// values are filled in once per run, and a row is then a list of steps: copy this text, write that value.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <string>
#include <vector>

#include "format/record_writer.h"

namespace weir {

// One piece of a plan, in the order of the output.
struct PlanPiece {
  enum class Kind : uint8_t { text, run_value, row_value };
  Kind kind;
  // text: as it is. row_value: what goes before the value where one is written, and kSlack bytes.
  std::string text;
  Field field{};
  uint8_t op = 0;  // row_value: how, as the format numbers its ways
};

struct RenderPlan {
  std::vector<PlanPiece> pieces;
  std::vector<Field> lists, texts;  // row values of no fixed size
  size_t row_bound = 0;             // most bytes of a row, those and run values apart

  void add_text(std::string_view text);  // merges with the piece before
  void add_run_value(Field field) { pieces.push_back({PlanPiece::Kind::run_value, {}, field}); }
  void add_row_value(const FieldInfo& field, uint8_t op, std::string_view before = {});
};

// A step of a row: `text`, then the value.
struct RenderStep {
  const char* text;
  uint32_t text_size;
  uint32_t before_size;
  const char* before;  // precedes the value, where it is written at all
  const void* column;  // of the whole batch: index with the row's number
  Field field;
  uint8_t op;
};

inline constexpr bool is_flow_time(Field field) {
  return field == Field::time_flow_start_ns || field == Field::time_flow_end_ns;
}

// Fields whose value is the run's where its rows have none: what the datagram's header says. A record without any time
// has that of its export (as GoFlow2 has it). Of one that has a start or an end only, an event, the other is not known.
inline bool run_tells(Field field, const FieldMask& in_rows) {
  if (is_flow_time(field)) return !in_rows.has(Field::time_flow_start_ns) && !in_rows.has(Field::time_flow_end_ns);
  return (!is_extra(field) && info(field).column == Column::run) || field == Field::sampling_rate;
}

class PlannedWriter : public RecordWriter {
 public:
  void write(const FlowBatch& batch, std::string& out) final;

  static constexpr size_t kPlans = 256;
  // Text is copied in blocks of this size, so every source and every target has as much to spare.
  static constexpr size_t kSlack = 32;

 protected:
  // What a row with these fields looks like.
  virtual void compile(const Run& run, RenderPlan& plan) const = 0;
  // Appends a value that all rows of the run share.
  virtual void append_run_value(Field field, const Run& run, std::string& out) const = 0;
  // Most bytes of a list's values, each with what surrounds it.
  virtual size_t list_value_bound() const = 0;
  // Most bytes that an octet of a text takes.
  virtual size_t text_octet_bound() const = 0;
  // Writes rows [first, end) at `out`, where there is room; returns the end.
  virtual char* write_rows(const FlowBatch& batch, uint32_t first, uint32_t end, char* out) const = 0;

  // Copies `size` bytes; may read and write up to kSlack - 1 more.
  static char* copy(char* out, const char* from, size_t size) {
    __builtin_memcpy(out, from, kSlack);
    if (size > kSlack) [[unlikely]]
      __builtin_memcpy(out + kSlack, from + kSlack, size - kSlack);
    return out + size;
  }

  const std::vector<RenderStep>& steps() const { return steps_; }
  const Run& run() const { return *run_; }

 private:
  struct PlanKey {
    FieldMask mask;
    FlowType type;
    bool operator==(const PlanKey&) const = default;
    template <class H>
    friend H AbslHashValue(H h, const PlanKey& k) {
      return H::combine(std::move(h), k.mask.bits, k.type);
    }
  };
  const RenderPlan& plan_for(const Run& run);
  void prepare(const FlowBatch& batch, const Run& run, const RenderPlan& plan);
  size_t rows_bound(const FlowBatch& batch, const RenderPlan& plan, uint32_t first, uint32_t end) const;

  absl::flat_hash_map<PlanKey, std::unique_ptr<RenderPlan>> plans_;
  // Of the run being written.
  const Run* run_ = nullptr;
  std::string text_;  // every step's text, end to end, and kSlack bytes
  std::vector<RenderStep> steps_;
};

}  // namespace weir
