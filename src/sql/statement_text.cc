// SPDX-License-Identifier: Apache-2.0
#include "sql/statement_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <span>

namespace weir {

static size_t after(std::string_view sql, std::string_view end, size_t from) {
  size_t found = sql.find(end, from);
  return found == std::string_view::npos ? sql.size() : found + end.size();
}

static bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80); }

// The end of a comment in /* */, which may be nested.
static size_t after_comment(std::string_view sql, size_t at) {
  int depth = 0;
  while (at < sql.size()) {
    std::string_view two = sql.substr(at, 2);
    int step = two == "/*" ? 1 : two == "*/" ? -1 : 0;
    depth += step;
    at += step ? 2 : 1;
    if (depth == 0) break;
  }
  return at;
}

// The end of E'it\'s' or E'it''s', from its first quote.
static size_t after_escaped(std::string_view sql, size_t at) {
  for (++at; at < sql.size(); ++at) {
    bool skips = sql[at] == '\\' || sql.substr(at, 2) == "''";
    if (!skips && sql[at] == '\'') break;
    at += skips;
  }
  return std::min(at + 1, sql.size());
}

// The end of $$text$$ or $tag$text$tag$; `at` if no such text begins there.
static size_t after_dollars(std::string_view sql, size_t at) {
  size_t end = at + 1;
  while (end < sql.size() && is_word(sql[end])) ++end;
  bool parameter = end > at + 1 && std::isdigit(static_cast<unsigned char>(sql[at + 1]));
  if (end >= sql.size() || sql[end] != '$' || parameter || (at > 0 && is_word(sql[at - 1]))) return at;
  return after(sql, sql.substr(at, end + 1 - at), end + 1);
}

// The end of the quoted text or comment that begins at `at`; `at` if none begins there.
static size_t skip_quoted(std::string_view sql, size_t at) {
  char c = sql[at];
  bool escapes = c == '\'' && at > 0 && (sql[at - 1] | 0x20) == 'e' && (at == 1 || !is_word(sql[at - 2]));
  if (escapes) return after_escaped(sql, at);
  // A doubled quote simply begins the next quoted text.
  if (c == '\'' || c == '"') return after(sql, std::string_view(&c, 1), at + 1);
  if (c == '$') return after_dollars(sql, at);
  if (sql.substr(at, 2) == "--") return after(sql, "\n", at);
  if (sql.substr(at, 2) == "/*") return after_comment(sql, at);
  return at;
}

static std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

static bool is_comment(std::string_view sql, size_t at, size_t next) {
  return next > at && (sql[at] == '-' || sql[at] == '/');
}

// The position of the first thing at or after `at` that is neither a comment nor a character of `passed`.
static size_t skip_between(std::string_view sql, size_t at, std::string_view passed) {
  while (at < sql.size()) {
    size_t next = skip_quoted(sql, at);
    bool passes = is_comment(sql, at, next) || passed.contains(sql[at]);
    if (!passes) break;
    at = std::max(next, at + 1);
  }
  return at;
}

static constexpr std::string_view kBlanks = " \t\r\n";
static constexpr std::string_view kBeforeAWord = "; \t\r\n(";

// The word at or after `at`, in lower case; moves `at` past it.
static std::string next_word(std::string_view sql, size_t& at, std::string_view passed) {
  at = skip_between(sql, at, passed);
  size_t begin = at;
  while (at < sql.size() && is_word(sql[at])) ++at;
  return lower(sql.substr(begin, at - begin));
}

static constexpr std::array<std::string_view, 12> kReading = {"select",    "from",     "with",    "values",
                                                              "table",     "describe", "desc",    "show",
                                                              "summarize", "pivot",    "unpivot", "explain"};
static constexpr std::array<std::string_view, 36> kChanging = {
    "abort",   "alter",  "analyze",    "attach", "begin",   "call",     "checkpoint", "comment", "commit",
    "copy",    "create", "deallocate", "delete", "detach",  "drop",     "end",        "execute", "explain",
    "export",  "force",  "import",     "insert", "install", "load",     "merge",      "pragma",  "prepare",
    "replace", "reset",  "rollback",   "set",    "start",   "truncate", "update",     "use",     "vacuum"};
// The PRAGMAs that only read. Others change settings, or run the content of files (import_database).
static constexpr std::array<std::string_view, 5> kReadingPragmas = {"table_info", "show_tables", "database_list",
                                                                    "database_size", "version"};
// Functions that a SELECT can call and that do more than read: they write files, change locked settings, or run SQL
// that has not been checked.
static constexpr std::array<std::string_view, 10> kChangingFunctions = {
    "enable_logging",    "disable_logging",   "truncate_duckdb_logs",        "write_log",  "enable_profiling",
    "disable_profiling", "enable_peg_parser", "json_execute_serialized_sql", "arrow_scan", "disable_peg_parser"};

static bool is_one_of(std::span<const std::string_view> words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

// The position after the bracket that closes the one at `at`.
static size_t after_brackets(std::string_view sql, size_t at) {
  int depth = 0;
  while (at < sql.size()) {
    size_t next = skip_quoted(sql, at);
    if (next == at) depth += sql[at] == '(' ? 1 : sql[at] == ')' ? -1 : 0;
    at = std::max(next, at + 1);
    if (depth == 0) break;
  }
  return at;
}

std::string_view explained_statement(std::string_view sql) {
  size_t at = 0;
  if (next_word(sql, at, kBeforeAWord) != "explain") return {};
  for (;;) {
    at = skip_between(sql, at, kBlanks);
    size_t behind = at;
    std::string word = next_word(sql, behind, kBeforeAWord);
    bool options = at < sql.size() && sql[at] == '(' && !is_one_of(kReading, word);
    if (options)
      at = after_brackets(sql, at);
    else if (word == "analyze" || word == "verbose")
      at = behind;
    else
      return sql.substr(at);
  }
}

bool begins_as_reading(std::string_view sql) {
  for (int depth = 0; depth < 2; ++depth) {
    size_t at = 0;
    std::string word = next_word(sql, at, kBeforeAWord);
    if (word == "pragma") return depth == 0 && is_one_of(kReadingPragmas, next_word(sql, at, kBlanks));
    if (word != "explain") return is_one_of(kReading, word);
    sql = explained_statement(sql);
  }
  return false;  // EXPLAIN EXPLAIN is not valid SQL
}

bool begins_as_changing(std::string_view sql) {
  size_t at = 0;
  return is_one_of(kChanging, next_word(sql, at, kBeforeAWord));
}

bool is_query(std::string_view sql) {
  static constexpr std::array<std::string_view, 7> kQueries = {"select", "from",  "with",   "values",
                                                               "table",  "pivot", "unpivot"};
  size_t at = 0;
  return is_one_of(kQueries, next_word(sql, at, kBeforeAWord));
}

std::string_view changing_function(std::string_view sql) {
  std::string text = lower(sql);
  auto found = std::ranges::find_if(kChangingFunctions, [&](std::string_view name) { return text.contains(name); });
  return found == kChangingFunctions.end() ? std::string_view() : *found;
}

size_t count_statements(std::string_view sql) {
  size_t count = 0;
  for (size_t at = skip_between(sql, 0, "; \t\r\n"); at < sql.size(); at = skip_between(sql, at, "; \t\r\n")) {
    ++count;
    while (at < sql.size() && sql[at] != ';') at = std::max(skip_quoted(sql, at), at + 1);
  }
  return count;
}

std::string sql_body(std::string_view sql) {
  const size_t begin = skip_between(sql, 0, "; \t\r\n");
  size_t end = begin;
  for (size_t at = begin; at < sql.size();) {
    size_t next = skip_quoted(sql, at);
    bool comment = next > at && (sql[at] == '-' || sql[at] == '/');
    bool blank = std::string_view("; \t\r\n").contains(sql[at]);
    at = std::max(next, at + 1);
    if (!comment && !blank) end = at;
  }
  return std::string(sql.substr(begin, end - begin));
}

std::string without_lines_before(std::string message, int lines) {
  constexpr std::string_view kLine = "\nLINE ";
  const size_t at = message.rfind(kLine);
  if (lines == 0 || at == message.npos) return message;
  const size_t begin = at + kLine.size(), end = message.find(':', begin), caret = message.find('\n', begin);
  int line = 0;
  if (end == message.npos || std::from_chars(&message[begin], &message[end], line).ptr != &message[end]) return message;
  const std::string number = std::to_string(line - lines);
  // The line with the caret is as many columns too long as the number has lost digits.
  if (line <= lines) return message;
  if (caret != message.npos) message.erase(caret + 1, end - begin - number.size());
  return message.replace(begin, end - begin, number);
}

using Spelled = std::function<std::string(const std::string&)>;

// Returns the position after the text in quotes at `at`; `at` if there is none.
static size_t spell_text(std::string& sql, size_t at, const Spelled& spelled) {
  if (at >= sql.size() || sql[at] != '\'') return at;
  const size_t begin = at + 1, end = sql.find('\'', begin);
  if (end == sql.npos || (end + 1 < sql.size() && sql[end + 1] == '\'')) return at;  // not closed; with a quote in it
  const std::string text = spelled(sql.substr(begin, end - begin));
  if (text.size() == end - begin) sql.replace(begin, text.size(), text);
  return end + 1;
}

static size_t spell_list(std::string& sql, size_t at, const Spelled& spelled) {
  do {
    const size_t begin = skip_between(sql, at + 1, kBlanks), end = spell_text(sql, begin, spelled);
    if (end == begin) return begin;
    at = skip_between(sql, end, kBlanks);
  } while (at < sql.size() && sql[at] == ',');
  return at;
}

// What follows the name of the column. Returns the position after it, or `at`.
static size_t spell_compared(std::string& sql, size_t at, const Spelled& spelled) {
  size_t next = skip_between(sql, at, kBlanks);
  for (std::string_view sign : {"==", "=", "<>", "!="})
    if (sql.substr(next).starts_with(sign))
      return spell_text(sql, skip_between(sql, next + sign.size(), kBlanks), spelled);
  std::string word = next_word(sql, next, kBlanks);
  if (word == "not") word = next_word(sql, next, kBlanks);
  next = skip_between(sql, next, kBlanks);
  return word == "in" && next < sql.size() && sql[next] == '(' ? spell_list(sql, next, spelled) : at;
}

std::string with_texts_spelled(std::string sql, std::string_view column, const Spelled& spelled) {
  for (size_t at = 0; at < sql.size();) {
    const size_t next = skip_quoted(sql, at);
    if (next == at && is_word(sql[at]))
      at = next_word(sql, at, "") == column ? spell_compared(sql, at, spelled) : at;
    else
      at = std::max(next, at + 1);
  }
  return sql;
}

}  // namespace weir
