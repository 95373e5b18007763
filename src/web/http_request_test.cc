// SPDX-License-Identifier: Apache-2.0
#include "web/http_request.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(HttpRequest, OfABrowser) {
  const std::string bytes =
      "GET /metrics?x=1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n";
  RequestHead head = parse_request_head(bytes + "GET");
  EXPECT_EQ(head.bytes, bytes.size());
  EXPECT_EQ(head.refusal, 0);
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.request.path, "/metrics");
  EXPECT_EQ(head.request.accept, "*/*");
  EXPECT_TRUE(head.is_http11);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.body_bytes, 0u);
}

// Whatever part of it has come, it is waited for.
TEST(HttpRequest, EveryPrefixIsUnfinished) {
  const std::string bytes = "\r\nHEAD / HTTP/1.0\r\nAccept: a\r\nCONTENT-LENGTH:  12 \r\nAccept:b\r\n\r\n";
  for (size_t size = 0; size < bytes.size(); ++size) {
    RequestHead head = parse_request_head(bytes.substr(0, size));
    EXPECT_EQ(head.bytes, 0u) << size;
    EXPECT_EQ(head.refusal, 0) << size;
  }
  RequestHead head = parse_request_head(bytes);
  EXPECT_EQ(head.bytes, bytes.size());
  EXPECT_EQ(head.refusal, 0) << head.why;
  EXPECT_EQ(head.request.accept, "a,b") << "a list may come in several lines (RFC 9110 5.3)";
  EXPECT_EQ(head.body_bytes, 12u);
  EXPECT_FALSE(head.is_http11);
  EXPECT_FALSE(head.keep_alive);
}

TEST(HttpRequest, Paths) {
  auto path = [](const std::string& target) {
    return parse_request_head("GET " + target + " HTTP/1.1\r\n\r\n").request.path;
  };
  EXPECT_EQ(path("/a/b?c/d"), "/a/b");
  EXPECT_EQ(path("/%2e%2e/x"), "/%2e%2e/x");
  EXPECT_EQ(path("/x?u=http://a/b"), "/x");
  EXPECT_EQ(path("http://host:1/metrics?a"), "/metrics");
  EXPECT_EQ(path("http://host"), "/");
  EXPECT_EQ(path("host:443"), "host:443");
}

TEST(HttpRequest, ConnectionsEndWhereTheClientSaysSo) {
  EXPECT_FALSE(parse_request_head("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n").keep_alive);
  EXPECT_TRUE(parse_request_head("GET / HTTP/1.1\nconnection: keep-alive\n\n").keep_alive);
}

TEST(HttpRequest, WhatIsWrongIsRefused) {
  auto status = [](const std::string& bytes) {
    RequestHead head = parse_request_head(bytes);
    EXPECT_EQ(head.refusal != 0, !head.why.empty());
    EXPECT_TRUE(head.refusal == 0 || head.bytes > 0);
    return head.refusal;
  };
  const std::string end = "\r\n\r\n";
  for (const char* line :
       {"GET", "GET /", "GET  / HTTP/1.1", "GET / a HTTP/1.1", " GET / HTTP/1.1", "GET / http/1.1", "GET / HTTP/11",
        "G@T / HTTP/1.1", "GET /\x01 HTTP/1.1", "GET / FTP/1.1", "GET /a\tb HTTP/1.1"})
    EXPECT_EQ(status(line + end), 400) << line;
  EXPECT_EQ(status("GET / HTTP/2.0" + end), 505);
  for (const char* header : {"no colon", "Name : v", ": v", " folded: v", "A: \x01", "Content-Length: -1",
                             "Content-Length: 1x", "Content-Length: ", "Content-Length: 1\r\nContent-Length: 1"})
    EXPECT_EQ(status("GET / HTTP/1.1\r\n" + std::string(header) + end), 400) << header;
  EXPECT_EQ(status("GET / HTTP/1.1\r\nContent-Length: 65537" + end), 413);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nContent-Length: 99999999999999999999999" + end), 413);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nContent-Length: 65536" + end), 0);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nTransfer-Encoding: chunked" + end), 411);
  EXPECT_EQ(status("\x16\x03\x01\x02"), 400) << "TLS is told at once";
  EXPECT_EQ(status("\r\n\r\n\r\n"), 400);
  EXPECT_EQ(status("GET /" + std::string(kRequestHeadBytes, 'a')), 431);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nA: " + std::string(kRequestHeadBytes, 'a') + end), 431);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nA: " + std::string(kRequestHeadBytes - 100, 'a') + end), 0);
}

}  // namespace
}  // namespace weir
