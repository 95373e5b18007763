// SPDX-License-Identifier: Apache-2.0
// A plan: a template, compiled once into what is needed to decode its data sets. Immutable, shared by all workers.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/protocol.h"
#include "elements/elements.h"
#include "flow/field_table.h"
#include "templates/option_steps.h"
#include "wire/template_record.h"

namespace weir {

// Moves one element of every record of a set into one column.
struct Step {
  Convert convert;
  Field field;
  bool merge = false;  // the field was filled by an earlier step: see Element
  bool fills = false;  // applies only if that left the field 0, or a text empty
  uint8_t ip_version = 0;
  uint16_t offset = 0;    // in a record of fixed length, octets
  uint16_t width = 0;     // octets; kVariableLength if each record gives it
  uint16_t position = 0;  // index of the field in the template
};

// The same for a field that the configuration adds.
struct ExtraStep {
  ElementType type;
  Field field;
  uint16_t offset = 0;
  uint16_t width = 0;
  uint16_t position = 0;
};

// The original exporter of a record sent by a mediator (IE 130, 131).
struct ExporterStep {
  bool is_v6 = false;
  uint16_t offset = 0;
  uint16_t position = 0;
};

// octetDeltaCount or packetDeltaCount (IE 1, 2), together with the post counter (IE 23, 24), which some exporters use
// for the reverse direction.
struct CounterPair {
  Field counter, reverse;
  uint16_t offset = 0;  // of the post counter
  uint16_t width = 0;
  uint16_t position = 0;
};

// A field of structured data: read after all steps, record by record.
struct ListField {
  ListKind kind;
  uint16_t position;
};

// A field that contains the beginning of a packet, and the fields that describe it.
enum class SectionKind : uint8_t { frame, ip_packet };
struct SectionField {
  static constexpr uint16_t kNone = 0xffff;
  SectionKind kind;
  uint16_t position;
  uint16_t type_position = kNone;    // IE 408 dataLinkFrameType
  uint16_t offset_position = kNone;  // IE 409 sectionOffset, 102
  uint16_t size_position = kNone;    // IE 410 sectionExportedOctets, 103
};

struct Plan {
  uint16_t id = 0;
  Protocol protocol = Protocol::unknown;
  TemplateKind kind = TemplateKind::data;
  bool fixed = true;           // every record has record_length octets
  uint32_t record_length = 0;  // fixed: the length; else the minimum
  FieldMask mask;              // columns that the steps fill
  std::vector<Step> steps;
  std::vector<ExtraStep> extra_steps;
  std::vector<OptionStep> option_steps;
  std::vector<ExporterStep> exporter_steps;
  std::vector<CounterPair> counter_pairs;
  std::vector<ListField> lists;
  std::vector<SectionField> sections;
  bool differs = false;             // lists or sections: which columns are filled differs from record to record
  std::vector<uint16_t> lengths;    // of every field in order, kVariableLength if each record gives it
  uint16_t init_position = 0xffff;  // of IE 160 (systemInitTimeMilliseconds) in the record, if it has one
  uint32_t text_bytes = 0;          // maximum that the texts of a record take in a batch
  bool uptime_times = false;        // has times relative to the exporter's boot
  bool has_addresses4 = false, has_addresses6 = false;
  bool appends = false;   // some steps append to lists
  TemplateRecord record;  // `fields` are kept only on request: they are in the wire record, too
  uint32_t bytes = 0;     // of memory, including everything it owns

  bool same_layout(const TemplateRecord& other) const { return kind == other.kind && record.wire == other.wire; }
};

// Whether a plan keeps record.fields, for display. They are a third of the memory of a plan of many fields.
enum class KeepFields : uint8_t { yes, no };

// Never fails: read_template() has already refused anything that cannot become a plan.
std::shared_ptr<const Plan> compile_plan(TemplateRecord record, Protocol protocol,
                                         const FieldTable& fields = FieldTable::plain(),
                                         KeepFields keep = KeepFields::yes);
// Upper bound for that plan's bytes, before it is compiled.
size_t max_plan_bytes(const TemplateRecord& record);

// NetFlow v1, v5 and v7 have one fixed record layout each; as plans they are decoded by the same code.
const Plan& netflow1_plan();
const Plan& netflow5_plan();
const Plan& netflow7_plan();

}  // namespace weir
