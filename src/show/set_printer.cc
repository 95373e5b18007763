// SPDX-License-Identifier: Apache-2.0
#include "show/set_printer.h"

#include <algorithm>

#include "base/json_text.h"
#include "base/protocol_names.h"
#include "base/rfc3339.h"
#include "base/text.h"
#include "base/text_table.h"
#include "format/spelling.h"
#include "wire/export_header.h"

namespace weir {
namespace {

std::string_view news_name(TemplateNews news) {
  switch (news) {
    case TemplateNews::first:
      return "first";
    case TemplateNews::changed:
      return "changed";
    case TemplateNews::repeated:
      return "repeated";
    case TemplateNews::withdrawn:
      return "withdrawn";
  }
  return "";
}

std::string padded(const std::string& text, size_t width, bool right = false) {
  size_t shown = shown_width(text), missing = width > shown ? width - shown : 0;
  return right ? std::string(missing, ' ') + text : text + std::string(missing, ' ');
}

// Length of a record in octets, "" if it varies.
std::string record_length(const TemplateRecord& record) {
  size_t octets = 0;
  for (const FieldSpecifier& field : record.fields) {
    if (field.length == kVariableLength) return "";
    octets += field.length;
  }
  return std::to_string(octets);
}

std::string set_name(const Plan& plan) {
  if (plan.id == 0) return "records";  // v1, v5, v7
  return (plan.kind == TemplateKind::options ? "options data of template " : "data of template ") +
         std::to_string(plan.id);
}

// Calls f(field, its offset in the record as text: "" after a field of variable length) for each field.
template <class F>
void for_each_field(const TemplateRecord& record, F f) {
  size_t offset = 0;
  bool known = true;
  for (const FieldSpecifier& field : record.fields) {
    f(field, known ? std::to_string(offset) : std::string());
    known = known && field.length != kVariableLength;
    offset += field.length;
  }
}

// v1, v5 and v7 records end with padding; it is only printed if it is not zero.
bool is_empty_padding(const Plan& plan, const ShownValue& value) {
  return plan.id == 0 && value.name == "paddingOctets" && value.text.find_first_not_of('0') == std::string::npos;
}

// The text in the octets of an unknown element, "" if they do not look like text.
std::string text_of_octets(const std::string& hexadecimal) {
  static constexpr size_t kMin = 3;  // octets; fewer look like text by chance
  std::string text;
  for (size_t i = 0; i + 1 < hexadecimal.size(); i += 2)
    text += static_cast<char>(std::stoi(hexadecimal.substr(i, 2), nullptr, 16));
  while (text.ends_with('\0')) text.pop_back();
  bool printable = std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
  return printable && text.size() >= kMin ? text : "";
}

// Explains a value to people: its unit, a protocol's name, the text in octets.
std::string remark(const ShownValue& value) {
  const ElementInfo* element = value.element;
  if (!element && value.kind == ShownValue::Kind::octets) {
    std::string text = text_of_octets(value.text);
    return text.empty() ? "" : " \"" + text + "\"";
  }
  if (!element || value.kind != ShownValue::Kind::number) return "";
  if (element->pen == 0 && element->name == "protocolIdentifier" && value.text.size() <= 3)
    return " (" + std::string(proto_name(static_cast<uint8_t>(std::stoul(value.text)))) + ")";
  return element->units.empty() ? "" : " " + std::string(element->units);
}

}  // namespace

void SetPrinter::template_record(const DecodePlace& place, const TemplateRecord& record, TemplateNews news) {
  if (!config_.templates || news == TemplateNews::repeated) return;
  if (config_.json)
    json_of_template(place, record, news);
  else
    text_of_template(place, record, news);
}

void SetPrinter::begin_text(const DecodePlace& place, const std::string& what) {
  if (config_.name_files) out_ += files_.file(place.context.tag).path + ": ";
  out_ += files_.place(place.context.tag) + ", offset " + std::to_string(place.offset) + ": ";
  out_ += std::string(protocol_name(place.session.protocol)) + " " + what;
  if (std::string exporter = exporter_text(place.session); !exporter.empty()) out_ += " from " + exporter;
  if (has_templates(place.session.protocol)) out_ += ", domain " + std::to_string(place.session.domain);
}

void SetPrinter::begin_json(const DecodePlace& place) {
  out_ += "{\"file\":";
  append_json_string(out_, files_.file(place.context.tag).path);
  out_ += ",\"packet\":" + std::to_string(DecodedFiles::number(place.context.tag));
  out_ += ",\"offset\":" + std::to_string(place.offset);
  const SessionKey& session = place.session;
  out_ += ",\"exporter\":\"" + (session.exporter.is_zero() ? "" : session.exporter.to_string()) + "\"";
  out_ += ",\"port\":" + std::to_string(session.port);
  out_ += ",\"protocol\":\"" + std::string(protocol_name(session.protocol)) + "\"";
  out_ += ",\"domain\":" + std::to_string(session.domain);
}

void SetPrinter::text_of_template(const DecodePlace& place, const TemplateRecord& record, TemplateNews news) {
  bool options = record.kind == TemplateKind::options;
  begin_text(place, (options ? "options template " : "template ") + std::to_string(record.id));
  if (news == TemplateNews::withdrawn) {
    out_ += ": withdrawn\n";
    return;
  }
  std::string length = record_length(record);
  out_ += ": " + std::string(news_name(news)) + ", " + std::to_string(record.fields.size()) + " fields, records of " +
          (length.empty() ? "variable length" : length + " octets") + "\n";
  out_ += "  offset  length  id            element\n";
  size_t number = 0;
  for_each_field(record, [&](const FieldSpecifier& field, const std::string& offset) {
    std::string id = std::to_string(field.id);
    if (field.pen != 0 && !is_scope_type(place.session.protocol, field.pen)) id = std::to_string(field.pen) + "/" + id;
    std::string name = element_name(place.session.protocol, field.pen, field.id);
    if (number++ < record.scope_fields) name = "scope: " + name;
    bool variable = field.length == kVariableLength;
    out_ += "  " + padded(offset.empty() ? "-" : offset, 6, true) + "  " +
            padded(variable ? "var" : std::to_string(field.length), 6, true) + "  " + padded(id, 12) + "  " + name;
    if (const ElementInfo* element = find_element_of(place.session.protocol, field.pen, field.id))
      out_ += " (" + std::string(type_name(element->type)) + ")";
    out_ += "\n";
  });
}

void SetPrinter::json_of_template(const DecodePlace& place, const TemplateRecord& record, TemplateNews news) {
  begin_json(place);
  bool options = record.kind == TemplateKind::options;
  out_ += ",\"template\":" + std::to_string(record.id) + ",\"kind\":\"" + (options ? "options" : "data") +
          "\",\"news\":\"" + std::string(news_name(news)) + "\"";
  if (std::string length = record_length(record); !length.empty()) out_ += ",\"record_length\":" + length;
  if (options) out_ += ",\"scope_fields\":" + std::to_string(record.scope_fields);
  out_ += ",\"fields\":[";
  bool first = true;
  for_each_field(record, [&](const FieldSpecifier& field, const std::string& offset) {
    out_ += first ? "{\"name\":" : ",{\"name\":";
    first = false;
    append_json_string(out_, element_name(place.session.protocol, field.pen, field.id));
    if (!is_scope_type(place.session.protocol, field.pen)) out_ += ",\"pen\":" + std::to_string(field.pen);
    out_ += ",\"id\":" + std::to_string(field.id);
    out_ +=
        field.length == kVariableLength ? ",\"length\":\"variable\"" : ",\"length\":" + std::to_string(field.length);
    if (!offset.empty()) out_ += ",\"offset\":" + offset;
    if (const ElementInfo* element = find_element_of(place.session.protocol, field.pen, field.id))
      out_ += ",\"type\":\"" + std::string(type_name(element->type)) + "\"";
    out_ += "}";
  });
  out_ += "]}\n";
}

void SetPrinter::data_set(const DecodePlace& place, const Plan& plan, const SessionPlans* known, Bytes body,
                          bool replayed) {
  if (config_.sets) print_set(place, plan, body, replayed);
  bool options = plan.kind == TemplateKind::options;
  if (!config_.elements && !(config_.templates && options)) return;
  fields_.resize(plan.lengths.size());
  DecodePlace at = place;
  while (body.size() >= plan.record_length) {
    size_t length = walk_record(plan, body, fields_.data());
    if (length == 0) break;
    print_record(at, plan, known);
    body = body.subspan(length);
    at.offset += length;
  }
}

void SetPrinter::print_set(const DecodePlace& place, const Plan& plan, Bytes body, bool replayed) {
  uint64_t records = 0;
  for (Bytes rest = body; rest.size() >= plan.record_length; ++records) {
    size_t length = walk_record(plan, rest, nullptr);
    if (length == 0) break;
    rest = rest.subspan(length);
  }
  // The position of the set itself: its header precedes its records.
  DecodePlace set{place.session, place.context, place.offset - (plan.id == 0 ? 0 : kSetHeaderBytes)};
  bool options = plan.kind == TemplateKind::options;
  if (config_.json) {
    begin_json(set);
    out_ += ",\"set\":" + std::to_string(plan.id) + ",\"kind\":\"" + (options ? "options" : "data") +
            "\",\"records\":" + std::to_string(records) + ",\"octets\":" + std::to_string(body.size()) +
            ",\"fields\":" + std::to_string(plan.record.fields.size()) +
            ",\"replayed\":" + (replayed ? "true" : "false") + "}\n";
    return;
  }
  begin_text(set, set_name(plan));
  out_ += ": " + std::to_string(records) + (records == 1 ? " record of " : " records of ") +
          std::to_string(plan.record.fields.size()) + " fields in " + std::to_string(body.size()) + " octets" +
          (replayed ? ", after its template came\n" : "\n");
}

void SetPrinter::print_record(const DecodePlace& place, const Plan& plan, const SessionPlans* known) {
  ShownContext context{place.session.protocol, known, &place.context};
  size_t scope_fields = std::min<size_t>(plan.record.scope_fields, fields_.size());
  ShownValue scope = show_fields(context, plan, fields_.data(), 0, scope_fields);
  ShownValue elements = show_fields(context, plan, fields_.data(), scope_fields, fields_.size());
  std::erase_if(elements.members, [&](const ShownValue& value) { return is_empty_padding(plan, value); });
  if (!config_.json) return text_of_record(place, plan, scope, elements);
  begin_json(place);
  out_ += ",\"sequence\":" + std::to_string(place.context.sequence);
  out_ += ",\"export_time\":\"" + rfc3339_ms(place.context.export_ns) + "\"";
  out_ += ",\"template\":" + std::to_string(plan.id);
  if (plan.kind == TemplateKind::options) {
    out_ += ",\"scope\":";
    append_json(out_, scope);
  }
  out_ += ",\"elements\":";
  append_json(out_, elements);
  out_ += "}\n";
}

void SetPrinter::text_of_record(const DecodePlace& place, const Plan& plan, const ShownValue& scope,
                                const ShownValue& elements) {
  begin_text(place, set_name(plan));
  out_ += ", exported " + rfc3339_ms(place.context.export_ns) + "\n";
  append_text_members(scope, "scope: ", 2);
  append_text_members(elements, "", 2);
}

// One line per member, names and values aligned; nested lists and records are below their name.
void SetPrinter::append_text_members(const ShownValue& record, const std::string& prefix, size_t indent) {
  using Kind = ShownValue::Kind;
  size_t width = 0;
  for (const ShownValue& value : record.members) width = std::max(width, prefix.size() + value.name.size());
  size_t number = 0;
  for (const ShownValue& value : record.members) {
    std::string label = record.kind == Kind::list ? std::to_string(number++) : prefix + value.name;
    out_ += std::string(indent, ' ');
    if (value.kind == Kind::list || value.kind == Kind::record) {
      out_ += label + (value.members.empty() ? ": none\n" : ":\n");
      append_text_members(value, "", indent + 2);
      continue;
    }
    std::string text = value.kind == Kind::none ? "-" : printable(value.text);
    out_ += padded(label, width) + "  " + text + remark(value) + "\n";
  }
}

}  // namespace weir
