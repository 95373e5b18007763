// SPDX-License-Identifier: Apache-2.0
// Values by the rules of RFC 7011 §6 and RFC 6313; octets written by hand.
#include "show/shown_value.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using Octets = std::vector<uint8_t>;

std::string json(const ShownValue& value) {
  std::string out;
  append_json(out, value);
  return out;
}

std::string spelled(const char* element, const Octets& octets) {
  const ElementInfo* info = find_element(element);
  EXPECT_NE(info, nullptr) << element;
  return json(show_value({Protocol::ipfix, nullptr}, info, octets));
}

TEST(ShownValue, FormatsByAbstractType) {
  struct Case {
    const char* element;
    Octets octets;
    const char* json;
  } cases[] = {
      {"octetDeltaCount", {0, 0, 0, 0, 0, 0, 1, 2}, "258"},
      {"octetDeltaCount", {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "18446744073709551615"},
      {"octetDeltaCount", {1, 0, 0}, "65536"},  // reduced size, RFC 7011 §6.2
      {"octetDeltaCount", {1, 2, 3, 4, 5, 6, 7, 8, 9}, "\"010203040506070809\""},
      {"octetDeltaCount", {}, "null"},
      {"sourceIPv4Address", {192, 0, 2, 7}, "\"192.0.2.7\""},
      {"sourceIPv4Address", {192, 0, 2}, "\"c00002\""},
      {"sourceIPv6Address", {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, "\"2001:db8::1\""},
      {"sourceIPv6Address",
       {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1},
       "\"::ffff:192.0.2.1\""},  // RFC 5952 §5
      {"sourceMacAddress", {0, 0x1b, 0x21, 0xaa, 0xbb, 0xcc}, "\"00:1b:21:aa:bb:cc\""},
      {"dataRecordsReliability", {1}, "true"},  // RFC 7011 §6.1.5
      {"dataRecordsReliability", {2}, "false"},
      {"dataRecordsReliability", {3}, "3"},
      {"interfaceName", {'e', 't', 'h', '0', 0, 0}, "\"eth0\""},
      {"interfaceName", {}, "\"\""},
      {"interfaceName",
       {'a', '"', '\n', 0xff, 0xc3, 0xa4, 0xe2, 0x82},
       "\"a\\\"\\n\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\""},
      {"samplingProbability", {0x3f, 0xf8, 0, 0, 0, 0, 0, 0}, "1.5"},  // float64, IEEE 754
      {"samplingProbability", {0x40, 0x20, 0, 0}, "2.5"},              // in reduced size, a float32
      {"samplingProbability", {0x7f, 0xf0, 0, 0, 0, 0, 0, 0}, "\"inf\""},
      {"mibObjectValueInteger", {0xff, 0xfe}, "-2"},
      {"mibObjectValueInteger", {0x7f, 0xff, 0xff, 0xff}, "2147483647"},
      {"applicationId", {3, 0, 0, 80}, "\"03000050\""},  // octetArray
  };
  for (const Case& c : cases) EXPECT_EQ(spelled(c.element, c.octets), c.json) << c.element;
  EXPECT_EQ(json(show_value({}, nullptr, Octets{1, 0xab})), "\"01ab\"") << "an element that nobody knows";
}

// 2026-01-02T03:04:05Z is 1,767,323,045 s (0x695735a5) since 1970 and 3,976,311,845 s (0xed01b425) since 1900.
TEST(ShownValue, FormatsTimes) {
  EXPECT_EQ(spelled("flowStartSeconds", {0x69, 0x57, 0x35, 0xa5}), "\"2026-01-02T03:04:05Z\"");
  // 1,767,323,045,678 ms = 0x19b7ca98f2e
  EXPECT_EQ(spelled("flowStartMilliseconds", {0, 0, 1, 0x9b, 0x7c, 0xa9, 0x8f, 0x2e}), "\"2026-01-02T03:04:05.678Z\"");
  EXPECT_EQ(spelled("flowStartNanoseconds", {0xed, 1, 0xb4, 0x25, 0x80, 0, 0, 0}),
            "\"2026-01-02T03:04:05.500000000Z\"");
  // RFC 7011 §6.1.9: the 11 lowest bits of the fraction are ignored: if only these are set, the fraction is zero.
  EXPECT_EQ(spelled("flowStartMicroseconds", {0xed, 1, 0xb4, 0x25, 0, 0, 0x07, 0xff}),
            "\"2026-01-02T03:04:05.000000000Z\"");
  EXPECT_EQ(spelled("flowStartSeconds", {0, 0, 0, 0}), "\"1970-01-01T00:00:00Z\"");
  EXPECT_EQ(spelled("flowStartMilliseconds", {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}), "18446744073709551615");
  EXPECT_EQ(spelled("flowStartMilliseconds", {1, 2}), "258");
}

// RFC 6313 §4.5.1: semantic, element, length, values.
TEST(ShownValue, FormatsBasicLists) {
  EXPECT_EQ(spelled("basicList", {3, 0, 10, 0, 2, 0, 1, 0, 2}),
            R"({"semantic":"allOf","element":"ingressInterface","values":[1,2]})");
  EXPECT_EQ(spelled("basicList", {255, 0, 82, 0xff, 0xff, 2, 'a', 'b', 0, 255, 0, 1, 'c'}),
            R"({"semantic":"undefined","element":"interfaceName","values":["ab","","c"]})");
  EXPECT_EQ(spelled("basicList", {0, 0x80, 1, 0, 1, 0, 0, 0x72, 0x79, 7}),  // enterprise 29305
            R"({"semantic":"noneOf","element":"reverseOctetDeltaCount","values":[7]})");
  EXPECT_EQ(spelled("basicList", {3, 0, 10, 0, 2}), R"({"semantic":"allOf","element":"ingressInterface","values":[]})");
  EXPECT_EQ(spelled("basicList", {3, 0, 10, 0, 2, 1}), "\"03000a000201\"") << "half a value";
  EXPECT_EQ(spelled("basicList", {3, 0, 10, 0, 0, 1}), "\"03000a000001\"") << "values of no length";
  EXPECT_EQ(spelled("basicList", {3}), "\"03\"");
}

SessionPlans plans_with(uint16_t id, std::vector<FieldSpecifier> fields) {
  TemplateRecord record;
  record.id = id;
  record.fields = std::move(fields);
  SessionPlans plans;
  auto known = std::make_shared<KnownTemplate>();
  known->plan = compile_plan(record, Protocol::ipfix);
  plans.put(std::move(known));
  return plans;
}

// RFC 6313 §4.5.2 and §4.5.3.
TEST(ShownValue, FormatsListsOfRecords) {
  SessionPlans plans = plans_with(300, {{0, 7, 2}, {0, 82, kVariableLength}});
  ShownContext context{Protocol::ipfix, &plans};
  auto show = [&](const char* element, const Octets& octets) {
    return json(show_value(context, find_element(element), octets));
  };
  EXPECT_EQ(show("subTemplateList", {4, 1, 44, 0, 80, 1, 'x', 0, 81, 0}),
            R"({"semantic":"ordered","template":300,"records":[{"sourceTransportPort":80,"interfaceName":"x"},)"
            R"({"sourceTransportPort":81,"interfaceName":""}]})");
  EXPECT_EQ(show("subTemplateList", {4, 1, 45, 0, 80}), R"({"semantic":"ordered","template":301,"octets":"0050"})");
  EXPECT_EQ(show("subTemplateList", {4, 1, 44, 0, 80, 9}),
            R"({"semantic":"ordered","template":300,"octets":"005009"})");
  EXPECT_EQ(show("subTemplateMultiList", {1, 1, 44, 0, 8, 0, 80, 1, 'x', 1, 45, 0, 5, 7}),
            R"({"semantic":"exactlyOneOf","lists":[{"template":300,"records":[{"sourceTransportPort":80,)"
            R"("interfaceName":"x"}]},{"template":301,"octets":"07"}]})");
  EXPECT_EQ(show("subTemplateMultiList", {1, 1, 44, 0, 3, 0}), "\"01012c000300\"") << "shorter than its own header";
  EXPECT_EQ(show("subTemplateMultiList", {1, 1, 44, 0, 9, 0}), "\"01012c000900\"") << "longer than there is";
}

// A template of one list, whose list refers to the same template: nested lists, as deep as the octets go.
TEST(ShownValue, NestingDepthIsLimited) {
  SessionPlans plans = plans_with(300, {{0, 292, kVariableLength}});
  Octets octets;
  for (int level = 0; level < 30; ++level) {
    Octets outer{4, 1, 44};
    if (level > 0) {
      outer.push_back(static_cast<uint8_t>(octets.size()));
      outer.insert(outer.end(), octets.begin(), octets.end());
    }
    octets = outer;
  }
  std::string text = json(show_value({Protocol::ipfix, &plans}, find_element("subTemplateList"), octets));
  size_t levels = 0;
  for (size_t at = 0; (at = text.find("\"records\"", at)) != text.npos; ++at) ++levels;
  EXPECT_EQ(levels, ShownContext::kMaxDepth);
}

TEST(ShownValue, RecordsNameEveryElement) {
  SessionPlans plans = plans_with(256, {{0, 7, 2}, {9, 12'235, 1}, {4711, 5, 2}, {0, 7, 2}, {0, 7, 1}});
  const Plan& plan = *plans.find(256);
  Octets octets{0, 80, 'w', 1, 2, 0, 81, 82};
  std::vector<FieldBytes> fields(5);
  ASSERT_EQ(walk_record(plan, octets, fields.data()), 8u);
  EXPECT_EQ(json(show_fields({Protocol::ipfix, &plans}, plan, fields.data(), 0, 5)),
            R"({"sourceTransportPort":[80,81,82],"appHTTPHost":"w","4711/5":"0102"})");
}

}  // namespace
}  // namespace weir
