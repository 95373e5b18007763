// SPDX-License-Identifier: Apache-2.0
#include "receive/allowed_senders.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

bool allows(AllowedSenders::View& view, const char* address) { return view.allows(*IpAddress::parse(address)); }

TEST(AllowedSenders, WithoutNetworksAllAreAllowed) {
  AllowedSenders senders;
  AllowedSenders::View view(senders);
  EXPECT_TRUE(allows(view, "192.0.2.1"));
  EXPECT_TRUE(allows(view, "::"));
}

TEST(AllowedSenders, WithNetworksOnlyTheirAddressesAreAllowed) {
  AllowedSenders senders({parse_network("192.0.2.0/24"), parse_network("2001:db8::/32"), parse_network("10.0.0.1")});
  AllowedSenders::View view(senders);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(allows(view, "192.0.2.1"));
    EXPECT_TRUE(allows(view, "192.0.2.1"));
    EXPECT_FALSE(allows(view, "192.0.3.1"));
    EXPECT_TRUE(allows(view, "2001:db8:1::1"));
    EXPECT_FALSE(allows(view, "2001:db9::1"));
    EXPECT_TRUE(allows(view, "10.0.0.1"));
    EXPECT_FALSE(allows(view, "10.0.0.2"));
    EXPECT_FALSE(allows(view, "0.0.0.0"));
    EXPECT_FALSE(allows(view, "::"));
  }
}

TEST(AllowedSenders, AChangeTakesEffectAtTheNextLook) {
  AllowedSenders senders({parse_network("192.0.2.0/24")});
  AllowedSenders::View view(senders);
  EXPECT_TRUE(allows(view, "192.0.2.1"));
  senders.set({parse_network("10.0.0.0/8")});
  EXPECT_TRUE(allows(view, "192.0.2.1"));
  view.look();
  EXPECT_FALSE(allows(view, "192.0.2.1"));
  EXPECT_TRUE(allows(view, "10.2.3.4"));
}

}  // namespace
}  // namespace weir
