// SPDX-License-Identifier: Apache-2.0
#include "show/exporters_table.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

#include "base/amounts.h"
#include "base/error.h"
#include "base/text.h"
#include "base/text_table.h"

namespace weir {

using Json = nlohmann::ordered_json;

namespace {

struct TableColumn {
  const char* heading;
  const char* key;
  bool left = false;
  bool quiet = false;  // 0 is the normal value
};
constexpr TableColumn kExporterColumns[] = {
    {"exporter", "exporter", true},
    {"proto", "protocol", true},
    {"domain", "domain"},
    {"records", "records"},
    {"stored", "stored"},
    {"dropped", "sink_dropped", false, true},
    {"refused", "refused", false, true},
    {"lost", "sequence_lost"},
    {"lost %", "lost_percent"},
    {"of", "sequence_unit", true},
    {"held", "held", false, true},
    {"missing", "missing_template", false, true},
    {"malformed", "malformed", false, true},
    {"datagrams", "datagrams"},
    {"rec/s", "records_per_second"},
    {"sampling", "sampling_rate", false, true},
    {"borrowed", "borrowed", false, true},
    {"last seen", "last_seen"},
};
constexpr TableColumn kSocketColumns[] = {
    {"socket", "socket", true},       {"worker", "worker"}, {"datagrams", "datagrams"},
    {"kernel drops", "kernel_drops"}, {"rcvbuf", "rcvbuf"}, {"not allowed", "not_allowed", false, true},
};

constexpr size_t kWaitingShown = 10;

std::string without_blanks(std::string heading) {
  std::erase(heading, ' ');
  return heading;
}

std::string hundredths(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", number);
  return text;
}

std::string cell(const Json& row, const TableColumn& column, TableStyle style) {
  auto value = row.find(column.key);
  if (value == row.end() || value->is_null()) return "-";
  bool terminal = style == TableStyle::terminal;
  if (value->is_number_integer()) {
    // A domain is an identifier, not a quantity.
    bool separators = terminal && std::string_view(column.key) != "domain";
    return separators ? in_thousands(value->dump()) : value->dump();
  }
  if (value->is_number_float()) return hundredths(value->get<double>());
  if (!value->is_string()) return value->dump();
  std::string text = printable(value->get<std::string>());  // text from outside must not control the terminal
  if (text.empty()) return "-";
  if (std::string_view(column.key) == "last_seen" && terminal && row.contains("silent_seconds"))
    return age_text(row["silent_seconds"].get<int64_t>()) + " ago";
  return text;
}

// Whether to omit the column from a terminal's table because it shows nothing of interest.
bool is_quiet(const TableColumn& column, const std::vector<std::string>& cells, TableStyle style) {
  return column.quiet && style == TableStyle::terminal &&
         std::all_of(cells.begin() + 1, cells.end(), [](const std::string& c) { return c == "0" || c == "-"; });
}

template <size_t N>
std::string table_of(const std::vector<const Json*>& rows, const TableColumn (&columns)[N], TableStyle style) {
  TextTable table;
  std::vector<std::vector<std::string>> lines(rows.size() + 1);
  for (const TableColumn& column : columns) {
    std::vector<std::string> cells{column.heading};
    for (const Json* row : rows) cells.push_back(cell(*row, column, style));
    if (is_quiet(column, cells, style)) continue;
    table.right.push_back(!column.left);
    for (size_t i = 0; i < cells.size(); ++i) lines[i].push_back(std::move(cells[i]));
  }
  table.heading = lines.front();
  for (const std::vector<std::string>& line : lines) table.fit(line);
  std::string text;
  for (const std::vector<std::string>& line : lines) table.append_row(text, line, false);
  return text;
}

std::vector<const Json*> rows_with(const Json& rows, const char* key) {
  if (!rows.is_array()) throw runtime_failure("the answer is not a list of exporters");
  std::vector<const Json*> chosen;
  for (const Json& row : rows) {
    if (!row.is_object()) throw runtime_failure("the answer is not a list of exporters");
    if (row.contains(key)) chosen.push_back(&row);
  }
  return chosen;
}

int64_t number(const Json& row, const char* key) {
  auto value = row.find(key);
  return value != row.end() && value->is_number_integer() ? value->get<int64_t>() : 0;
}

struct Sum {
  int64_t value = 0;
  int64_t rows = 0;   // in which the value is not 0
  std::string worst;  // exporter with the most
  int64_t worst_value = 0;
};

Sum sum_of(const std::vector<const Json*>& rows, const char* key) {
  Sum sum;
  for (const Json* row : rows) {
    int64_t n = number(*row, key);
    if (n <= 0) continue;
    sum.value += n;
    ++sum.rows;
    if (n <= sum.worst_value) continue;
    sum.worst_value = n;
    sum.worst = cell(*row, kExporterColumns[0], TableStyle::plain);
  }
  return sum;
}

std::string reasons(const std::vector<const Json*>& rows) {
  std::map<std::string, int64_t> counts;
  for (const Json* row : rows) {
    auto found = row->find("malformed_by_reason");
    if (found == row->end() || !found->is_object()) continue;
    for (const auto& [reason, count] : found->items())
      if (count.is_number_integer()) counts[reason] += count.get<int64_t>();
  }
  std::string text;
  for (const auto& [reason, count] : counts) text += (text.empty() ? "" : ", ") + reason + " " + std::to_string(count);
  return text;
}

struct Waiting {
  std::string text;
  int64_t sets = 0;
};

void add_waiting(const Json& row, std::vector<Waiting>& all) {
  auto waiting = row.find("waiting");
  if (waiting == row.end() || !waiting->is_array()) return;
  for (const Json& one : *waiting) {
    if (!one.is_object()) continue;
    int64_t sets = number(one, "sets");
    all.push_back({"waiting for template " + std::to_string(number(one, "template")) + " of domain " +
                       std::to_string(number(row, "domain")) + " from " +
                       cell(row, kExporterColumns[0], TableStyle::plain) + ": " + number_text(sets) +
                       " data sets held for " + number_text(number(one, "seconds")) + " s (source port " +
                       std::to_string(number(one, "port")) + ")",
                   sets});
  }
}

// Hints about the templates that most data sets wait for.
std::vector<std::string> waiting_hints(const std::vector<const Json*>& rows) {
  std::vector<Waiting> all;
  for (const Json* row : rows) add_waiting(*row, all);
  std::stable_sort(all.begin(), all.end(), [](const Waiting& a, const Waiting& b) { return a.sets > b.sets; });
  std::vector<std::string> hints;
  for (size_t i = 0; i < std::min(all.size(), kWaitingShown); ++i) hints.push_back(all[i].text);
  if (all.size() > kWaitingShown)
    hints.push_back("waiting for " + number_text(all.size() - kWaitingShown) +
                    " more templates: --format json names them.");
  return hints;
}

// The remedy for each reason of Refused.
constexpr std::pair<std::string_view, const char*> kRemedies[] = {
    {"sessions_full",
     "datagrams of senders that there was no memory for; is it a flood of forged senders? Else raise "
     "limits.senders_bytes"},
    {"exporter_templates_full",
     "templates of an exporter that has too many; are there several behind one address? Else "
     "raise limits.templates_bytes_per_exporter"},
    {"templates_full", "templates that there was no memory for; raise limits.senders_bytes"},
    {"template_changes_full",
     "templates that changed too often; is it an attack, or several exporters behind one "
     "address and port?"},
    {"sample_sources_full", "sFlow samples of more data sources than are followed: decoded, their loss is not counted"},
    {"options_full", "sampling rates or names, more than are kept of one exporter"},
    {"text_too_long", "texts longer than 1,024 octets, or too many for a batch: they were cut or left out"},
    {"out_of_sequence",
     "templates or options data in datagrams whose sequence numbers their exporter denied; does "
     "somebody forge its address, or are there several exporters behind it?"},
};

std::vector<std::string> refusal_hints(const std::vector<const Json*>& rows) {
  std::vector<std::string> hints;
  for (const auto& [reason, remedy] : kRemedies) {
    int64_t sum = 0, limit = 0;
    std::string worst;
    for (const Json* row : rows) {
      auto reasons = row->find("refused_by_reason");
      if (reasons == row->end() || !reasons->is_object()) continue;
      const int64_t count = number(*reasons, std::string(reason).c_str());
      sum += count;
      if (count > limit) limit = count, worst = cell(*row, kExporterColumns[0], TableStyle::plain);
    }
    if (sum > 0)
      hints.push_back("Refused (" + std::string(reason) + "), most from " + worst + ": " + number_text(sum) + " " +
                      remedy + ".");
  }
  return hints;
}

}  // namespace

std::string exporters_table(const Json& rows, TableStyle style, bool none_chosen) {
  auto exporters = rows_with(rows, "exporter");
  auto sockets = rows_with(rows, "socket");
  std::string text;
  if (exporters.empty())
    text += none_chosen ? "No exporter matches.\n" : "No exporter has sent anything yet.\n";
  else
    text += table_of(exporters, kExporterColumns, style);
  if (!sockets.empty()) text += "\n" + table_of(sockets, kSocketColumns, style);
  return text;
}

std::vector<std::string> exporters_hints(const Json& rows) {
  auto exporters = rows_with(rows, "exporter");
  auto sockets = rows_with(rows, "socket");
  std::vector<std::string> hints;
  auto text = [](int64_t n) { return number_text(n); };

  if (Sum drops = sum_of(sockets, "kernel_drops"); drops.value > 0)
    hints.push_back("The kernel dropped " + text(drops.value) +
                    " datagrams because a receive buffer was full: raise --rcvbuf, and net.core.rmem_max to at "
                    "least as much.");
  if (Sum lost = sum_of(exporters, "sequence_lost"); lost.value > 0)
    hints.push_back(
        "Sequence numbers show loss at " + text(lost.rows) + " exporters, most at " + lost.worst + " (" +
        text(lost.worst_value) +
        "; records for v5, v7 and IPFIX, datagrams for v9): kernel drops, if there are any, are part of it, "
        "the rest was lost on the way.");
  if (Sum held = sum_of(exporters, "held"); held.value > 0)
    hints.push_back(text(held.value) + " data sets of " + text(held.rows) +
                    " exporters wait for their template, most at " + held.worst +
                    ": they are decoded when it comes; shorten the exporters' template refresh.");
  for (std::string& hint : waiting_hints(exporters)) hints.push_back(std::move(hint));
  if (Sum expired = sum_of(exporters, "expired"); expired.value > 0)
    hints.push_back(text(expired.value) + " data sets were given up because their template never came, most at " +
                    expired.worst + ": does the exporter send templates to this address and port?");
  if (Sum quarantined = sum_of(exporters, "quarantined"); quarantined.value > 0)
    hints.push_back(text(quarantined.value) +
                    " data sets were given up because the only templates known were of another time, most at " +
                    quarantined.worst + ": sent before the exporter restarted, or before it changed the template.");
  if (Sum malformed = sum_of(exporters, "malformed"); malformed.value > 0)
    hints.push_back("Malformed input, most from " + malformed.worst + ": " + reasons(exporters) + ".");
  if (Sum dropped = sum_of(exporters, "sink_dropped"); dropped.value > 0)
    hints.push_back("An output could not take " + text(dropped.value) + " records, most of " + dropped.worst +
                    ": see the collector's log, which names the reason.");
  if (Sum dropped = sum_of(exporters, "counters_dropped"); dropped.value > 0)
    hints.push_back("The store could not take " + text(dropped.value) + " counter samples, most of " + dropped.worst +
                    ": see the collector's log, which names the reason.");
  for (std::string& hint : refusal_hints(exporters)) hints.push_back(std::move(hint));
  return hints;
}

std::string sort_key(const std::string& name) {
  for (const TableColumn& column : kExporterColumns)
    if (name == without_blanks(column.heading)) {
      // Most recent first: as in the other columns, the values of interest come first.
      return std::string_view(column.key) == "last_seen" ? "silent_seconds" : column.key;
    }
  return {};
}

std::string sort_names() {
  std::vector<std::string> names;
  for (const TableColumn& column : kExporterColumns) names.push_back(without_blanks(column.heading));
  return join_list(names);
}

}  // namespace weir
