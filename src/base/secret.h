// SPDX-License-Identifier: Apache-2.0
// A password or a token. It cannot be printed by mistake: its text is available only through a named call.
#pragma once

#include <string>
#include <string_view>

namespace weir {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }
  // Compares in constant time, wherever the texts differ.
  bool is(std::string_view shown) const {
    unsigned char different = shown.size() == text_.size() ? 0 : 1;
    for (size_t i = 0; i < shown.size(); ++i)
      different |= static_cast<unsigned char>(shown[i]) ^
                   static_cast<unsigned char>(text_.empty() ? 1 : text_[i % text_.size()]);
    return different == 0;
  }

 private:
  std::string text_;
};

}  // namespace weir
