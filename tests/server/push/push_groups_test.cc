#include "server/push/push_groups.h"

#include <gtest/gtest.h>

#include <map>

#include "base/manual_clock.h"
#include "server/push/push_door.h"
#include "server/push/text_reader.h"

namespace meerkat::push {
namespace {

class MemoryState : public StateStore {
 public:
  Result<> Write(std::vector<Change> changes) override {
    if (broken) return Error(Code::kUnavailable, "no space left on device");
    for (Change& change : changes) {
      if (change.value) {
        entries[change.key] = *std::move(change.value);
      } else {
        entries.erase(change.key);
      }
    }
    return {};
  }
  Result<std::optional<std::string>> Read(std::string_view) const override {
    return std::optional<std::string>();
  }
  Result<> Scan(
      std::string_view prefix,
      const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    for (const auto& [key, value] : entries) {
      if (key.starts_with(prefix) && !visit(key, value)) break;
    }
    return {};
  }
  std::map<std::string, std::string> entries;
  bool broken = false;
};

class PushGroupsTest : public testing::Test {
 protected:
  std::string Push(GroupLabels labels, std::string_view text, bool replace = true,
                   std::optional<Millis> time_to_live = std::nullopt) {
    auto families = ReadText(text);
    EXPECT_TRUE(families) << families.error().message();
    const auto done =
        groups_->Push({std::move(labels), *std::move(families), replace, time_to_live});
    return done ? "" : done.error().message();
  }
  // The page's samples without the push times.
  std::string Samples() {
    std::string samples;
    std::string_view page = *(page_ = groups_->Page());
    while (!page.empty()) {
      const std::string_view line = page.substr(0, page.find('\n') + 1);
      if (!line.starts_with("#") && !line.starts_with("push_")) samples += line;
      page.remove_prefix(line.size());
    }
    return samples;
  }
  void Restart(PushGroups::Options options = {}) {
    groups_ = std::make_unique<PushGroups>(state_, clock_, Logger::Silent(), options);
    ASSERT_TRUE(groups_->Load());
  }
  void SetUp() override { Restart(); }

  ManualClock clock_{FromMillis(1'600'000'000'500)};
  MemoryState state_;
  std::unique_ptr<PushGroups> groups_;
  std::shared_ptr<const std::string> page_;
};

TEST_F(PushGroupsTest, ReplaceEmptiesTheGroupAndAddingReplacesNamesakesOnly) {
  EXPECT_EQ(Push({{"job", "j"}}, "a{x=\"1\"} 1\nb 2\n"), "");
  EXPECT_EQ(Push({{"job", "j"}}, "a{x=\"2\"} 3\nc 4\n", false), "");
  EXPECT_EQ(Samples(),
            "a{instance=\"\",job=\"j\",x=\"2\"} 3\nb{instance=\"\",job=\"j\"} 2\n"
            "c{instance=\"\",job=\"j\"} 4\n");
  EXPECT_EQ(Push({{"job", "j"}}, "d 5\n"), "");
  EXPECT_EQ(Samples(), "d{instance=\"\",job=\"j\"} 5\n");
}

TEST_F(PushGroupsTest, TheGroupsLabelsWin) {
  EXPECT_EQ(Push({{"instance", "i"}, {"job", "j"}}, "a{job=\"other\",instance=\"x\",y=\"z\"} 1\n"),
            "");
  EXPECT_EQ(Samples(), "a{instance=\"i\",job=\"j\",y=\"z\"} 1\n");
}

TEST_F(PushGroupsTest, TellsWhenItWasPushedAndWhenThatFailed) {
  EXPECT_EQ(Push({{"job", "j"}}, "a 1\n"), "");
  EXPECT_NE(groups_->Page()->find("push_time_seconds{instance=\"\",job=\"j\"} 1.6000000005e+09\n"),
            std::string::npos);
  EXPECT_TRUE(groups_->List().front()->last_push_successful());
  clock_.Advance(Millis(2000));
  EXPECT_EQ(Push({{"job", "j"}}, "a 1 5\n"), "pushed metrics must not have timestamps");
  EXPECT_NE(groups_->Page()->find(
                "push_failure_time_seconds{instance=\"\",job=\"j\"} 1.6000000025e+09\n"),
            std::string::npos);
  EXPECT_FALSE(groups_->List().front()->last_push_successful());
  EXPECT_EQ(Samples(), "a{instance=\"\",job=\"j\"} 1\n") << "a failed push changes nothing else";
}

TEST_F(PushGroupsTest, RefusesWhatContradictsOtherGroups) {
  EXPECT_EQ(Push({{"job", "j"}}, "# TYPE a counter\na{instance=\"i\"} 1\n"), "");
  EXPECT_EQ(Push({{"job", "k"}}, "a 1\n"),
            "collected metric \"a\" { label:<name:\"instance\" value:\"\" > "
            "label:<name:\"job\" value:\"k\" > untyped:<value:1 > } is not a COUNTER");
  EXPECT_EQ(Push({{"instance", "i"}, {"job", "j"}}, "# TYPE a counter\na 2\n"),
            "collected metric \"a\" { label:<name:\"instance\" value:\"i\" > "
            "label:<name:\"job\" value:\"j\" > counter:<value:2 > } "
            "was collected before with the same name and label values");
  EXPECT_EQ(Push({{"job", "j"}}, "a 1\n"), "") << "the only holder of a family may change its type";
}

TEST_F(PushGroupsTest, AFailureThatWouldSpoilThePageIsNotNoted) {
  EXPECT_EQ(Push({{"job", "j"}}, "a 1\n"), "");
  EXPECT_NE(Push({{"instance", ""}, {"job", "j"}}, "b 1\n"), "")
      << "both groups would have the same push_time_seconds";
  EXPECT_EQ(groups_->List().size(), 1U);
}

TEST_F(PushGroupsTest, OutlivesARestart) {
  const std::string text =
      "# HELP h one\\\\two\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\n"
      "h_sum 3.5\nh_count 2\n";
  EXPECT_EQ(Push({{"job", "j"}, {"path", "/var/\xC3\xA9"}}, text), "");
  EXPECT_EQ(Push({{"job", "k"}}, "a{b=\"\"} NaN\n"), "");
  const std::string before = *groups_->Page();
  Restart();
  EXPECT_EQ(*groups_->Page(), before);
  EXPECT_NE(Push({{"job", "l"}}, "h 1\n"), "") << "consistency is known again";
  EXPECT_TRUE(groups_->Delete({{"job", "k"}}));
  Restart();
  EXPECT_EQ(Samples().find("a{"), std::string::npos);
}

TEST_F(PushGroupsTest, ExpiresWhenItsTimeToLiveIsOver) {
  Restart({.time_to_live = Millis(60'000)});
  EXPECT_EQ(Push({{"job", "minute"}}, "a 1\n"), "");
  EXPECT_EQ(Push({{"job", "second"}}, "a 1\n", true, Millis(1000)), "");
  EXPECT_EQ(Push({{"job", "forever"}}, "a 1\n", true, Millis(0)), "");
  clock_.Advance(Millis(1000));
  EXPECT_EQ(groups_->List().size(), 2U);
  clock_.Advance(Millis(58'000));
  EXPECT_EQ(Push({{"job", "minute"}}, "a 2\n"), "") << "a push starts it anew";
  clock_.Advance(Millis(59'000));
  EXPECT_EQ(groups_->List().size(), 2U);
  clock_.Advance(Millis(1000));
  EXPECT_EQ(Samples(), "a{instance=\"\",job=\"forever\"} 1\n");
  EXPECT_EQ(state_.entries.size(), 1U) << "and leaves the store";
}

TEST_F(PushGroupsTest, WhatCannotBeStoredIsNotTaken) {
  state_.broken = true;
  EXPECT_EQ(Push({{"job", "j"}}, "a 1\n"), "no space left on device");
  EXPECT_EQ(*groups_->Page(), "");
}

TEST(PushPaths, AreGroupingKeys) {
  const auto labels = LabelsOfPath("/job@base64/YS9i/empty@base64/=/c/d e");
  ASSERT_TRUE(labels);
  EXPECT_EQ(*labels, (GroupLabels{{"c", "d e"}, {"empty", ""}, {"job", "a/b"}}));
  EXPECT_EQ(LabelsOfPath("/job/a/b").error().message(),
            "odd number of components in label string \"/b\"");
  EXPECT_EQ(LabelsOfPath("/job/a/__b/c").error().message(), "improper label name \"__b\"");
  EXPECT_EQ(LabelsOfPath("/job/a/b@base64/*").error().message(),
            "invalid base64 encoding for label b=\"*\": illegal base64 data at input byte 0");
}

}  // namespace
}  // namespace meerkat::push
