// SPDX-License-Identifier: Apache-2.0
// Splits a filter expression into words, quoted texts and signs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct Token {
  enum class Kind {
    word,        // up to a blank, a sign or a quote: net, 192.0.2.0/24, 80-90
    text,        // in double or single quotes; \ before a quote or another \ stands for the character itself
    sign,        // ( ) [ ] , ! && || = == != < <= > >=
    unfinished,  // a text without its second quote
    end,
  };
  Kind kind = Kind::end;
  std::string_view given;  // as in the expression
  std::string text;        // without quotes; the words of the language are lower-case in `word`
  std::string word;
  size_t at = 0;

  bool is(std::string_view sign_or_word) const {
    return (kind == Kind::sign || kind == Kind::word) && word == sign_or_word;
  }
};

// The last token is `end`.
std::vector<Token> tokens_of(std::string_view expression);

}  // namespace weir
