// SPDX-License-Identifier: Apache-2.0
#include "web/http_request.h"

#include <algorithm>
#include <charconv>

namespace weir {
namespace {

constexpr std::string_view kBlanks = " \t";

RequestHead refused(int status, const std::string& why) {
  RequestHead head;
  head.bytes = 1;
  head.refusal = status;
  head.why = why;
  return head;
}

// RFC 9110 §5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").contains(static_cast<char>(c));
  });
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return (c < ' ' && c != '\t') || c == 0x7f; });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trimmed(std::string_view text) {
  size_t first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// The next line without its end; a lone LF ends one too (RFC 9112 §2.2).
std::string_view take_line(std::string_view& text) {
  size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// "/a?b", or "http://host/a?b" as proxies are asked: the path.
std::string path_of(std::string_view target) {
  if (size_t scheme = target.find("://"); scheme != target.npos && !target.starts_with('/')) {
    size_t slash = target.find('/', scheme + 3);
    target = slash == target.npos ? "/" : target.substr(slash);
  }
  return std::string(target.substr(0, target.find_first_of("?#")));
}

bool take_request_line(std::string_view line, RequestHead& head) {
  size_t first = line.find(' '), last = line.rfind(' ');
  if (first == line.npos || last == first) return false;
  std::string_view target = line.substr(first + 1, last - first - 1), version = line.substr(last + 1);
  head.method = line.substr(0, first);
  const bool has_blank = target.find_first_of(kBlanks) != target.npos;
  if (!is_token(head.method) || target.empty() || has_blank || has_control(target)) return false;
  if (version.size() != 8 || !version.starts_with("HTTP/")) return false;
  head.is_http11 = version == "HTTP/1.1";
  head.keep_alive = head.is_http11;
  if (!head.is_http11 && version != "HTTP/1.0") head.refusal = 505, head.why = "only HTTP/1.1 and HTTP/1.0 are spoken";
  head.request.path = path_of(target);
  return true;
}

class Headers {
 public:
  explicit Headers(RequestHead& head) : head_(head) {}

  bool take(std::string_view line) {
    size_t colon = line.find(':');
    if (colon == line.npos || !is_token(line.substr(0, colon))) return false;  // a folded line too
    std::string name = lower(line.substr(0, colon));
    std::string_view value = trimmed(line.substr(colon + 1));
    if (has_control(value)) return false;
    if (name == "accept") head_.request.accept += (head_.request.accept.empty() ? "" : ",") + std::string(value);
    if (name == "connection" && lower(value).contains("close")) head_.keep_alive = false;
    if (name == "transfer-encoding") refuse(411, "a body must tell its length with Content-Length");
    return name != "content-length" || take_length(value);
  }

 private:
  void refuse(int status, const char* why) {
    if (head_.refusal == 0) head_.refusal = status, head_.why = why;
  }

  bool take_length(std::string_view value) {
    auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), head_.body_bytes);
    if (failed == std::errc::invalid_argument || end != value.data() + value.size() || seen_length_) return false;
    seen_length_ = true;
    if (failed != std::errc{} || head_.body_bytes > kRequestBodyBytes) refuse(413, "a body may have 64 KiB");
    return true;
  }

  RequestHead& head_;
  bool seen_length_ = false;
};

// Where the empty line that ends the head ends; npos where it is not there yet.
size_t end_of_head(std::string_view bytes) {
  size_t at = bytes.find('\n');
  while (at != bytes.npos && at + 1 < bytes.size()) {
    std::string_view rest = bytes.substr(at + 1, 2);
    if (rest.starts_with('\n')) return at + 2;
    if (rest == "\r\n") return at + 3;
    at = bytes.find('\n', at + 1);
  }
  return bytes.npos;
}

}  // namespace

RequestHead parse_request_head(std::string_view bytes) {
  size_t skipped = std::min(bytes.find_first_not_of("\r\n"), bytes.size());  // RFC 9112 §2.2
  if (skipped > 4) return refused(400, "this is no request");
  std::string_view text = bytes.substr(skipped);
  size_t end = end_of_head(text);
  if (std::min(end, text.size()) > kRequestHeadBytes) return refused(431, "the head of a request may have 8 KiB");
  if (end == text.npos) {
    // Told at once where it can be: a TLS client would wait for an answer for ever.
    if (!text.empty() && !is_token(text.substr(0, 1))) return refused(400, "this is no HTTP");
    return {};
  }
  RequestHead head;
  head.bytes = skipped + end;
  text = text.substr(0, end);
  if (!take_request_line(take_line(text), head)) return refused(400, "the request line is not METHOD TARGET HTTP/1.1");
  Headers headers(head);
  for (;;) {
    std::string_view line = take_line(text);
    if (line.empty()) return head;
    if (!headers.take(line)) return refused(400, "a header is not NAME: VALUE");
  }
}

}  // namespace weir
