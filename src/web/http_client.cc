// SPDX-License-Identifier: Apache-2.0
#include "web/http_client.h"

#include <strings.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "os/tcp_socket.h"

namespace weir {

static constexpr size_t kAnswerBytes = size_t{1} << 30;

namespace {
struct Url {
  std::string host;       // without brackets
  std::string authority;  // as in the Host header
  uint16_t port = 80;
  std::string prefix;
};
}  // namespace

static std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t value = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failed != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

static Url parse_url(const std::string& server) {
  auto wrong = [&](const std::string& why) {
    return usage_error("--server " + server + ": " + why + "; write it as http://127.0.0.1:8080");
  };
  Url url;
  std::string_view rest = server;
  if (size_t scheme = rest.find("://"); scheme != std::string_view::npos) {
    if (rest.substr(0, scheme) != "http") throw wrong("only http:// is supported");
    rest.remove_prefix(scheme + 3);
  }
  size_t slash = rest.find('/');
  if (slash != std::string_view::npos) url.prefix = rest.substr(slash);
  while (url.prefix.ends_with('/')) url.prefix.pop_back();
  url.authority = rest.substr(0, slash);
  if (url.authority.find_first_of("@?# \t\r\n") != std::string::npos ||
      url.prefix.find_first_of("?# \t\r\n") != std::string::npos)
    throw wrong("it may hold a host, a port and a path only");

  std::string_view host = url.authority;
  size_t colon = host.rfind(':');
  size_t bracket = host.rfind(']');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    auto port = parse_number(host.substr(colon + 1));
    if (!port || *port == 0 || *port > 65'535) throw wrong("the port must be a number from 1 to 65535");
    url.port = static_cast<uint16_t>(*port);
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) throw wrong("the host is missing");
  url.host = host;
  return url;
}

// The value of a header in "Name: value\r\n" lines, or "".
static std::string header(std::string_view headers, const char* name) {
  while (!headers.empty()) {
    size_t end = headers.find("\r\n");
    std::string_view line = headers.substr(0, end);
    headers.remove_prefix(end == std::string_view::npos ? headers.size() : end + 2);
    size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (::strcasecmp(std::string(line.substr(0, colon)).c_str(), name) != 0) continue;
    size_t value = line.find_first_not_of(" \t", colon + 1);
    return value == std::string_view::npos ? "" : std::string(line.substr(value));
  }
  return "";
}

static HttpAnswer parse_answer(const std::string& text, const std::string& where) {
  size_t line_end = text.find("\r\n");
  size_t headers_end = text.find("\r\n\r\n");
  // "HTTP/1.1 200 OK"
  if (!text.starts_with("HTTP/1.") || headers_end == std::string::npos || line_end < 12)
    throw runtime_failure(where + " answers, but not as an HTTP server does");
  std::string_view headers = std::string_view(text).substr(line_end + 2, headers_end - line_end);
  HttpAnswer answer;
  answer.status = static_cast<int>(parse_number(std::string_view(text).substr(9, 3)).value_or(0));
  answer.type = header(headers, "Content-Type");
  answer.body = text.substr(headers_end + 4);
  auto length = parse_number(header(headers, "Content-Length"));
  if (length && *length != answer.body.size()) throw runtime_failure(where + " broke off in the middle of its answer");
  return answer;
}

// HTTP/1.0, so that the answer is not chunked and ends with the connection.
HttpAnswer http_get(const std::string& server, const std::string& path, int timeout_ms) {
  Url url = parse_url(server);
  auto connection = os::TcpConnection::connect(url.host, url.port, timeout_ms);
  std::string request = "GET " + url.prefix + path + " HTTP/1.0\r\nHost: " + url.authority +
                        "\r\nAccept: application/json\r\nUser-Agent: weir\r\nConnection: close\r\n\r\n";
  std::string text;
  int error = connection.send_all(request, timeout_ms);
  if (!error) error = connection.receive_all(text, kAnswerBytes, timeout_ms);
  if (error) throw runtime_failure("no answer from " + url.authority + ": " + os::error_text(error));
  return parse_answer(text, url.authority);
}

}  // namespace weir
