// SPDX-License-Identifier: Apache-2.0
// PlannedWriter: the common base of the three record formats. All rows of a run have the same fields, so the layout of
// a row is worked out once per set of fields (the *plan*: constant text between values), the run's own values are
// filled in once per run, and writing a row is then a list of steps: copy this text, write that value.
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
  // text: the text itself. row_value: what precedes the value if it is written, plus kSlack bytes.
  std::string text;
  Field field{};
  uint8_t op = 0;  // row_value: how to write it, in the format's own numbering
};

struct RenderPlan {
  std::vector<PlanPiece> pieces;
  std::vector<Field> lists, texts;  // row values without a fixed size
  size_t row_bound = 0;             // maximum size of a row, not counting `lists`, `texts` and run values

  void add_text(std::string_view text);  // merges with the previous piece
  void add_run_value(Field field) { pieces.push_back({PlanPiece::Kind::run_value, {}, field}); }
  void add_row_value(const FieldInfo& field, uint8_t op, std::string_view before = {});
};

// A step of a row: `text`, then the value.
struct RenderStep {
  const char* text;
  uint32_t text_size;
  uint32_t before_size;
  const char* before;  // precedes the value, if the value is written at all
  const void* column;  // of the whole batch: index it with the row's number
  Field field;
  uint8_t op;
};

inline constexpr bool is_flow_time(Field field) {
  return field == Field::time_flow_start_ns || field == Field::time_flow_end_ns;
}

// Whether a field takes the run's value, from the datagram's header, if the run's rows have none. A record without any
// time gets its export time (as in GoFlow2). If it has only a start or only an end (an event), the other is unknown.
inline bool run_tells(Field field, const FieldMask& in_rows) {
  if (is_flow_time(field)) return !in_rows.has(Field::time_flow_start_ns) && !in_rows.has(Field::time_flow_end_ns);
  return (!is_extra(field) && info(field).column == Column::run) || field == Field::sampling_rate;
}

class PlannedWriter : public RecordWriter {
 public:
  void write(const FlowBatch& batch, std::string& out) final;

  static constexpr size_t kPlans = 256;
  // Text is copied in blocks of this size, so every source and target must have as many bytes to spare.
  static constexpr size_t kSlack = 32;

 protected:
  // Builds the layout of a row with the fields of this run.
  virtual void compile(const Run& run, RenderPlan& plan) const = 0;
  // Appends a value that all rows of the run share.
  virtual void append_run_value(Field field, const Run& run, std::string& out) const = 0;
  // Maximum size of a list element, including what surrounds it.
  virtual size_t list_value_bound() const = 0;
  // Maximum number of bytes written for one octet of a text.
  virtual size_t text_octet_bound() const = 0;
  // Writes rows [first, end) at `out`, which has enough space; returns the end.
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
  // State of the run being written.
  const Run* run_ = nullptr;
  std::string text_;  // every step's text, one after the other, and kSlack bytes
  std::vector<RenderStep> steps_;
};

}  // namespace weir
