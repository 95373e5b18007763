// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <errno.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "http/address.h"
#include "http/client.h"
#include "os/tcp_socket.h"

namespace weir {
namespace {

HttpAnswer http_get(const std::string& url, const std::string& target, int timeout_ms) {
  HttpRequest request;
  request.target = target;
  request.headers = {{"Accept", "application/json"}};
  request.timeout_ms = timeout_ms;
  return http_request(url, request);
}

class HttpServerTest : public testing::Test {
 protected:
  void SetUp() override {
    server_.route("/hello",
                  [](const Request& request) { return Response{200, "text/plain", "hi " + request.accept, {}}; });
    server_.route("/fails", [](const Request&) -> Response { throw std::runtime_error("secret"); });
    server_.route("/pieces", [](const Request&) {
      Response response{200, "text/plain", "first", {}};
      response.more = [n = 0](std::string& out) mutable { return out += n == 0 ? "one" : "two", n++ == 0; };
      return response;
    });
    server_.route("/breaks", [](const Request&) {
      Response response{200, "text/plain", "begun", {}};
      response.more = [](std::string&) -> bool { throw std::runtime_error("the source is gone"); };
      return response;
    });
    server_.route("/endless", [this](const Request&) {
      Response response{200, "text/plain", "", {}};
      response.more = [this](std::string& out) { return out.append(kPieceBytes, 'x'), endless_ += kPieceBytes, true; };
      return response;
    });
    server_.start();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  // Sends `bytes` unchanged and returns the whole reply. The server may close before it has read everything.
  std::string raw(const std::string& bytes) {
    auto connection = os::TcpConnection::connect("127.0.0.1", server_.port(), 2'000);
    int error = connection.send_all(bytes, 2'000);
    EXPECT_TRUE(error == 0 || error == EPIPE || error == ECONNRESET) << os::error_text(error);
    std::string answer;
    connection.receive_all(answer, 1 << 20, 5'000);
    return answer;
  }
  std::atomic<size_t> endless_{0};  // bytes generated for that answer
  HttpServer server_{HttpServerConfig{"127.0.0.1:0", "", "", {}}};
};

std::string error_of(const std::string& address) {
  try {
    HttpServer server(HttpServerConfig{address, "", "", {}});
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

TEST_F(HttpServerTest, LimitsTheSizeOfARequest) {
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

TEST_F(HttpServerTest, AnswersSuccessiveRequestsOnOneConnection) {
  std::string answers =
      raw("GET /hello HTTP/1.1\r\nHost: a\r\nAccept: 1\r\n\r\n"
          "POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\nGET /nothing HTTP/1.1"
          "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n"
          "GET /hello HTTP/1.1\r\nHost: a\r\nAccept: 4\r\nConnection: close\r\n\r\n");
  size_t found = 0;
  for (size_t at = 0; (at = answers.find("HTTP/1.1 ", at)) != std::string::npos; ++at) ++found;
  EXPECT_EQ(found, 4u) << answers;
  EXPECT_NE(answers.find("hi 1HTTP/1.1 405"), std::string::npos) << answers;
  EXPECT_TRUE(answers.ends_with("hi 4")) << answers;
}

// Neither the end of a chunked body nor that of an HTTP/1.0 body is the end of a piece.
TEST_F(HttpServerTest, PiecesBecomeChunks) {
  std::string chunked = raw("GET /pieces HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_NE(chunked.find("Transfer-Encoding: chunked\r\n"), std::string::npos) << chunked;
  EXPECT_EQ(chunked.find("Content-Length"), std::string::npos);
  EXPECT_TRUE(chunked.ends_with("\r\n\r\n5\r\nfirst\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")) << chunked;
  std::string plain = raw("GET /pieces HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(plain.ends_with("\r\n\r\nfirstonetwo")) << plain;
  EXPECT_EQ(plain.find("chunked"), std::string::npos);
  std::string head = raw("HEAD /pieces HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
  std::string broken = raw("GET /breaks HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(broken.ends_with("5\r\nbegun\r\n")) << "no last chunk: " << broken;
}

// Each connection holds one piece and what the kernel buffers, whatever the answer's size, and others are still
// answered.
TEST_F(HttpServerTest, ClientsThatDoNotReadBlockOnlyTheirOwnAnswer) {
  constexpr size_t kReaders = 30, kMaxKernel = 4 << 20;  // kernel buffers of both sides
  std::vector<os::TcpConnection> readers;
  for (size_t i = 0; i < kReaders; ++i) {
    readers.push_back(os::TcpConnection::connect("127.0.0.1", server_.port(), 2'000));
    ASSERT_EQ(readers.back().send_all("GET /endless HTTP/1.1\r\n\r\n", 2'000), 0);
  }
  size_t before = 0;
  do {  // until all of them are blocked
    before = endless_.load();
    for (int i = 0; i < 50; ++i) ASSERT_EQ(http_get(url(), "/hello", 10'000).status, 200);
  } while (endless_.load() != before || before == 0);
  EXPECT_LT(before, kReaders * kMaxKernel);
}

TEST_F(HttpServerTest, AnExcessConnectionReplacesTheOneSilentForLongest) {
  std::vector<os::TcpConnection> silent;
  for (size_t i = 0; i < kHttpConnections + 10; ++i)
    silent.push_back(os::TcpConnection::connect("127.0.0.1", server_.port(), 2'000));
  EXPECT_EQ(http_get(url(), "/hello", 5'000).status, 200);
  std::string answer;
  EXPECT_EQ(silent[0].receive_all(answer, 1, 5'000), 0) << "the first was closed";
  const std::string request = "GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n";
  ASSERT_EQ(silent.back().send_all(request, 2'000), 0);
  EXPECT_EQ(silent.back().receive_all(answer, 1 << 16, 5'000), 0) << "the last one was not";
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
}

// Sixty-four clients that read nothing of an endless answer block nobody else.
TEST_F(HttpServerTest, SlowReadersDoNotKeepAProbeOut) {
  std::vector<os::TcpConnection> readers;
  for (size_t i = 0; i < kHttpConnections; ++i) {
    readers.push_back(os::TcpConnection::connect("127.0.0.1", server_.port(), 2'000));
    ASSERT_EQ(readers.back().send_all("GET /endless HTTP/1.1\r\n\r\n", 2'000), 0);
  }
  for (int i = 0; i < 10; ++i) EXPECT_EQ(http_get(url(), "/hello", 10'000).status, 200);
}

TEST(HttpServer, ConnectionsLeaveDescriptorsToOthers) {
  EXPECT_EQ(http_connections(1024, 30), kHttpConnections);
  EXPECT_EQ(http_connections(256, 30), kHttpConnections);
  EXPECT_EQ(http_connections(160, 30), 160 - 30 - kFilesForOthers);
  EXPECT_EQ(http_connections(100, 90), 4u) << "a few, whatever the limit";
}

TEST_F(HttpServerTest, ATakenPortIsAUsageError) {
  std::string message = error_of("127.0.0.1:" + std::to_string(server_.port()));
  EXPECT_NE(message.find("taken"), std::string::npos) << message;
  EXPECT_NE(message.find("--http"), std::string::npos) << message;
}

TEST_F(HttpServerTest, AfterStopClientsGetAnError) {
  server_.stop();
  server_.stop();
  EXPECT_THROW(http_get(url(), "/hello", 2'000), Error);
}

class Counting : public BodySink {
 public:
  bool take(std::string_view piece) override { return (bytes_ += piece.size()) <= 8 << 20; }
  Response end() override {
    if (bytes_ > 8 << 20) return problem(413, "Content Too Large", "enough");
    return {200, "text/plain", std::to_string(bytes_), {}};
  }

 private:
  size_t bytes_ = 0;
};

TEST(HttpServer, TakesBodiesWholeOrInPieces) {
  HttpServer server(HttpServerConfig{"127.0.0.1:0", "", "", {}});
  HttpRoute whole;
  whole.methods = {"POST"};
  whole.max_body_bytes = 100'000;
  whole.handler = [](const Request& r) {
    return Response{200, "text/plain", r.query.at("a b") + ":" + std::to_string(r.body.size()), {}};
  };
  server.route("/whole", whole);
  HttpRoute streamed;
  streamed.methods = {"PUT"};
  streamed.sink = [](const Request&) { return std::make_unique<Counting>(); };
  server.route("/streamed", streamed);
  server.start();
  const std::string url = "http://127.0.0.1:" + std::to_string(server.port());
  HttpRequest request;
  request.method = "POST";
  request.target = "/whole?a%20b=c%2Bd";
  request.body = std::string(100'000, 'x');
  EXPECT_EQ(http_request(url, request).body, "c+d:100000");
  request.body += "x";
  EXPECT_EQ(http_request(url, request).status, 413);
  request.method = "PUT";
  EXPECT_EQ(http_request(url, request).status, 405);
  request.target = "/streamed";
  request.more = [left = 64](std::string& out) mutable { return out.append(100'000, 'y'), --left > 0; };
  EXPECT_EQ(http_request(url, request).body, "6400000");
  request.more = [](std::string& out) { return out.append(100'000, 'y'), true; };  // endless
  try {
    EXPECT_EQ(http_request(url, request).status, 413);
  } catch (const Error&) {  // the server closed while the client was still sending
  }
}

TEST(HttpServer, SendsAnswersInPieces) {
  HttpServer server(HttpServerConfig{"127.0.0.1:0", "", "", {}});
  server.route("/much", [](const Request&) {
    Response response{200, "text/plain", "", {}};
    response.more = [left = 100](std::string& out) mutable { return out.append(kPieceBytes, 'x'), --left > 0; };
    return response;
  });
  server.start();
  const std::string url = "http://127.0.0.1:" + std::to_string(server.port());
  HttpRequest request;
  request.target = "/much";
  size_t bytes = 0;
  http_request(url, request, [&](std::string_view piece) { return bytes += piece.size(), true; });
  EXPECT_EQ(bytes, 100 * kPieceBytes);
  bytes = 0;
  http_request(url, request, [&](std::string_view piece) { return (bytes += piece.size()) < kPieceBytes; });
  EXPECT_LT(bytes, 100 * kPieceBytes);
  request.max_bytes = kPieceBytes;
  EXPECT_THROW(http_request(url, request), Error);
}

TEST(HttpServer, IfTokensAreConfiguredOneMustBePresented) {
  HttpServer server(HttpServerConfig{"127.0.0.1:0", "", "", {{"a", Secret("hush")}, {"b", Secret("other")}}});
  server.route("/who", [](const Request& r) { return Response{200, "text/plain", r.caller, {}}; });
  HttpRoute probe;
  probe.is_open = true;
  probe.handler = [](const Request&) { return Response{200, "text/plain", "ready", {}}; };
  server.route("/ready", probe);
  server.start();
  const std::string url = "http://127.0.0.1:" + std::to_string(server.port());
  HttpRequest request;
  request.target = "/who";
  EXPECT_EQ(http_request(url, request).status, 401);
  for (const char* wrong : {"hus", "hushh", "HUSH", "h"}) {
    request.token = Secret(wrong);
    EXPECT_EQ(http_request(url, request).status, 401) << wrong;
  }
  request.token = Secret("hush");
  EXPECT_EQ(http_request(url, request).body, "a");
  request.token = Secret("other");
  EXPECT_EQ(http_request(url, request).body, "b");
  request.token = {};
  request.target = "/nothing";
  EXPECT_EQ(http_request(url, request).status, 401) << "nor is told what there is";
  request.target = "/ready";
  EXPECT_EQ(http_request(url, request).body, "ready");
}

TEST(HttpServer, IPv6) {
  HttpServer server(HttpServerConfig{"[::1]:0", "", "", {}});
  server.route("/", [](const Request&) { return Response{200, "text/plain", "six", {}}; });
  server.start();
  EXPECT_EQ(http_get("http://[::1]:" + std::to_string(server.port()), "/", 2'000).body, "six");
}

TEST(HttpServer, ListensOnEveryAddress) {
  for (const char* address : {"0.0.0.0:0", "[::]:0"}) {
    HttpServer server(HttpServerConfig{address, "", "", {}});
    server.route("/", [](const Request&) { return Response{200, "text/plain", "all", {}}; });
    server.start();
    EXPECT_EQ(http_get(http_url(address, server.port()), "/", 2'000).body, "all") << address;
  }
}

TEST(HttpServer, ParsesAddresses) {
  EXPECT_EQ(parse_http_address(":8080").to_string(), "127.0.0.1:8080") << "loopback unless told otherwise";
  EXPECT_EQ(parse_http_address("localhost:1").to_string(), "127.0.0.1:1");
  EXPECT_EQ(parse_http_address("0.0.0.0:80").port, 80);
  for (const char* wrong :
       {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:x", "::1:80", "host:80"})
    EXPECT_THROW(parse_http_address(wrong), Error) << wrong;
}

TEST(HttpServer, BuildsUrls) {
  EXPECT_EQ(http_url(":0", 81), "http://127.0.0.1:81");
  EXPECT_EQ(http_url("0.0.0.0:0", 81), "http://127.0.0.1:81");
  EXPECT_EQ(http_url("[::]:0", 81), "http://127.0.0.1:81");
  EXPECT_EQ(http_url("[::1]:0", 81), "http://[::1]:81");
}

TEST(HttpClient, RefusesInvalidUrls) {
  for (const char* wrong : {"ftp://a", "http://", "http://a:0", "http://a:b", "http://a b", "http://u@a"})
    EXPECT_THROW(http_get(wrong, "/", 1'000), Error) << wrong;
}

}  // namespace
}  // namespace weir
