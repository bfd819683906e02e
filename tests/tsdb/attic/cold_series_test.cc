#include "tests/tsdb/database/fixture.h"

namespace meerkat::tsdb {
namespace {

constexpr int kPods = 5000;  // more than what is worth a segment

Labels Pod(int i, const std::string& metric = "restarts") {
  return {{"__name__", metric}, {"i", std::to_string(i)}, {"job", i % 2 == 0 ? "a" : "b"}};
}

// Series that stop getting samples leave memory, and nobody but the one who measures it notices.
class ColdSeriesTest : public DatabaseTest {
 protected:
  void AppendPods(int first, int last, std::int64_t seconds) {
    auto appender = db->NewAppender();
    for (int i = first; i < last; ++i) {
      const Refusal refusal =
          appender->Append(appender->Resolve(Pod(i)), FromMillis(At(seconds)), i + seconds);
      ASSERT_EQ(refusal, Refusal::kNone) << i;
      expected[Pod(i).ToString()].emplace_back(At(seconds), i + seconds);
    }
    ASSERT_TRUE(appender->Commit().ok());
    Tick(seconds);
  }
  void Tick(std::int64_t seconds) {
    ASSERT_EQ(Append(Labels{{"__name__", "up"}}, At(seconds) + 1, 1), Refusal::kNone);
    expected[Labels{{"__name__", "up"}}.ToString()].emplace_back(At(seconds) + 1, 1);
    clock.AdvanceTo(FromMillis(At(seconds) + 1));
  }
  // Pods live for a while, then time goes on without them; cleaning tombstones also sends home
  // what is cold, here and now.
  void BringAndLeave() {
    for (int step = 0; step < 4; ++step) AppendPods(0, kPods, step * 15);
    ASSERT_TRUE(db->Seal().ok());
    Tick(3600);
    ASSERT_TRUE(db->CleanTombstones().ok());
  }
  // Series in memory, as the server's own metrics tell.
  double Hot() {
    const std::string text = registry->Exposition();
    const std::string name = "\nprometheus_tsdb_head_series ";
    return std::stod(text.substr(text.find(name) + name.size()));
  }
  void ExpectAll() {
    Content content = ReadAll();
    ASSERT_EQ(content.size(), expected.size());
    for (const auto& [name, samples] : expected) ASSERT_EQ(content[name], samples) << name;
  }

  Content expected;
};

TEST_F(ColdSeriesTest, LeaveMemoryAndAnswerAllQuestions) {
  Open();
  BringAndLeave();
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Hot(), 1) << "all but up are in the attic";
    ExpectAll();
    const auto only = ReadAll(*db, {}, {Matcher::Equal("i", "17")});
    ASSERT_EQ(only.size(), 1u);
    EXPECT_EQ(only.begin()->second.size(), 4u);
    EXPECT_EQ(ReadAll(*db, {}, {Matcher::Equal("job", "b")}).size(), kPods / 2u);
    EXPECT_EQ(ReadAll({FromMillis(At(1000)), FromMillis(At(9000))}).size(), 1u);
    auto querier = *db->NewQuerier({});
    EXPECT_EQ(*querier->LabelNames({}, 0), (std::vector<std::string>{"__name__", "i", "job"}));
    EXPECT_EQ(querier->LabelNames({}, 2)->size(), 2u);
    EXPECT_EQ(*querier->LabelValues("job", {}, 0), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(querier->LabelValues("i", {}, 0)->size(), static_cast<std::size_t>(kPods));
    const std::vector<Matcher> job_b{Matcher::Equal("job", "b")};
    EXPECT_EQ(querier->LabelValues("i", job_b, 0)->size(), kPods / 2u);
    EXPECT_EQ(querier->LabelNames(job_b, 0)->size(), 3u);
    EXPECT_TRUE(querier->Damage().empty());
    auto now = *db->NewQuerier({FromMillis(At(1000)), FromMillis(At(9000))});
    EXPECT_EQ(*now->LabelNames({}, 0), (std::vector<std::string>{"__name__"}));
    EXPECT_TRUE(now->LabelValues("job", {}, 0)->empty());
    auto first = *db->NewQuerier({FromMillis(At(0)), FromMillis(At(1))});
    EXPECT_EQ(first->LabelValues("i", {}, 0)->size(), static_cast<std::size_t>(kPods));
    SelectHints hints;
    hints.limit = 7;
    auto set = *querier->Select(job_b, hints);
    int selected = 0;
    while (*set->Next()) ++selected;
    EXPECT_EQ(selected, 7);
    Reopen();
  }
}

TEST_F(ColdSeriesTest, ComeBackAsTheSameSeries) {
  Open();
  BringAndLeave();
  for (int round = 0; round < 3; ++round) {
    const std::int64_t now = 3600 * (round + 2);
    AppendPods(0, kPods, now);
    EXPECT_EQ(Hot(), 1 + kPods);
    ExpectAll();
    if (round == 1) Reopen();
    EXPECT_EQ(Append(Pod(1), At(now), 1 + static_cast<double>(now)), Refusal::kNone)
        << "the same sample again is taken silently";
    EXPECT_EQ(Append(Pod(1), At(now), 99), Refusal::kDuplicate);
    EXPECT_EQ(Append(Pod(1), At(now - 60), 99), Refusal::kOutOfOrder);
    ExpectAll();
    ASSERT_TRUE(db->Seal().ok());
    ASSERT_TRUE(db->Compact().ok());
    Tick(now + 1799);
    ASSERT_TRUE(db->CleanTombstones().ok());
    EXPECT_EQ(Hot(), 1 + kPods) << "half an hour is not enough";
    Tick(now + 1802);
    ASSERT_TRUE(db->CleanTombstones().ok());
    EXPECT_EQ(Hot(), 1) << "and leave again";
    ExpectAll();
  }
}

TEST_F(ColdSeriesTest, KnowWhatTheyHaveWhenTheyComeBack) {
  Open();
  BringAndLeave();
  base_options.live.out_of_order_window = std::chrono::hours(24);
  db->Apply(base_options.live);
  EXPECT_EQ(Append(Pod(3), At(45), 3 + 45), Refusal::kNone) << "it is there already";
  EXPECT_EQ(Append(Pod(3), At(45), 4), Refusal::kDuplicate);
  EXPECT_EQ(Append(Pod(3), At(50), 5), Refusal::kNone);
  expected[Pod(3).ToString()].emplace_back(At(50), 5);
  ExpectAll();
  Reopen();
  ExpectAll();
}

TEST_F(ColdSeriesTest, AreDeletedAndForgottenLikeOthers) {
  Open();
  BringAndLeave();
  const std::vector<std::vector<Matcher>> selectors{{Matcher::Equal("job", "a")}};
  ASSERT_TRUE(db->DeleteSeries({}, selectors).ok());
  for (int i = 0; i < kPods; i += 2) expected.erase(Pod(i).ToString());
  ExpectAll();
  ASSERT_TRUE(db->CleanTombstones().ok());
  ExpectAll();
  EXPECT_EQ(*(*db->NewQuerier({}))->LabelValues("job", {}, 0), (std::vector<std::string>{"b"}));
  Reopen();
  ExpectAll();
  // What was forgotten begins anew.
  AppendPods(0, 10, 3700);
  ExpectAll();
  EXPECT_EQ(*(*db->NewQuerier({}))->LabelValues("job", {}, 0),
            (std::vector<std::string>{"a", "b"}));
  Reopen();
  ExpectAll();
  base_options.live.retention_time = std::chrono::minutes(30);
  db->Apply(base_options.live);
  Tick(20000);
  ASSERT_TRUE(db->Seal().ok());
  ASSERT_TRUE(db->Compact().ok());
  db.reset();  // waits for the upkeep
  Open();
  Tick(20001);
  ASSERT_TRUE(db->CleanTombstones().ok());
}

TEST_F(ColdSeriesTest, AreInASnapshot) {
  Open();
  BringAndLeave();
  const auto copy = directory.path() / "copy";
  ASSERT_TRUE(db->Snapshot(copy, false).ok());
  db.reset();
  std::filesystem::remove_all(options().path);
  std::filesystem::rename(copy, options().path);
  registry = std::make_unique<Registry>();
  Open();
  EXPECT_EQ(Hot(), 1);
  ExpectAll();
}

}  // namespace
}  // namespace meerkat::tsdb
