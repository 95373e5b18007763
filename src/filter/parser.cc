// SPDX-License-Identifier: Apache-2.0
#include "filter/parser.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/network_names.h"
#include "base/protocol_names.h"
#include "base/text.h"
#include "filter/comparison.h"
#include "filter/tokens.h"
#include "filter/values.h"
#include "filter/vocabulary.h"

namespace weir {
namespace {

Filter combined(Filter::Kind kind, std::vector<Filter> parts) {
  if (parts.size() == 1) return std::move(parts[0]);
  Filter filter;
  filter.kind = kind;
  filter.parts = std::move(parts);
  return filter;
}

Filter negated(Filter filter) {
  Filter result;
  result.kind = Filter::Kind::negation;
  result.parts.push_back(std::move(filter));
  return result;
}

Filter test(Filter::Kind kind, const Subject& subject) {
  Filter filter;
  filter.kind = kind;
  filter.subject = subject;
  return filter;
}

class Parser {
 public:
  Parser(std::string_view expression, const FieldTable& fields, const TimeContext& times)
      : expression_(expression), fields_(fields), times_(times), tokens_(tokens_of(expression)) {}

  Filter run() {
    if (now().kind == Token::Kind::end) return {};
    Filter filter = alternatives();
    if (now().kind != Token::Kind::end)
      fail(now(), "\"" + printable(std::string(now().given)) + "\" does not fit here", "and, or, or the end",
           now().is(")")   ? "there is no ( for it"
           : now().is(",") ? kBrackets
                           : "");
    return filter;
  }

 private:
  static constexpr const char* kBrackets = "several values stand in brackets, as in port [80 443]";

  // What a test names: one subject, or two of which either may match.
  struct Operand {
    std::vector<Subject> subjects;
    std::string_view last_word;  // "net" may be followed by a netmask
  };

  const Token& now() const { return tokens_[at_]; }
  const Token& next() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  bool take(std::string_view word) {
    if (!now().is(word)) return false;
    ++at_;
    return true;
  }

  [[noreturn]] void fail(const Token& token, std::string found, std::string expected, std::string hint = "") const {
    FilterProblem problem{token.at, token.given.size(), std::move(found), std::move(expected), std::move(hint)};
    if (token.kind == Token::Kind::end) problem.found = "it ends too early";
    if (token.kind == Token::Kind::unfinished) {
      problem.found = "a quote is missing";
      problem.expected = std::string("another ") + token.given[0];
      problem.hint.clear();
    }
    throw FilterError(expression_, std::move(problem));
  }

  Filter alternatives() {
    std::vector<Filter> parts{conjunction()};
    while (take("or") || take("||")) parts.push_back(conjunction());
    return combined(Filter::Kind::any_of, std::move(parts));
  }

  Filter conjunction() {
    std::vector<Filter> parts{part()};
    while (take("and") || take("&&")) parts.push_back(part());
    return combined(Filter::Kind::all_of, std::move(parts));
  }

  Filter part() {
    const Token& begin = now();
    if (take("not") || take("!")) {
      enter(begin);
      const bool is_grouped = now().is("(");
      Filter inner = part();
      if (!is_grouped && inner.kind == Filter::Kind::bits) inner = any_bit(inner, begin);
      --depth_;
      return negated(std::move(inner));
    }
    if (!take("(")) return single_test();
    enter(begin);
    Filter inner = alternatives();
    --depth_;
    if (!take(")"))
      fail(now(), "\"" + printable(std::string(now().given)) + "\" does not fit here", "and, or, or )",
           "the ( at octet " + std::to_string(begin.at + 1) + " is still open");
    return inner;
  }

  // As in nfdump, "not flags AFRPU" means that none of these is set; "not (flags AFRPU)", that not all of them are.
  Filter any_bit(const Filter& filter, const Token& begin) {
    std::vector<Filter> parts;
    for (uint64_t bit = 1; bit && bit <= filter.bits; bit <<= 1) {
      if (!(filter.bits & bit)) continue;
      if (!parts.empty()) count_test();
      parts.push_back(filter);
      parts.back().bits = bit;
    }
    if (parts.size() > 1) check_deeper(begin);  // it is printed in parentheses
    return combined(Filter::Kind::any_of, std::move(parts));
  }

  void enter(const Token& begin) {
    if (++depth_ > kMaxFilterDepth)
      fail(begin, "too many parentheses within each other", "at most " + std::to_string(kMaxFilterDepth));
  }

  void check_deeper(const Token& begin) {
    enter(begin);
    --depth_;
  }

  void count_test() {
    if (++parts_ > kMaxFilterParts)
      fail(now(), "too many tests", "at most " + std::to_string(kMaxFilterParts),
           "a list in brackets is one test: src ip in [192.0.2.1 192.0.2.2]");
  }

  Filter single_test() {
    count_test();
    if (take("any")) return {};
    for (auto [word, ethertype] :
         {std::pair{"inet", 0x0800u}, {"ipv4", 0x0800u}, {"inet6", 0x86ddu}, {"ipv6", 0x86ddu}})
      if (take(word)) return number_test({Subject::Kind::field, Field::etype}, {{ethertype, ethertype}});
    if (take("has")) return presence();
    if (auto operand = take_operand()) return comparison(*operand);
    if (auto protocol = protocol_number(now().word); protocol && now().kind == Token::Kind::word) {
      ++at_;
      return number_test({Subject::Kind::field, Field::proto}, {{*protocol, *protocol}});
    }
    unknown_word();
  }

  // The words that may follow the first word of a term: "ip", "net", "port" after "src".
  std::vector<std::string> second_words() const {
    std::vector<std::string> words;
    for (const TermSpelling& spelling : spellings())
      if (spelling.words.size() > 1 && now().is(spelling.words[0])) words.emplace_back(spelling.words[1]);
    std::ranges::sort(words);
    words.erase(std::ranges::unique(words).begin(), words.end());
    return words;
  }

  [[noreturn]] void unknown_word() const {
    if (auto words = second_words(); !words.empty())
      fail(next(), "\"" + printable(std::string(next().given)) + "\" does not fit after " + now().word,
           "one of " + join_list(words, ", "), hint(next(), words));
    const std::string expected = "a test, as in src net 192.0.2.0/24, dst port 443, proto udp, bytes > 1M";
    if (now().kind != Token::Kind::word)
      fail(now(), "\"" + printable(std::string(now().given)) + "\" does not fit here", expected);
    std::vector<std::string> known = protocol_names();
    for (std::string_view word : reserved_words()) known.emplace_back(word);
    for (const TermSpelling& spelling : spellings())
      for (std::string_view word : spelling.words) known.emplace_back(word);
    for (const FieldInfo& field : fields_.all()) known.emplace_back(field.name);
    if (now().word[0] >= '0' && now().word[0] <= '9')
      fail(now(), "\"" + printable(std::string(now().given)) + "\" does not fit here", expected, kBrackets);
    if (std::ranges::count(known, now().word) > 0)  // it is one, but no test begins with it
      fail(now(), "\"" + printable(std::string(now().given)) + "\" does not fit here", expected);
    fail(now(), "\"" + printable(std::string(now().given)) + "\" is no word of the filter language", expected,
         hint(now(), known, "weir docs filter lists the words"));
  }

  static std::string hint(const Token& token, const std::vector<std::string>& known, const char* otherwise = "") {
    std::string near = nearest(token.word, known);
    return near.empty() ? otherwise : "did you mean " + near + "?";
  }

  [[noreturn]] void no_field() const {
    std::vector<std::string> known;
    for (const FieldInfo& field : fields_.all()) known.emplace_back(field.name);
    fail(now(), "\"" + printable(std::string(now().given)) + "\" is no field", "the name of a field",
         hint(now(), known, "weir docs fields lists them"));
  }

  Filter presence() {
    auto operand = take_operand();
    if (!operand) no_field();
    std::vector<Filter> parts;
    for (const Subject& subject : operand->subjects) parts.push_back(test(Filter::Kind::present, subject));
    return combined(Filter::Kind::any_of, std::move(parts));
  }

  // A term of the vocabulary (the longest that fits), or the name of a field.
  std::optional<Operand> take_operand() {
    if (now().kind != Token::Kind::word) return {};
    if (now().is("field")) return named_field();
    const TermSpelling* best = nullptr;
    for (const TermSpelling& spelling : spellings())
      if (fits(spelling) && (!best || spelling.words.size() > best->words.size())) best = &spelling;
    if (best) {
      at_ += best->words.size();
      Operand operand{{*best->first}, best->words.back()};
      if (best->second) operand.subjects.push_back(*best->second);
      return operand;
    }
    const FieldInfo* field = find_field_here();
    if (!field) return {};
    ++at_;
    return Operand{{{Subject::Kind::field, field->field}}, {}};
  }

  const FieldInfo* find_field_here() const {
    const FieldInfo* field = fields_.find(now().text);
    return field || now().kind != Token::Kind::word ? field : fields_.find(now().word);
  }

  Operand named_field() {
    ++at_;
    const FieldInfo* field = find_field_here();
    if (!field || (now().kind != Token::Kind::word && now().kind != Token::Kind::text)) no_field();
    ++at_;
    return {{{Subject::Kind::field, field->field}}, {}};
  }

  bool fits(const TermSpelling& spelling) const {
    if (at_ + spelling.words.size() >= tokens_.size()) return false;
    for (size_t i = 0; i < spelling.words.size(); ++i)
      if (tokens_[at_ + i].kind != Token::Kind::word || tokens_[at_ + i].word != spelling.words[i]) return false;
    return true;
  }

  Comparison take_comparison() {
    const Comparison how = comparison_of(now().kind == Token::Kind::text ? "" : now().word);
    if (how != Comparison::none || now().is("in")) ++at_;
    return how;
  }

  Filter comparison(const Operand& operand) {
    const Token& sign = now();
    Comparison how = take_comparison();
    ValueKind kind = value_kind(operand.subjects[0], fields_);
    bool names = names_interface(operand);
    if (names) kind = ValueKind::text;
    Filter filter;
    if (kind == ValueKind::address || kind == ValueKind::text) {
      if (how > Comparison::unequal)
        fail(sign, "addresses and texts have no order", "= or !=", "a range of addresses: 192.0.2.1-192.0.2.9");
      filter = kind == ValueKind::text ? text_test(operand, names) : address_test(operand);
    } else if (kind == ValueKind::tcp_flags && how == Comparison::none &&
               is_flag_letters(now().is("[") ? next() : now())) {
      filter = flags_test(operand.subjects[0]);
    } else {
      filter = numbers_test(operand, kind, how, sign);
    }
    if (how != Comparison::unequal) return filter;
    check_deeper(sign);  // it is printed with not
    return negated(std::move(filter));
  }

  // An interface is tested by its name if a text follows.
  bool names_interface(const Operand& operand) const {
    Field field = operand.subjects[0].field;
    if (operand.subjects[0].kind != Subject::Kind::field || (field != Field::in_if && field != Field::out_if))
      return false;
    const Token& value = now().is("[") ? next() : now();
    return value.kind == Token::Kind::text;
  }

  static bool is_flag_letters(const Token& token) {
    return token.kind == Token::Kind::word && tcp_flag_bits(token.text).has_value();
  }

  // "flags SA"; "flags [S A]": one of them.
  Filter flags_test(const Subject& subject) {
    std::vector<Filter> parts;
    take_values([&] {
      if (!is_flag_letters(now())) no_value(ValueKind::tcp_flags);
      if (!parts.empty()) count_test();
      parts.push_back(test(Filter::Kind::bits, subject));
      parts.back().bits = *tcp_flag_bits(now().text);
      ++at_;
    });
    return combined(Filter::Kind::any_of, std::move(parts));
  }

  template <class Fill>
  Filter each(const Operand& operand, Filter::Kind kind, Fill fill) {
    std::vector<Filter> parts;
    for (const Subject& subject : operand.subjects) fill(parts.emplace_back(test(kind, subject)));
    return combined(Filter::Kind::any_of, std::move(parts));
  }

  Filter number_test(const Subject& subject, std::vector<Range<uint64_t>> ranges) const {
    Filter filter = test(Filter::Kind::numbers, subject);
    filter.numbers = NumberSet(std::move(ranges));
    return filter;
  }

  // Calls `take_value` for the value, or for each of a list in brackets.
  template <class TakeValue>
  void take_values(TakeValue take_value) {
    const Token& begin = now();
    if (!take("[")) return take_value();
    for (size_t taken = 0;; ++taken) {
      while (take(",")) {
      }
      if (now().is("]") && taken == 0) fail(begin, "the list is empty", "at least one value");
      if (take("]")) return;
      if (now().kind == Token::Kind::sign || now().kind == Token::Kind::end)
        fail(now(), "the list has no end", "a value or ]");
      take_value();
    }
  }

  Filter address_test(const Operand& operand) {
    std::vector<AddressRange> ranges;
    const bool masks = (operand.last_word == "net" || operand.last_word == "xnet") && !now().is("[");
    take_values([&] {
      if (masks && next().kind == Token::Kind::word && add_masked(now().text, next().text, ranges)) {
        at_ += 2;
        return;
      }
      if (!is_value() || !add_addresses(now().text, ranges)) no_value(ValueKind::address);
      ++at_;
    });
    AddressSet set(std::move(ranges));
    return each(operand, Filter::Kind::addresses, [&](Filter& one) { one.addresses = set; });
  }

  Filter text_test(const Operand& operand, bool names) {
    std::vector<std::string> texts;
    take_values([&] {
      if (!is_value()) no_value(ValueKind::text);
      texts.push_back(now().text);
      ++at_;
    });
    std::ranges::sort(texts);
    texts.erase(std::ranges::unique(texts).begin(), texts.end());
    return each(operand, Filter::Kind::texts, [&](Filter& one) {
      one.texts = texts;
      if (names) one.subject.field = one.subject.field == Field::in_if ? Field::in_if_name : Field::out_if_name;
    });
  }

  bool is_value() const { return now().kind == Token::Kind::word || now().kind == Token::Kind::text; }

  [[noreturn]] void no_value(ValueKind kind) const {
    std::string said;
    if (kind == ValueKind::port || kind == ValueKind::protocol) {
      std::vector<std::string> known = kind == ValueKind::protocol ? protocol_names() : std::vector<std::string>();
      if (kind == ValueKind::port)
        for (const Service& service : services()) known.emplace_back(service.name);
      said = hint(now(), known);
    }
    if (now().kind == Token::Kind::word && is_reserved(now().word))
      said = now().is("not") ? "write not before the test, as in not src port 80" : "a value is missing";
    fail(now(), "\"" + printable(std::string(now().given)) + "\" does not fit here", std::string(value_meaning(kind)),
         said);
  }

  Filter numbers_test(const Operand& operand, ValueKind kind, Comparison how, const Token& sign) {
    const uint64_t largest = largest_key(operand.subjects[0], fields_);
    std::vector<Range<uint64_t>> ranges;
    if (kind == ValueKind::only_there) no_value(kind);
    const Token& begin = now();
    take_values([&] { ranges.push_back(take_range(kind, largest)); });
    if (how > Comparison::unequal) {
      if (ranges.size() != 1 || ranges[0].first != ranges[0].last || begin.is("["))
        fail(sign, "a range or a list has no order", "= or !=, or a single value");
      ranges = compared(how, ranges[0].first, largest);
      if (kind == ValueKind::real) leave_out_nan_keys(ranges);
    }
    NumberSet set(std::move(ranges));
    return each(operand, Filter::Kind::numbers, [&](Filter& one) { one.numbers = set; });
  }

  Range<uint64_t> take_range(ValueKind kind, uint64_t largest) {
    if (!is_value()) no_value(kind);
    const size_t begin = at_;
    std::string text = now().text;
    if (next().is("-")) {  // 80 - 90
      at_ += 2;
      if (!is_value()) no_value(kind);
      text += ".." + now().text;
    }
    auto range = parse_value_range(kind, text, times_);
    if (!range) {
      at_ = begin;
      no_value(kind);
    }
    if (range->last > largest)
      fail(now(), "\"" + printable(std::string(now().given)) + "\" is too large for this field",
           "at most " + std::to_string(largest));
    ++at_;
    return *range;
  }

  std::string_view expression_;
  const FieldTable& fields_;
  TimeContext times_;
  std::vector<Token> tokens_;
  size_t at_ = 0, depth_ = 0, parts_ = 0;
};

}  // namespace

Filter parse_filter(std::string_view expression, const FieldTable& fields, const TimeContext& times) {
  if (expression.size() > kMaxFilterBytes)
    throw FilterError(expression.substr(0, 80),
                      {0, 0, "the filter is too long", "at most " + std::to_string(kMaxFilterBytes) + " octets", ""});
  return Parser(expression, fields, times).run();
}

}  // namespace weir
