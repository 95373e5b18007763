// SPDX-License-Identifier: Apache-2.0
// Tests datagrams whose only purpose is to cost time: many templates that are new or changed.
#include "decode/testing/decoder_fixture.h"

namespace weir {
namespace {

constexpr uint16_t kFirst = 256, kMany = 2'000;

Writer templates(uint16_t first, uint16_t count, uint16_t octets) {
  Writer body;
  for (uint16_t id = first; id < first + count; ++id) body.add(template_record(id, {{1, octets}}));
  return set(0, body);
}

TEST(DecoderChurn, OneDatagramCopiesTheSessionsPlansOnce) {
  Fixture f;
  f.send(netflow9(1, 1'000, templates(kFirst, kMany, 4)));
  EXPECT_EQ(f.templates.template_count(), kMany);
  EXPECT_LE(f.templates.copies(), 1u);
  const uint64_t before = f.templates.copies();
  f.send(netflow9(2, 2'000, templates(kFirst, limits::kTemplateChangesPerSecond, 8)));
  EXPECT_EQ(f.templates.copies(), before + 1);
}

TEST(DecoderChurn, LastOfTwoLayoutsInOneSetIsUsed) {
  Fixture f;
  f.send(netflow9(1, 1'000, templates(kFirst, 1, 4)));
  f.send(netflow9(2, 2'000, set(0, Writer().add(template_record(256, {{1, 8}})).add(template_record(256, {{1, 4}})))));
  f.send(netflow9(3, 3'000, set(256, Writer().u32(77))));
  EXPECT_EQ(number_of(f.rows(), Field::bytes), 77u);
}

// Data sets between the templates: each is read with the templates before it.
TEST(DecoderChurn, DataBetweenTemplatesIsReadWithThem) {
  Fixture f;
  Writer sets;
  for (uint16_t n = 0; n < 300; ++n)
    sets.add(templates(static_cast<uint16_t>(kFirst + n), 1, 4)).add(set(kFirst + n, Writer().u32(n)));
  f.send(netflow9(1, 1'000, sets));
  EXPECT_EQ(f.rows().rows(), 300u);
  EXPECT_EQ(number_of(f.rows(), Field::bytes, 299), 299u);
}

TEST(DecoderChurn, AlternatingWithDataDoesNotCopyForEach) {
  Fixture f;
  f.send(netflow9(1, 1'000, templates(kFirst, kMany, 4)));
  Writer sets;
  for (uint16_t n = 0; n < 400; ++n)
    sets.add(templates(static_cast<uint16_t>(kFirst + n), 1, 8)).add(set(kFirst + n, Writer().u64(n)));
  const uint64_t before = f.templates.copies();
  f.send(netflow9(2, 2'000, sets));
  EXPECT_LE(f.templates.copies(), before + 40);
  EXPECT_EQ(f.rows().rows(), 400u);
  EXPECT_EQ(number_of(f.rows(), Field::bytes, 399), 399u) << "with the layout that it was sent with";
}

// An exporter may change a template (RFC 3954 §9); its data must never be read with the previous layout.
TEST(DecoderChurn, ChangesAboveTheLimitPerSecondAreCountedAndTheirDataWaits) {
  constexpr uint16_t kRefused = 50;
  constexpr uint16_t kLast = kFirst + limits::kTemplateChangesPerSecond + kRefused - 1;
  Fixture f;
  f.send(netflow9(1, 1'000, templates(kFirst, kMany, 4)));
  f.send(netflow9(2, 2'000, templates(kFirst, limits::kTemplateChangesPerSecond + kRefused, 8)));
  const LedgerEntry& entry = f.entry(Protocol::netflow9);
  auto refused = entry.refused_by_reason[static_cast<size_t>(Refused::template_changes_full)].value();
  EXPECT_EQ(refused, kRefused);
  EXPECT_EQ(entry.templates.value(), kMany - kRefused);
  EXPECT_EQ(entry.forgotten.value(), kRefused);
  f.send(netflow9(3, 3'000, set(kFirst, Writer().u64(1)).add(set(kLast, Writer().u64(2)))));
  EXPECT_EQ(entry.records.value(), 1) << "of the first; the last has no layout that is known to be right";
  EXPECT_EQ(entry.held.value(), 1);
  f.send(netflow9(4, 4'000, templates(kLast, 1, 8)));
  EXPECT_EQ(entry.records.value(), 2) << "sent again";
}

// Removing thousands of templates one by one would take as long as changing them.
TEST(DecoderChurn, SessionThatKeepsChangingLosesAllTemplatesInOneStep) {
  Fixture f;
  f.send(netflow9(1, 1'000, templates(kFirst, kMany, 4)));
  f.send(netflow9(2, 2'000, templates(kFirst, kMany, 8)));
  const LedgerEntry& entry = f.entry(Protocol::netflow9);
  EXPECT_EQ(entry.refused_by_reason[static_cast<size_t>(Refused::template_changes_full)].value(), 65);
  EXPECT_EQ(entry.templates.value(), static_cast<int64_t>(f.templates.template_count()));
  f.send(netflow9(3, 3'000, set(kFirst, Writer().u64(1)).add(set(kFirst + kMany - 1, Writer().u64(2)))));
  EXPECT_EQ(entry.records.value(), 1) << "the last came as a new one";
  EXPECT_EQ(entry.held.value(), 1);
}

TEST(DecoderChurn, ExporterMaySendAllItsTemplatesAtOnceWhenItStarts) {
  Fixture f;
  f.send(netflow9(1, 1'000, templates(kFirst, limits::kTemplatesPerExporter, 4)));
  EXPECT_EQ(f.entry(Protocol::netflow9).templates.value(), static_cast<int64_t>(limits::kTemplatesPerExporter));
  EXPECT_EQ(f.entry(Protocol::netflow9).refused.value(), 0);
}

// Each set of options data announces another name; an options state may have 16,384 of them, 4 MB to copy.
TEST(DecoderChurn, OneDatagramCopiesTheOptionsAFewTimesAtMost) {
  Fixture f;
  f.send(netflow9(1, 1'000, netflow9_options_template(300, {{2, 4}}, {{82, 8}}).add(templates(kFirst, 1, 4))));
  Writer alone, between;
  for (uint32_t n = 1; n <= 500; ++n) {
    alone.add(set(300, Writer().u32(n).text("alone", 8)));
    between.add(set(300, Writer().u32(n).text("between", 8))).add(set(kFirst, Writer().u32(n)));
  }
  uint64_t before = f.templates.copies();
  f.send(netflow9(2, 2'000, alone));
  EXPECT_LE(f.templates.copies(), before + 1);
  before = f.templates.copies();
  f.send(netflow9(3, 3'000, between));
  EXPECT_LE(f.templates.copies(), before + 10);
  const auto plans =
      f.templates.plans(*f.templates.session({*IpAddress::parse("192.0.2.1"), 4000, Protocol::netflow9, 0}));
  EXPECT_EQ(plans->options->interface_names().find(500), "between");
}

}  // namespace
}  // namespace weir
