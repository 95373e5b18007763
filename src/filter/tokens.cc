// SPDX-License-Identifier: Apache-2.0
#include "filter/tokens.h"

#include <algorithm>

#include "base/network_names.h"

namespace weir {
namespace {

constexpr std::string_view kBlanks = " \t\r\n", kSigns = "()[],!=<>&|";

Token quoted(std::string_view expression, size_t at) {
  Token token{Token::Kind::unfinished, {}, {}, {}, at};
  const char quote = expression[at];
  for (size_t i = at + 1; i < expression.size(); ++i) {
    char c = expression[i];
    if (c == quote) {
      token.kind = Token::Kind::text;
      token.given = expression.substr(at, i + 1 - at);
      return token;
    }
    bool escaped = c == '\\' && i + 1 < expression.size() && (expression[i + 1] == quote || expression[i + 1] == '\\');
    token.text += escaped ? expression[++i] : c;
  }
  token.given = expression.substr(at);
  return token;
}

Token sign(std::string_view expression, size_t at) {
  for (std::string_view two : {"==", "!=", "<=", ">=", "&&", "||"})
    if (expression.substr(at).starts_with(two))
      return {Token::Kind::sign, expression.substr(at, 2), std::string(two), std::string(two), at};
  return {Token::Kind::sign, expression.substr(at, 1), std::string(1, expression[at]), std::string(1, expression[at]),
          at};
}

Token word(std::string_view expression, size_t at) {
  size_t end = at;
  while (end < expression.size() && !kBlanks.contains(expression[end]) && !kSigns.contains(expression[end]) &&
         expression[end] != '"' && expression[end] != '\'')
    ++end;
  std::string_view given = expression.substr(at, end - at);
  return {Token::Kind::word, given, std::string(given), lower(given), at};
}

}  // namespace

std::vector<Token> tokens_of(std::string_view expression) {
  std::vector<Token> tokens;
  for (size_t at = expression.find_first_not_of(kBlanks); at != std::string_view::npos;
       at = expression.find_first_not_of(kBlanks, at)) {
    char c = expression[at];
    if (c == '#') {
      at = std::min(expression.find('\n', at), expression.size());
      continue;
    }
    tokens.push_back(c == '"' || c == '\'' ? quoted(expression, at)
                     : kSigns.contains(c)  ? sign(expression, at)
                                           : word(expression, at));
    at += tokens.back().given.size();
  }
  tokens.push_back({Token::Kind::end, {}, {}, {}, expression.size()});
  return tokens;
}

}  // namespace weir
