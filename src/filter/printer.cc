// SPDX-License-Identifier: Apache-2.0
#include "filter/printer.h"

#include <algorithm>
#include <bit>

#include "base/json_text.h"
#include "base/network_names.h"
#include "filter/values.h"
#include "filter/vocabulary.h"

namespace weir {
namespace {

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string flag_letters(uint64_t bits) {
  std::string letters;
  for (size_t bit = 0; bit < kTcpFlagLetters.size(); ++bit)
    if (bits >> bit & 1) letters += kTcpFlagLetters[bit];
  return letters;
}

// The values of a test: "443", ">= 1024", "in [80 443]".
class Values {
 public:
  Values(const Filter& filter, const FieldTable& fields)
      : kind_(value_kind(filter.subject, fields)), largest_(largest_key(filter.subject, fields)) {
    for (const auto& range : filter.numbers.ranges()) add_numbers(range);
    for (std::string& text : address_texts(filter.addresses)) list_.push_back(std::move(text));
    for (const std::string& text : filter.texts) list_.push_back(quoted(text));
    if (filter.kind == Filter::Kind::numbers && list_.size() == 1 && filter.numbers.only() &&
        kind_ == ValueKind::tcp_flags)
      sign_ = "=";
  }
  const std::vector<std::string>& list() const { return list_; }

 private:
  // Ranges up to an end of the type are written with a sign; in a list as any other range.
  void add_numbers(const Range<uint64_t>& range) {
    list_.push_back(value_range_text(kind_, range));
    if (range.first == range.last) return;
    bool only = !has_numbers_;
    has_numbers_ = true;
    if (only && range.last == largest_) {
      bool round = kind_ == ValueKind::count && range.first % 1000 == 1;
      sign_ = round ? ">" : ">=";
      signed_value_ = value_text(kind_, range.first - round);
    } else if (only && range.first == 0) {
      bool round = kind_ == ValueKind::count && range.last % 1000 == 999;
      sign_ = round ? "<" : "<=";
      signed_value_ = value_text(kind_, range.last + round);
    }
  }

 public:
  std::string text() const {
    if (list_.empty()) return "< " + (kind_ == ValueKind::real ? std::string("-inf") : value_text(kind_, 0));
    if (list_.size() != 1) return "in [" + joined() + "]";
    if (!signed_value_.empty()) return sign_ + " " + signed_value_;
    return (sign_.empty() ? "" : sign_ + " ") + list_[0];
  }
  std::string words() const {
    if (list_.empty()) return "is less than the smallest possible value";
    if (list_.size() > 1) return "is one of " + joined();
    if (sign_ == ">=") return "is at least " + signed_value_;
    if (sign_ == ">") return "is more than " + signed_value_;
    if (sign_ == "<=") return "is at most " + signed_value_;
    if (sign_ == "<") return "is less than " + signed_value_;
    return (sign_ == "=" ? "is exactly " : is_network() ? "is in " : "is ") + list_[0];
  }

 private:
  bool is_network() const { return kind_ == ValueKind::address && list_[0].contains('/'); }
  std::string joined() const {
    std::string text;
    for (const std::string& value : list_) text += (text.empty() ? "" : ", ") + value;
    return text;
  }

  ValueKind kind_;
  uint64_t largest_;
  std::vector<std::string> list_;
  std::string sign_, signed_value_;
  bool has_numbers_ = false;
};

std::string test_values(const Filter& filter, const FieldTable& fields) {
  if (filter.kind == Filter::Kind::bits) return flag_letters(filter.bits);
  return Values(filter, fields).text();
}

// `if "x"` tests the names of the interfaces.
Subject named_subject(const Filter& test) {
  if (test.kind != Filter::Kind::texts || test.texts.empty()) return test.subject;
  if (test.subject.field == Field::in_if_name) return {Subject::Kind::field, Field::in_if};
  if (test.subject.field == Field::out_if_name) return {Subject::Kind::field, Field::out_if};
  return test.subject;
}

// A term that names both subjects of two tests that are alike otherwise: "port 80" for src and dst port.
const TermSpelling* either_term(const Filter& filter) {
  if (filter.kind != Filter::Kind::any_of || filter.parts.size() != 2) return nullptr;
  Filter second = filter.parts[1];
  second.subject = filter.parts[0].subject;
  if (second != filter.parts[0] || !second.parts.empty()) return nullptr;
  auto found = std::ranges::find_if(spellings(), [&](const TermSpelling& spelling) {
    return spelling.first == named_subject(filter.parts[0]) && spelling.second == named_subject(filter.parts[1]) &&
           spelling.words[0] != "either";
  });
  return found == spellings().end() ? nullptr : &*found;
}

std::string test_text(const Filter& filter, const std::string& name, const FieldTable& fields) {
  if (filter.kind == Filter::Kind::present) return "has " + name;
  return name + " " + test_values(filter, fields);
}

std::string either_text(const Filter& filter, const TermSpelling& spelling, const FieldTable& fields) {
  std::string name;
  for (std::string_view word : spelling.words) name += (name.empty() ? "" : " ") + std::string(word);
  return test_text(filter.parts[0], name, fields);
}

std::string parts_text(const Filter& filter, std::string_view between, const FieldTable& fields);

// `inside`: as a part of and, or, not. The parts of `or` need no parentheses around `and`: the text is nested no deeper
// than the expression was.
std::string text_of(const Filter& filter, bool inside, const FieldTable& fields) {
  switch (filter.kind) {
    case Filter::Kind::any:
      return "any";
    case Filter::Kind::negation:
      if (filter.parts[0].kind == Filter::Kind::bits && std::popcount(filter.parts[0].bits) > 1)
        return "not (" + text_of(filter.parts[0], false, fields) + ")";
      return "not " + text_of(filter.parts[0], true, fields);
    case Filter::Kind::all_of:
    case Filter::Kind::any_of: {
      if (auto* spelling = either_term(filter)) return either_text(filter, *spelling, fields);
      std::string text = parts_text(filter, filter.kind == Filter::Kind::all_of ? " and " : " or ", fields);
      return inside ? "(" + text + ")" : text;
    }
    default:
      return test_text(filter, name_of(filter.subject, fields), fields);
  }
}

std::string parts_text(const Filter& filter, std::string_view between, const FieldTable& fields) {
  std::string text;
  for (const Filter& part : filter.parts)
    text += (text.empty() ? "" : std::string(between)) +
            text_of(part, filter.kind == Filter::Kind::all_of || part.kind != Filter::Kind::all_of, fields);
  return text;
}

std::string words_of(const Filter& filter, bool inside, const FieldTable& fields) {
  switch (filter.kind) {
    case Filter::Kind::any:
      return "every flow";
    case Filter::Kind::negation:
      return "not (" + words_of(filter.parts[0], false, fields) + ")";
    case Filter::Kind::all_of:
    case Filter::Kind::any_of: {
      std::string text;
      for (const Filter& part : filter.parts)
        text += (text.empty()                          ? ""
                 : filter.kind == Filter::Kind::all_of ? ", and "
                                                       : ", or ") +
                words_of(part, true, fields);
      return inside ? "(" + text + ")" : text;
    }
    case Filter::Kind::present:
      return phrase_of(filter.subject, fields) + " is known";
    case Filter::Kind::bits:
      return phrase_of(filter.subject, fields) + " include " + flag_letters(filter.bits);
    default:
      return phrase_of(filter.subject, fields) + " " + Values(filter, fields).words();
  }
}

void append_json(const Filter& filter, const FieldTable& fields, std::string& out) {
  auto text = [&](std::string_view value) { append_json_string(out, value); };
  switch (filter.kind) {
    case Filter::Kind::any:
      out += "{\"any\":true}";
      return;
    case Filter::Kind::negation:
      out += "{\"not\":";
      append_json(filter.parts[0], fields, out);
      out += "}";
      return;
    case Filter::Kind::all_of:
    case Filter::Kind::any_of: {
      out += filter.kind == Filter::Kind::all_of ? "{\"and\":[" : "{\"or\":[";
      for (size_t i = 0; i < filter.parts.size(); ++i) {
        if (i) out += ",";
        append_json(filter.parts[i], fields, out);
      }
      out += "]}";
      return;
    }
    default:
      break;
  }
  out += "{\"test\":";
  text(name_of(filter.subject, fields));
  if (filter.kind == Filter::Kind::present) {
    out += ",\"has\":true}";
    return;
  }
  out += filter.kind == Filter::Kind::bits ? ",\"flags\":" : ",\"in\":[";
  if (filter.kind == Filter::Kind::bits) {
    text(flag_letters(filter.bits));
    out += "}";
    return;
  }
  const Values values(filter, fields);
  for (size_t i = 0; i < values.list().size(); ++i) {
    if (i) out += ",";
    text(values.list()[i]);
  }
  out += "]}";
}

}  // namespace

std::string filter_text(const Filter& filter, const FieldTable& fields) { return text_of(filter, false, fields); }

std::string filter_in_words(const Filter& filter, const FieldTable& fields) { return words_of(filter, false, fields); }

std::string filter_json(const Filter& filter, const FieldTable& fields) {
  std::string out;
  append_json(filter, fields, out);
  return out;
}

}  // namespace weir
