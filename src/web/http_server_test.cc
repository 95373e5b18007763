// SPDX-License-Identifier: Apache-2.0
#include "web/http_server.h"

#include <errno.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "os/tcp_socket.h"
#include "web/http_client.h"

namespace weir {
namespace {

class HttpServerTest : public testing::Test {
 protected:
  void SetUp() override {
    server_.route("/hello",
                  [](const Request& request) { return Response{200, "text/plain", "hi " + request.accept, {}}; });
    server_.route("/fails", [](const Request&) -> Response { throw std::runtime_error("secret"); });
    server_.start();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  // Sends `bytes` as they are and returns all that comes back. The server may close before it has read them all.
  std::string raw(const std::string& bytes) {
    auto connection = os::TcpConnection::connect("127.0.0.1", server_.port(), 2'000);
    int error = connection.send_all(bytes, 2'000);
    EXPECT_TRUE(error == 0 || error == EPIPE || error == ECONNRESET) << os::error_text(error);
    std::string answer;
    connection.receive_all(answer, 1 << 20, 5'000);
    return answer;
  }
  HttpServer server_{"127.0.0.1:0"};
};

std::string error_of(const std::string& address) {
  try {
    HttpServer server(address);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  return "";
}

TEST_F(HttpServerTest, AnswersARoute) {
  HttpAnswer answer = http_get(url(), "/hello", 2'000);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.type, "text/plain");
  EXPECT_EQ(answer.body, "hi application/json");
  EXPECT_EQ(http_get(url() + "/", "/hello?x=1", 2'000).status, 200) << "a query does not change the route";
}

TEST_F(HttpServerTest, ErrorsAreProblems) {
  HttpAnswer missing = http_get(url(), "/nothing%FF", 2'000);
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.type, "application/problem+json");
  EXPECT_EQ(nlohmann::json::parse(missing.body)["status"], 404);

  HttpAnswer failed = http_get(url(), "/fails", 2'000);
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.body.find("secret"), std::string::npos);

  std::string posted = raw("POST /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab");
  EXPECT_TRUE(posted.starts_with("HTTP/1.1 405")) << posted;
  EXPECT_NE(posted.find("Allow: GET, HEAD"), std::string::npos);
}

TEST_F(HttpServerTest, HeadHasTheLengthAndNoBody) {
  std::string answer = raw("HEAD /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 3\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(HttpServerTest, BoundsWhatARequestMayHold) {
  std::string large = raw("GET /hello HTTP/1.1\r\nHost: a\r\nX: " + std::string(1 << 20, 'x'));
  EXPECT_FALSE(large.starts_with("HTTP/1.1 200")) << large.substr(0, 80);
  std::string body = raw("GET /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\nx");
  EXPECT_FALSE(body.starts_with("HTTP/1.1 200")) << body.substr(0, 80);
  for (const char* nonsense : {"\r\n\r\n", "\x16\x03\x01\x02", "GET\r\n\r\n", "CONNECT x:1 HTTP/1.1\r\n\r\n"}) {
    auto connection = os::TcpConnection::connect("127.0.0.1", server_.port(), 2'000);
    connection.send_all(nonsense, 2'000);
  }
  EXPECT_EQ(http_get(url(), "/hello", 2'000).status, 200) << "it goes on after them";
}

TEST_F(HttpServerTest, ATakenPortIsAUsageError) {
  std::string message = error_of("127.0.0.1:" + std::to_string(server_.port()));
  EXPECT_NE(message.find("taken"), std::string::npos) << message;
  EXPECT_NE(message.find("--http"), std::string::npos) << message;
}

TEST_F(HttpServerTest, StopEndsAndTheClientIsTold) {
  server_.stop();
  server_.stop();
  EXPECT_THROW(http_get(url(), "/hello", 2'000), Error);
}

TEST(HttpServer, IPv6) {
  HttpServer server("[::1]:0");
  server.route("/", [](const Request&) { return Response{200, "text/plain", "six", {}}; });
  server.start();
  EXPECT_EQ(http_get("http://[::1]:" + std::to_string(server.port()), "/", 2'000).body, "six");
}

TEST(HttpServer, EveryAddress) {
  for (const char* address : {"0.0.0.0:0", "[::]:0"}) {
    HttpServer server(address);
    server.route("/", [](const Request&) { return Response{200, "text/plain", "all", {}}; });
    server.start();
    EXPECT_EQ(http_get(http_url(address, server.port()), "/", 2'000).body, "all") << address;
  }
}

TEST(HttpServer, Addresses) {
  EXPECT_EQ(parse_http_address(":8080").to_string(), "127.0.0.1:8080") << "loopback unless told otherwise";
  EXPECT_EQ(parse_http_address("localhost:1").to_string(), "127.0.0.1:1");
  EXPECT_EQ(parse_http_address("0.0.0.0:80").port, 80);
  for (const char* wrong :
       {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:x", "::1:80", "host:80"})
    EXPECT_THROW(parse_http_address(wrong), Error) << wrong;
}

TEST(HttpServer, Urls) {
  EXPECT_EQ(http_url(":0", 81), "http://127.0.0.1:81");
  EXPECT_EQ(http_url("0.0.0.0:0", 81), "http://127.0.0.1:81");
  EXPECT_EQ(http_url("[::]:0", 81), "http://127.0.0.1:81");
  EXPECT_EQ(http_url("[::1]:0", 81), "http://[::1]:81");
}

TEST(HttpClient, SaysWhatIsWrong) {
  for (const char* wrong : {"https://a", "http://", "http://a:0", "http://a:b", "http://a b", "http://u@a"})
    EXPECT_THROW(http_get(wrong, "/", 1'000), Error) << wrong;
}

}  // namespace
}  // namespace weir
