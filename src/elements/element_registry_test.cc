// SPDX-License-Identifier: Apache-2.0
#include "elements/element_registry.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace weir {
namespace {

std::filesystem::path registries() {
  const char* shared = std::getenv("WEIR_SHARED");
  return std::filesystem::path(shared ? shared : "../shared") / "registry";
}

// Columns: pen, id, name, type, semantics, units, range, status.
size_t compare_with(const std::filesystem::path& path) {
  std::ifstream table(path);
  std::string line;
  std::getline(table, line);
  size_t elements = 0;
  while (std::getline(table, line)) {
    std::istringstream columns(line);
    std::string pen, id, name, type, semantics, units;
    for (std::string* column : {&pen, &id, &name, &type, &semantics, &units}) std::getline(columns, *column, '\t');
    const ElementInfo* element =
        find_element(static_cast<uint32_t>(std::stoul(pen)), static_cast<uint16_t>(std::stoul(id)));
    if (!element) {
      ADD_FAILURE() << pen << "/" << id << " " << name << " is missing";
      continue;
    }
    EXPECT_EQ(element->name, name) << line;
    EXPECT_EQ(type_name(element->type), type == "ipv6address" ? "ipv6Address" : type) << line;
    EXPECT_EQ(element->units, units == "none" ? "" : units) << line;
    EXPECT_EQ(element->semantics == Semantics::flags, semantics == "flags") << line;
    EXPECT_EQ(element->semantics == Semantics::deltaCounter, semantics == "deltaCounter") << line;
    const ElementInfo* by_name = find_element(name, element->pen);
    EXPECT_TRUE(by_name && by_name->name == name) << line;
    ++elements;
  }
  return elements;
}

TEST(ElementRegistry, EqualsThePublishedRegistries) {
  if (!std::filesystem::exists(registries())) GTEST_SKIP() << "no registries at " << registries();
  EXPECT_GT(compare_with(registries() / "ipfix-elements.tsv"), 500u);
  EXPECT_GT(compare_with(registries() / "vendor-elements.tsv"), 700u);
}

TEST(ElementRegistry, HasElementsOfRfc7012) {
  const ElementInfo* octets = find_element(0, 1);
  ASSERT_NE(octets, nullptr);
  EXPECT_EQ(octets->name, "octetDeltaCount");
  EXPECT_EQ(octets->type, AbstractType::unsigned64);
  EXPECT_EQ(octets->semantics, Semantics::deltaCounter);
  EXPECT_EQ(octets->units, "octets");
  EXPECT_EQ(find_element("flowStartNanoseconds")->id, 156);
  EXPECT_EQ(find_element("subTemplateMultiList")->type, AbstractType::subTemplateMultiList);
  EXPECT_EQ(find_element(0, 0xffff), nullptr);
  EXPECT_EQ(find_element(0xffff'ffff, 1), nullptr);
  EXPECT_EQ(find_element("noSuchElement"), nullptr);
}

TEST(ElementRegistry, NamesTheReverseDirectionAsInRfc5103) {
  EXPECT_EQ(element_name(Protocol::ipfix, kReversePen, 1), "reverseOctetDeltaCount");
  EXPECT_EQ(find_element_of(Protocol::ipfix, kReversePen, 1)->type, AbstractType::unsigned64);
  EXPECT_EQ(element_name(Protocol::ipfix, kReversePen, 40'000), "29305/40000");
}

// RFC 3954 §6.1: 1 System, 2 Interface, 3 Line Card, 4 Cache, 5 Template.
TEST(ElementRegistry, NamesScopesOfNetflow9) {
  EXPECT_EQ(element_name(Protocol::netflow9, kScopePen, 1), "System");
  EXPECT_EQ(element_name(Protocol::netflow9, kScopePen, 5), "Template");
  EXPECT_EQ(element_name(Protocol::netflow9, kScopePen, 6), "6");
  EXPECT_EQ(find_element_of(Protocol::netflow9, kScopePen, 1), nullptr);
  EXPECT_EQ(element_name(Protocol::ipfix, 0xffff'ffff, 1), "4294967295/1") << "an enterprise";
}

// Cisco exports its element 12235 of enterprise 9 as type 45003 (0x8000 + 12235) in NetFlow v9.
TEST(ElementRegistry, TreatsHighNetflow9TypesAsCiscoElements) {
  EXPECT_EQ(element_name(Protocol::netflow9, 0, 45'003), element_name(Protocol::ipfix, 9, 12'235));
  EXPECT_EQ(element_name(Protocol::ipfix, 0, 45'003), "0/45003");
  EXPECT_EQ(element_name(Protocol::netflow9, 0, 40'001), "0/40001");
}

}  // namespace
}  // namespace weir
