// SPDX-License-Identifier: Apache-2.0
#include "web/routes.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "os/tcp_socket.h"
#include "web/http_client.h"

namespace weir {
namespace {

class RoutesTest : public testing::Test {
 protected:
  void SetUp() override {
    ledger_.account({IpAddress::v4(0xc0000201), Protocol::ipfix, 7}).records.add(42);
    CollectorView view;
    view.build = {"0.1.0", "abc", "gcc"};
    view.ready = &ready_;
    view.ledger = [this] { return ledger_.rows(); };
    add_routes(server_, view);
    server_.start();
  }
  HttpAnswer get(const std::string& path) {
    return http_get("http://127.0.0.1:" + std::to_string(server_.port()), path, 5'000);
  }

  Ledger ledger_{1};
  std::atomic<bool> ready_{false};
  HttpServer server_{"127.0.0.1:0"};
};

TEST_F(RoutesTest, Probes) {
  EXPECT_EQ(get("/-/healthy").status, 200);
  EXPECT_EQ(get("/health").status, 200);
  EXPECT_EQ(get("/-/ready").status, 503);
  ready_ = true;
  EXPECT_EQ(get("/-/ready").status, 200);
}

TEST_F(RoutesTest, ExportersAreTheLedger) {
  HttpAnswer answer = get("/api/v1/exporters");
  EXPECT_EQ(answer.type, "application/json");
  auto rows = nlohmann::json::parse(answer.body);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0]["exporter"], "192.0.2.1");
  EXPECT_EQ(rows[0]["records"], 42);
}

TEST_F(RoutesTest, MetricsInTheFormatAskedFor) {
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

TEST_F(RoutesTest, HomeNeedsNothingFromOutside) {
  HttpAnswer home = get("/");
  EXPECT_EQ(home.status, 200);
  EXPECT_NE(home.body.find("/metrics"), std::string::npos);
  EXPECT_EQ(home.body.find("http"), std::string::npos);
}

}  // namespace
}  // namespace weir
