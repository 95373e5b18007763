// SPDX-License-Identifier: Apache-2.0
#include "config/listen_uri.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace weir {
namespace {

std::string endpoint(const std::string& uri) { return parse_listen_uri(uri).endpoint.to_string(); }

std::string refusal(const std::string& uri) {
  try {
    parse_listen_uri(uri);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ExitCode::usage);
    return e.what();
  }
  return "accepted";
}

TEST(ListenUri, TakesAddressesOfBothFamilies) {
  EXPECT_EQ(endpoint("netflow://192.0.2.1:9995"), "192.0.2.1:9995");
  EXPECT_EQ(endpoint("netflow://[2001:db8::1]:4739"), "[2001:db8::1]:4739");
}

TEST(ListenUri, WithoutAddressListensOnAll) {
  EXPECT_TRUE(parse_listen_uri("netflow://:2055").endpoint.address.is_zero());
  EXPECT_EQ(endpoint("netflow://[::]:2055"), ":2055");
  EXPECT_TRUE(parse_listen_uri("netflow://0.0.0.0:2055").endpoint.address.is_v4());
}

TEST(ListenUri, DefaultPortIs2055) {
  EXPECT_EQ(endpoint("netflow://"), ":2055");
  EXPECT_EQ(endpoint("netflow://192.0.2.1"), "192.0.2.1:2055");
  EXPECT_EQ(endpoint("netflow://[::1]"), "[::1]:2055");
  EXPECT_EQ(endpoint("netflow://[::1]/"), "[::1]:2055");
}

TEST(ListenUri, KeepsTheTextAsGiven) { EXPECT_EQ(parse_listen_uri("netflow://:2055").uri, "netflow://:2055"); }

TEST(ListenUri, PortsRangeFrom1To65535) {
  EXPECT_EQ(endpoint("netflow://:65535"), ":65535");
  for (const char* bad : {"netflow://:0", "netflow://:65536", "netflow://:99999999999", "netflow://:", "netflow://:20x",
                          "netflow://:-1", "netflow://:+1", "netflow://:2055?count=2"})
    EXPECT_NE(refusal(bad).find("is not a port"), std::string::npos) << bad;
}

TEST(ListenUri, SaysWhatToWriteInstead) {
  EXPECT_NE(refusal("127.0.0.1:2055").find("netflow://:2055"), std::string::npos);
  EXPECT_NE(refusal("netflw://:2055").find("did you mean netflow://?"), std::string::npos);
  EXPECT_NE(refusal("netflow://2001:db8::1:2055").find("in brackets"), std::string::npos);
  EXPECT_NE(refusal("netflow://router.example:2055").find("is not an IP address"), std::string::npos);
  EXPECT_NE(refusal("netflow://256.0.0.1:2055").find("is not an IP address"), std::string::npos);
}

TEST(ListenUri, SflowHasItsOwnDefaultPort) {
  EXPECT_EQ(endpoint("sflow://"), ":6343");
  EXPECT_EQ(endpoint("sflow://192.0.2.1:7000"), "192.0.2.1:7000");
  EXPECT_NE(refusal("sflo://:6343").find("did you mean sflow://?"), std::string::npos);
}

TEST(ListenUri, PlannedSchemesAreRejectedByName) {
  for (const char* uri : {"ipfix+tcp://:4739", "ipfix+tls://:4740"})
    EXPECT_NE(refusal(uri).find("this version does not have"), std::string::npos) << uri;
}

}  // namespace
}  // namespace weir
