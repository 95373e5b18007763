// SPDX-License-Identifier: Apache-2.0
#include "web/routes.h"

#include <errno.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "http/client.h"
#include "ledger/ledger_json.h"
#include "os/clock.h"
#include "os/tcp_socket.h"

namespace weir {
namespace {

HttpAnswer get_from(uint16_t port, const std::string& path) {
  HttpRequest request;
  request.target = path;
  return http_request("http://127.0.0.1:" + std::to_string(port), request);
}

class RoutesTest : public testing::Test {
 protected:
  void SetUp() override {
    ledger_.entry({IpAddress::v4(0xc0000201), Protocol::ipfix, 7}).records.add(42);
    CollectorView view;
    view.build = {"0.1.0", "abc", "gcc"};
    view.ready = &ready_;
    view.ledger = [this] { return ++copies_, ledger_.rows(); };
    add_routes(server_, view);
    server_.start();
  }
  HttpAnswer get(const std::string& path) { return get_from(server_.port(), path); }

  Ledger ledger_{1};
  std::atomic<int> copies_{0};  // of the ledger, made for answers
  std::atomic<bool> ready_{false};
  HttpServer server_{HttpServerConfig{"127.0.0.1:0", "", "", {}}};
};

TEST_F(RoutesTest, Probes) {
  EXPECT_EQ(get("/-/healthy").status, 200);
  EXPECT_EQ(get("/health").status, 200);
  EXPECT_EQ(get("/-/ready").status, 503);
  ready_ = true;
  EXPECT_EQ(get("/-/ready").status, 200);
}

// Of three outputs one works, one fails, and the thread of one has been busy with the same thing for a minute.
TEST_F(RoutesTest, StatusNamesOutputsThatStandStill) {
  const int64_t now_ns = os::monotonic_ns(), minute_ns = 60'000'000'000;
  std::vector<SinkFigures> sinks = {{.name = "a", .queued_batches = 3, .turned_at_ns = now_ns},
                                    {.name = "b", .is_failing = true, .turned_at_ns = now_ns},
                                    {.name = "c", .queued_batches = 1, .turned_at_ns = now_ns - minute_ns}};
  CollectorView view;
  view.ready = &ready_;
  view.ledger = [] { return LedgerSnapshot{}; };
  view.sinks = [&] { return sinks; };
  HttpServer server(HttpServerConfig{"127.0.0.1:0", "", "", {}});
  add_routes(server, view);
  server.start();
  const auto ask = [&] { return get_from(server.port(), "/-/status"); };
  ready_ = true;
  HttpAnswer answer = ask();
  EXPECT_EQ(answer.status, 503);
  auto outputs = nlohmann::json::parse(answer.body)["outputs"];
  EXPECT_EQ(outputs["a"]["state"], "working");
  EXPECT_EQ(outputs["b"]["state"], "failing");
  EXPECT_EQ(outputs["c"]["state"], "standing still");
  EXPECT_EQ(get_from(server.port(), "/-/ready").status, 200) << "no output makes the collector unready";
  sinks = {{.name = "a", .turned_at_ns = now_ns - minute_ns}};  // no batch is queued: it has nothing to do
  EXPECT_EQ(ask().status, 200);
  ready_ = false;
  answer = ask();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(nlohmann::json::parse(answer.body)["takes_datagrams"], false);
}

TEST_F(RoutesTest, ExportersAreTheLedger) {
  HttpAnswer answer = get("/api/v1/exporters");
  EXPECT_EQ(answer.type, "application/json");
  auto rows = nlohmann::json::parse(answer.body);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0]["exporter"], "192.0.2.1");
  EXPECT_EQ(rows[0]["records"], 42);
}

// Sent row by row, the text is the same as when sent whole, with all exporters in order.
TEST_F(RoutesTest, ManyExportersAreSentInPieces) {
  constexpr uint32_t kExporters = 5'000;
  for (uint32_t i = 0; i < kExporters; ++i)
    ledger_.entry({IpAddress::v4(0x0a000000 + i), Protocol::netflow9, i}).datagrams.add(i);
  ledger_.add_socket("netflow://:2055", 0, 1 << 20);
  HttpAnswer answer = get("/api/v1/exporters");
  EXPECT_EQ(answer.status, 200);
  EXPECT_GT(answer.body.size(), 20 * kPieceBytes);
  EXPECT_TRUE(answer.body == ledger_json(ledger_.rows()).dump() + "\n");
  EXPECT_EQ(nlohmann::json::parse(answer.body).size(), kExporters + 2);
}

TEST_F(RoutesTest, AnEmptyLedgerIsAnEmptyArray) {
  HttpServer server(HttpServerConfig{"127.0.0.1:0", "", "", {}});
  CollectorView view;
  view.ledger = [] { return LedgerSnapshot{}; };
  add_routes(server, view);
  server.start();
  EXPECT_EQ(get_from(server.port(), "/api/v1/exporters").body, "[]\n");
}

// Readers that are not finished hold at most two copies of the ledger; without any, each request gets a new one.
TEST_F(RoutesTest, SlowReadersShareACopyOfTheLedger) {
  for (uint32_t i = 0; i < 10'000; ++i) ledger_.entry({IpAddress::v4(0x0a000000 + i), Protocol::netflow9, i});
  {
    std::vector<os::TcpConnection> readers;
    for (int i = 0; i < 30; ++i) {
      readers.push_back(os::TcpConnection::connect("127.0.0.1", server_.port(), 2'000));
      ASSERT_EQ(readers.back().send_all("GET /api/v1/exporters HTTP/1.1\r\n\r\n", 2'000), 0);
    }
    EXPECT_EQ(get("/-/healthy").status, 200);
    std::string first;
    for (os::TcpConnection& reader : readers)  // each has started reading
      EXPECT_EQ(reader.receive_all(first, 1, 10'000), EMSGSIZE);
    EXPECT_LE(copies_.load(), 2);
  }
  ledger_.entry({IpAddress::v4(0xc0000201), Protocol::ipfix, 7}).records.add(1);
  const int before = copies_;
  get("/metrics"), get("/metrics");
  EXPECT_EQ(copies_, before + 2);
}

TEST_F(RoutesTest, MetricsInTheRequestedFormat) {
  HttpAnswer text = get("/metrics");
  EXPECT_EQ(text.type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(text.body.find("weir_exporter_records_total{exporter=\"192.0.2.1\",domain=\"7\",protocol=\"ipfix\"} 42\n"),
            std::string::npos);
  EXPECT_NE(text.body.find("\nprocess_resident_memory_bytes "), std::string::npos);

  auto connection = os::TcpConnection::connect("127.0.0.1", server_.port(), 2'000);
  connection.send_all("GET /metrics HTTP/1.0\r\nAccept: application/openmetrics-text;version=1.0.0;q=0.5,*/*\r\n\r\n",
                      2'000);
  std::string answer;
  EXPECT_EQ(connection.receive_all(answer, 1 << 20, 5'000), 0);
  EXPECT_NE(answer.find("Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("# EOF\n"));
}

TEST_F(RoutesTest, HomePageLoadsNothingFromElsewhere) {
  HttpAnswer home = get("/");
  EXPECT_EQ(home.status, 200);
  EXPECT_NE(home.body.find("/metrics"), std::string::npos);
  EXPECT_EQ(home.body.find("http"), std::string::npos);
}

}  // namespace
}  // namespace weir
