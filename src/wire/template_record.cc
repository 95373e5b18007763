// SPDX-License-Identifier: Apache-2.0
#include "wire/template_record.h"

#include <algorithm>

#include "base/limits.h"

namespace weir {
namespace {

// NetFlow v9 options template (RFC 3954 §6.1): id, scope length and option length in *octets*, then four octets per
// field. Some exporters count a few octets too many: only the whole fields that fit are meant.
// IPFIX options template (RFC 7011 §3.4.2.2): id, field count, scope field count, then the fields.
struct Counts {
  size_t fields = 0;
  size_t scope = 0;
  bool valid = true;
};

Counts read_counts(ByteReader& set, Protocol protocol, TemplateKind kind) {
  Counts counts;
  if (kind == TemplateKind::data) {
    counts.fields = set.u16();
    return counts;
  }
  if (protocol == Protocol::netflow9) {
    uint16_t scope_bytes = set.u16(), option_bytes = set.u16();
    counts.scope = scope_bytes / 4;
    counts.fields = counts.scope + option_bytes / 4;
    return counts;
  }
  counts.fields = set.u16();
  if (counts.fields == 0) return counts;  // withdrawal: no scope count follows (RFC 7011 §8.1)
  counts.scope = set.u16();
  counts.valid = counts.scope > 0 && counts.scope <= counts.fields;
  return counts;
}

FieldSpecifier read_field(ByteReader& set, Protocol protocol, bool scope) {
  FieldSpecifier field;
  uint16_t id = set.u16();
  field.length = set.u16();
  field.id = id;
  if (protocol == Protocol::netflow9) {
    if (scope) field.pen = kScopePen;
  } else if (id & 0x8000) {
    field.id = id & 0x7fff;
    field.pen = set.u32();
  }
  return field;
}

// The shortest possible record of this template, in octets.
size_t min_record_length(const std::vector<FieldSpecifier>& fields) {
  size_t length = 0;
  for (const FieldSpecifier& f : fields) length += f.length == kVariableLength ? 1 : f.length;
  return length;
}

bool has_too_many_fields(size_t count, const std::vector<FieldSpecifier>& fields) {
  auto empty = std::ranges::count_if(fields, [](const FieldSpecifier& f) { return f.length == 0; });
  return count > limits::kFieldsPerTemplate || static_cast<size_t>(empty) > limits::kEmptyFieldsPerTemplate;
}

}  // namespace

TemplateReadResult read_template(ByteReader& set, Protocol protocol, TemplateKind kind, TemplateRecord& out) {
  static constexpr size_t kMin = 4;  // id and count; fewer octets are padding
  if (set.remaining() < kMin) return {TemplateRead::padding, {}};
  Bytes rest = ByteReader(set).take(set.remaining());
  size_t start = set.position();
  out.scope_fields = 0;
  out.fields.clear();  // keeps its memory: repeated templates allocate nothing
  out.kind = kind;
  out.id = set.u16();
  if (out.id == 0) return {TemplateRead::padding, {}};
  Counts counts = read_counts(set, protocol, kind);
  if (set.failed()) return {TemplateRead::broken, Malformed::short_template};
  size_t min_bytes = counts.fields * 4;
  if (min_bytes > set.remaining()) return {TemplateRead::broken, Malformed::short_template};
  if (counts.fields <= limits::kFieldsPerTemplate) out.fields.reserve(counts.fields);
  for (size_t i = 0; i < counts.fields; ++i) {
    FieldSpecifier field = read_field(set, protocol, i < counts.scope);
    if (set.failed()) return {TemplateRead::broken, Malformed::short_template};
    if (counts.fields <= limits::kFieldsPerTemplate) out.fields.push_back(field);
  }
  out.scope_fields = static_cast<uint16_t>(counts.scope);
  Bytes wire = rest.first(set.position() - start);
  out.wire.assign(wire.begin(), wire.end());

  bool withdrawal = protocol == Protocol::ipfix && counts.fields == 0;
  // RFC 7011 §8.1: a withdrawal of all templates has the set id (2 or 3) in place of a template id.
  if (withdrawal && (out.id >= 256 || out.id == 2 || out.id == 3)) return {TemplateRead::ok, {}};
  if (out.id < 256) return {TemplateRead::refused, Malformed::template_id};
  if (has_too_many_fields(counts.fields, out.fields)) return {TemplateRead::refused, Malformed::too_many_fields};
  if (!counts.valid) return {TemplateRead::refused, Malformed::scope};
  if (min_record_length(out.fields) == 0) return {TemplateRead::refused, Malformed::zero_length_template};
  return {TemplateRead::ok, {}};
}

}  // namespace weir
