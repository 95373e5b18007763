// SPDX-License-Identifier: Apache-2.0
#include "show/malformed_report.h"

#include <cstdio>

#include "decode/malformed_rules.h"

namespace weir {

// 1234567 as "1,234,567".
static std::string grouped(uint64_t n) {
  std::string text = std::to_string(n);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

static std::string counted(uint64_t n, const char* what) { return grouped(n) + " " + what + (n == 1 ? "" : "s"); }

std::string DecodedFiles::place(uint64_t tag) const {
  return std::string(file(tag).unit) + " " + std::to_string(number(tag));
}

std::string exporter_text(const SessionKey& session) {
  if (session.exporter.is_zero()) return "";
  std::string address = session.exporter.to_string();
  if (!session.exporter.is_v4()) address = "[" + address + "]";
  return address + ":" + std::to_string(session.port);
}

static std::string sender(const SessionKey& session) {
  std::string exporter = exporter_text(session);
  std::string domain = has_templates(session.protocol) ? "domain " + std::to_string(session.domain) : "";
  if (exporter.empty()) return domain;
  return exporter + (domain.empty() ? "" : ", " + domain);
}

void MalformedReport::print(uint64_t tag, size_t offset, const std::string& what) const {
  std::fprintf(stderr, "weir: %s: %s, offset %zu: %s\n", files_.file(tag).path.c_str(), files_.place(tag).c_str(),
               offset, what.c_str());
}

void MalformedReport::malformed(const DecodePlace& place, Malformed reason) {
  if (++seen_[static_cast<size_t>(reason)] > max_lines_) return;
  std::string text(malformed_name(reason));
  text += ": " + std::string(malformed_rule(reason).rule);
  std::string_view section = rule_section(reason, place.session.protocol);
  if (!section.empty()) text += " (" + std::string(section) + ")";
  if (std::string from = sender(place.session); !from.empty()) text += "; from " + from;
  print(place.context.tag, place.offset, text);
}

void MalformedReport::given_up(const HeldSet& set, bool quarantined) {
  MissingKey key{set.session, set.template_id, quarantined};
  auto found = missing_.find(key);
  if (found == missing_.end()) {
    if (missing_.size() >= kMaxMissing) {
      ++more_missing_;
      return;
    }
    found = missing_.emplace(key, Missing{0, 0, set.context.tag, set.context.offset}).first;
  }
  ++found->second.sets;
  found->second.octets += set.body.size();
}

void MalformedReport::finish() const {
  for (size_t i = 0; i < kMalformedCount; ++i)
    if (max_lines_ > 0 && seen_[i] > max_lines_)
      std::fprintf(stderr, "weir: %s: and %s more\n", std::string(kMalformedNames[i]).c_str(),
                   grouped(seen_[i] - max_lines_).c_str());
  uint64_t printed = 0;
  for (const auto& [key, missing] : missing_) {
    if (++printed > max_lines_) break;
    const auto& [session, template_id, quarantined] = key;
    // The offset of the set, whose 4-octet header precedes its body.
    print(missing.first_tag, missing.first_offset - 4,
          "template " + std::to_string(template_id) + " of " + sender(session) + " (" +
              std::string(protocol_name(session.protocol)) + ")" +
              (quarantined ? " is not known as it was when they were sent: " : " never came: ") +
              counted(missing.sets, "data set") + ", " + counted(missing.octets, "octet") +
              " not decoded, of which this is the first");
  }
  if (max_lines_ > 0 && missing_.size() > max_lines_)
    std::fprintf(stderr, "weir: templates that never came: and %s more\n",
                 grouped(missing_.size() - max_lines_).c_str());
  if (more_missing_ > 0)
    std::fprintf(stderr, "weir: %s of yet other templates\n", counted(more_missing_, "data set").c_str());
}

}  // namespace weir
