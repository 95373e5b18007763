// SPDX-License-Identifier: Apache-2.0
// Tests with a filter, an enrichment of numbers and one of names, on batches filled by hand.
#include "stage/stages.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "base/error.h"

namespace weir {
namespace {

FieldMask fields(std::initializer_list<Field> list) {
  FieldMask mask;
  for (Field field : list) mask.set(field);
  return mask;
}

class TestStage : public Stage {
 public:
  using Pass = std::function<void(StageBatch&)>;
  TestStage(std::string name, FieldMask columns, size_t text_bytes, Pass pass)
      : name_(std::move(name)), columns_(columns), text_bytes_(text_bytes), pass_(std::move(pass)) {}
  std::string_view name() const override { return name_; }
  FieldMask columns() const override { return columns_; }
  size_t text_bytes() const override { return text_bytes_; }
  void pass(StageBatch& batch) override { pass_(batch); }

 private:
  std::string name_;
  FieldMask columns_;
  size_t text_bytes_;
  Pass pass_;
};

class StagesTest : public testing::Test {
 protected:
  void add(const std::string& name, FieldMask columns, size_t text_bytes, TestStage::Pass pass) {
    stages_.push_back(std::make_unique<TestStage>(name, columns, text_bytes, std::move(pass)));
  }
  void pass_all() { Stages(std::move(stages_), ledger_).pass(batch_); }

  // Adds rows whose source port is their number; the run belongs to the entry of 192.0.2.`exporter`.
  void add_run(uint32_t exporter, uint32_t rows) {
    const uint32_t first = batch_.rows();
    weir::Run& run = batch_.append_run(rows);
    run.mask = fields({Field::src_port, Field::src_addr, Field::in_if_name});
    run.entry = entry(exporter).index;
    for (uint32_t row = first; row < first + rows; ++row) {
      batch_.column<uint16_t>(Field::src_port)[row] = static_cast<uint16_t>(row);
      batch_.column<IpAddress>(Field::src_addr)[row] = IpAddress::v4(row);
      batch_.column<TextRef>(Field::in_if_name)[row] = batch_.texts().add("port " + std::to_string(row));
    }
  }
  LedgerEntry& entry(uint32_t exporter) {
    return ledger_.entry({IpAddress::v4(0xc0000200 + exporter), Protocol::netflow9, 0});
  }
  static int64_t cut(const LedgerEntry& entry) {
    return entry.refused_by_reason[static_cast<size_t>(Refused::text_too_long)].value();
  }
  std::vector<uint32_t> ports() const {
    const auto* column = static_cast<const FlowBatch&>(batch_).column<uint16_t>(Field::src_port);
    return {column, column + batch_.rows()};
  }

  Ledger ledger_{0};
  FlowBatch batch_;
  std::vector<std::unique_ptr<Stage>> stages_;
};

TEST_F(StagesTest, AStageFillsItsColumnInTheRunsThatItChooses) {
  add_run(1, 2);
  add_run(2, 3);
  add("as", fields({Field::src_as}), 0, [](StageBatch& batch) {
    const weir::Run& run = batch.flows().runs()[1];
    auto* as = batch.fill<uint32_t>(1, Field::src_as);
    for (uint32_t row = run.first_row; row < run.first_row + run.rows; ++row) as[row] = 64'500 + row;
  });
  pass_all();
  EXPECT_FALSE(batch_.runs()[0].mask.has(Field::src_as));
  ASSERT_TRUE(batch_.runs()[1].mask.has(Field::src_as));
  for (uint32_t row = 2; row < 5; ++row) EXPECT_EQ(batch_.number(Field::src_as, row), 64'500u + row);
  EXPECT_EQ(entry(1).filtered.value() + entry(2).filtered.value(), 0);
}

TEST_F(StagesTest, RemovedRowsAreCountedAsFilteredAndSeenByNoLaterStage) {
  add_run(1, 4);
  add_run(2, 2);
  add_run(3, 3);
  add("filter", {}, 0, [](StageBatch& batch) {
    for (uint32_t row : {1u, 4u, 5u, 6u, 1u}) batch.leave_out(row);
  });
  size_t seen = 0;
  add("after", fields({Field::src_as}), 0, [&](StageBatch& batch) {
    seen = batch.flows().rows();
    for (size_t run = 0; run < batch.flows().runs().size(); ++run) {
      const weir::Run& r = batch.flows().runs()[run];
      auto* as = batch.fill<uint32_t>(run, Field::src_as);
      for (uint32_t row = r.first_row; row < r.first_row + r.rows; ++row)
        as[row] = static_cast<uint32_t>(batch.flows().number(Field::src_port, row)) + 1'000;
    }
  });
  pass_all();
  EXPECT_EQ(seen, 5u);
  EXPECT_EQ(ports(), (std::vector<uint32_t>{0, 2, 3, 7, 8}));
  for (uint32_t row = 0; row < 5; ++row) {
    const uint32_t was = ports()[row];
    EXPECT_EQ(batch_.column<IpAddress>(Field::src_addr)[row], IpAddress::v4(was));
    EXPECT_EQ(batch_.text(Field::in_if_name, row), "port " + std::to_string(was));
    EXPECT_EQ(batch_.number(Field::src_as, row), was + 1'000);
  }
  ASSERT_EQ(batch_.runs().size(), 2u);  // the second run has lost all of its rows
  EXPECT_EQ(batch_.runs()[0].entry, entry(1).index);
  EXPECT_EQ(batch_.runs()[0].rows, 3u);
  EXPECT_EQ(batch_.runs()[1].entry, entry(3).index);
  EXPECT_EQ(batch_.runs()[1].first_row, 3u);
  EXPECT_EQ(batch_.runs()[1].rows, 2u);
  EXPECT_EQ(entry(1).filtered.value(), 1);
  EXPECT_EQ(entry(2).filtered.value(), 2);
  EXPECT_EQ(entry(3).filtered.value(), 1);
}

TEST_F(StagesTest, AnEmptiedBatchPassesNoFurtherStage) {
  add_run(1, limits::kBatchRows);
  add("filter", {}, 0, [](StageBatch& batch) {
    for (uint32_t row = 0; row < batch.flows().rows(); ++row) batch.leave_out(row);
  });
  add("after", {}, 0, [](StageBatch&) { ADD_FAILURE(); });
  pass_all();
  EXPECT_TRUE(batch_.empty());
  EXPECT_TRUE(batch_.runs().empty());
  EXPECT_EQ(entry(1).filtered.value(), int64_t{limits::kBatchRows});
}

// 40 texts of 50 octets, 2,000 in all, exceed the first stage's share; the second stage's share is large enough.
TEST_F(StagesTest, TextsBeyondAStagesShareAreOmittedAndCounted) {
  add_run(1, 10);
  add_run(2, 30);
  const auto name_rows = [](Field field, char c) {
    return [=](StageBatch& batch) {
      for (size_t run = 0; run < 2; ++run) {
        const weir::Run& r = batch.flows().runs()[run];
        auto* names = batch.fill<TextRef>(run, field);
        for (uint32_t row = r.first_row; row < r.first_row + r.rows; ++row)
          names[row] = batch.add_text(run, std::string(48, c) + std::to_string(10 + row));
      }
    };
  };
  add("names", fields({Field::application_name}), 1'000, name_rows(Field::application_name, 'a'));
  add("more names", fields({Field::egress_vrf_name}), 40 * 150, name_rows(Field::egress_vrf_name, 'b'));
  pass_all();
  // Each text takes 50 octets, and is refused if less than three times that is free: an octet may become three.
  const uint32_t fit = (1'000 - 150) / 50 + 1;
  for (uint32_t row = 0; row < 40; ++row) {
    const std::string number = std::to_string(10 + row);
    EXPECT_EQ(batch_.text(Field::application_name, row), row < fit ? std::string(48, 'a') + number : "") << row;
    EXPECT_EQ(batch_.text(Field::egress_vrf_name, row), std::string(48, 'b') + number) << row;
  }
  EXPECT_EQ(cut(entry(1)), 0);
  EXPECT_EQ(cut(entry(2)), 40 - fit);
}

TEST_F(StagesTest, TheDecodersTextsLeaveTheStagesTheirShare) {
  batch_.texts().keep_free(1'000);
  while (batch_.texts().space() >= 3 * 300)
    batch_.texts().add(std::string(299, 'x') + std::to_string(batch_.texts().size() % 7));
  add_run(1, 1);
  EXPECT_GE(batch_.texts().free(), 1'000u);
  add("names", fields({Field::application_name}), 1'000, [](StageBatch& batch) {
    batch.fill<TextRef>(0, Field::application_name)[0] = batch.add_text(0, std::string(300, 'y'));
  });
  pass_all();
  EXPECT_EQ(batch_.text(Field::application_name, 0), std::string(300, 'y'));
  EXPECT_EQ(cut(entry(1)), 0);
}

std::string refusal(const std::function<void()>& make) {
  try {
    make();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  return "";
}

TEST_F(StagesTest, TwoStagesCannotFillOneColumn) {
  add("routes", fields({Field::dst_as, Field::src_as}), 0, {});
  add("geo", fields({Field::sampler_id}), 0, {});
  add("registry", fields({Field::src_as}), 0, {});
  EXPECT_EQ(refusal([&] { Stages(std::move(stages_), ledger_); }),
            "both routes and registry fill the field src_as; leave one of them out");
}

TEST_F(StagesTest, TextSharesMustFitTogether) {
  add("names", {}, limits::kStageTextBytes, {});
  EXPECT_EQ(Stages(std::move(stages_), ledger_).text_bytes(), limits::kStageTextBytes);
  stages_.clear();
  add("names", {}, limits::kStageTextBytes, {});
  add("more", {}, 1, {});
  EXPECT_NE(refusal([&] { Stages(std::move(stages_), ledger_); }).find("524288 octets"), std::string::npos);
}

}  // namespace
}  // namespace weir
