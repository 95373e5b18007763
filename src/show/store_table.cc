// SPDX-License-Identifier: Apache-2.0
#include "show/store_table.h"

#include <cstdio>
#include <utility>
#include <vector>

#include "base/amounts.h"
#include "base/text.h"
#include "base/text_table.h"

namespace weir {

namespace {

using Json = nlohmann::ordered_json;
using Line = std::vector<std::string>;

std::string number(const Json& value, bool human) {
  std::string digits = std::to_string(value.get<uint64_t>());
  return human ? in_thousands(digits) : digits;
}

std::string size(const Json& value, bool human) {
  double bytes = value.get<double>();
  if (!human || bytes < 1'000) return number(value, false) + (human ? " B" : "");
  static constexpr const char* kUnits[] = {"kB", "MB", "GB", "TB", "PB"};
  size_t unit = 0;
  for (bytes /= 1'000; bytes >= 999.95 && unit + 1 < std::size(kUnits); ++unit) bytes /= 1'000;
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", bytes, kUnits[unit]);
  return text;
}

std::string decimal(const Json& value) {
  if (value.is_null()) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value.get<double>());
  return text;
}

// "2026-11-21T09:39:00.123Z"; for people, only to the second.
std::string time(const Json& value, bool human) {
  if (value.is_null()) return "-";
  std::string text = value.get<std::string>();
  return human && text.size() == 24 ? text.substr(0, 10) + " " + text.substr(11, 8) : text;
}

Line line_of(const std::string& name, const Json& sum, bool human) {
  return {name,
          number(sum["segments"], human),
          number(sum["rows"], human),
          size(sum["bytes"], human),
          decimal(sum["bytes_per_row"]),
          time(sum["oldest"], human),
          time(sum["newest"], human)};
}

// The first line is the heading. The first column is left-aligned, the others are right-aligned.
std::string aligned(const std::vector<Line>& lines) {
  TextTable table;
  table.heading = lines.front();
  table.right.assign(lines.front().size(), true);
  table.right.front() = false;
  for (const Line& line : lines) table.fit(line);
  std::string text;
  for (const Line& line : lines) table.append_row(text, line, false);
  return text;
}

// "unlisted: 2 files, 1.2 MB, …", if there are any.
std::string unlisted(const Json& stats, bool human) {
  const Json& found = stats["unlisted"];
  if (found["files"] == 0) return "";
  return "unlisted: " + number(found["files"], human) + " files, " + size(found["bytes"], human) +
         ", which are not part of the store\n";
}

// "fields added: app_name (9/12235, string), …"
std::string added_fields(const Json& stats) {
  std::string text;
  for (const Json& field : stats.value("fields", Json::array()))
    text += (text.empty() ? "fields added: " : ", ") + field["name"].get<std::string>() + " (" +
            field["element"].get<std::string>() + ", " + field["type"].get<std::string>() + ")";
  return text.empty() ? text : printable(std::move(text)) + "\n";
}

}  // namespace

std::string store_table(const Json& stats, bool human) {
  std::vector<Line> lines = {{"", "segments", "flows", "bytes", "bytes/flow", "oldest", "newest"}};
  for (const Json& day : stats["days"]) lines.push_back(line_of(day["day"].get<std::string>(), day, human));
  for (const Json& level : stats["levels"])
    lines.push_back(line_of("level " + std::to_string(level["level"].get<int>()), level, human));
  lines.push_back(line_of("all", stats, human));
  std::string text = aligned(lines);
  if (stats["counters"]["segments"] != 0)
    text += "\n" + aligned({{"", "segments", "samples", "bytes", "bytes/sample", "oldest", "newest"},
                            line_of("counters", stats["counters"], human)});
  return text + "\nfree: " + size(stats["free_bytes"], human) + " of " + size(stats["total_bytes"], human) + "\n" +
         unlisted(stats, human) + added_fields(stats);
}

}  // namespace weir
