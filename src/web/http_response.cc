// SPDX-License-Identifier: Apache-2.0
#include "web/http_response.h"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "os/clock.h"

namespace weir {

Response problem(int status, const std::string& title, const std::string& detail) {
  nlohmann::ordered_json body = {{"type", "about:blank"}, {"title", title}, {"status", status}, {"detail", detail}};
  // A path that is no UTF-8 may be part of the detail.
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

static const char* reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

// IMF-fixdate (RFC 9110 §5.6.7), whatever the locale.
static std::string date() {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  auto seconds = static_cast<time_t>(os::realtime_ns() / 1'000'000'000);
  tm t{};
  ::gmtime_r(&seconds, &t);
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %d %02d:%02d:%02d GMT", kDays[t.tm_wday], t.tm_mday, kMonths[t.tm_mon],
                t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
  return text;
}

std::string response_head(const Response& response, bool chunked, bool keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " " + reason(response.status) + "\r\n";
  auto add = [&](const std::string& name, const std::string& value) { head += name + ": " + value + "\r\n"; };
  add("Date", date());
  add("Content-Type", response.type);
  if (chunked) add("Transfer-Encoding", "chunked");
  if (!response.more) add("Content-Length", std::to_string(response.body.size()));
  if (!keep_alive) add("Connection", "close");
  add("X-Content-Type-Options", "nosniff");
  add("Cache-Control", "no-store");
  for (const auto& [name, value] : response.headers) add(name, value);
  return head + "\r\n";
}

}  // namespace weir
