// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include <nlohmann/json.hpp>

namespace weir {

Response problem(int status, const std::string& title, const std::string& detail) {
  nlohmann::ordered_json body = {{"type", "about:blank"}, {"title", title}, {"status", status}, {"detail", detail}};
  // The detail may contain a path that is not UTF-8.
  std::string text = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return {status, "application/problem+json", text, {}};
}

std::function<bool(std::string&)> in_pieces(std::shared_ptr<const std::string> text) {
  return [text = std::move(text), at = size_t{0}](std::string& out) mutable {
    out.append(*text, at, kPieceBytes);
    at += std::min(kPieceBytes, text->size() - at);
    return at < text->size();
  };
}

}  // namespace weir
