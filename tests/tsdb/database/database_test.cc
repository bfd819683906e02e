#include "tsdb/database.h"

#include <cmath>
#include <limits>

#include "base/number.h"
#include "tests/tsdb/database/fixture.h"

namespace meerkat::tsdb {
namespace {

const Labels kUp{{"__name__", "up"}, {"job", "a"}};
const Labels kDown{{"__name__", "down"}, {"job", "a"}};

TEST_F(DatabaseTest, GivesBackWhatWasCommittedAlsoAfterARestart) {
  Open();
  EXPECT_EQ(Append(kUp, At(0), 1), Refusal::kNone);
  EXPECT_EQ(Append(kUp, At(15), 0.5), Refusal::kNone);
  EXPECT_EQ(Append(kDown, At(15), -0.0), Refusal::kNone);
  EXPECT_EQ(Append(kUp, At(30), 0.5), Refusal::kNone);
  const Content expected{
      {kUp.ToString(), {{At(0), 1}, {At(15), 0.5}, {At(30), 0.5}}},
      {kDown.ToString(), {{At(15), -0.0}}},
  };
  EXPECT_EQ(ReadAll(), expected);
  Reopen();
  EXPECT_EQ(ReadAll(), expected);
  EXPECT_EQ(Append(kUp, At(45), 7), Refusal::kNone);
  Reopen();
  EXPECT_EQ(ReadAll()[kUp.ToString()].size(), 4u);
}

TEST_F(DatabaseTest, KeepsEveryBitOfAValue) {
  Open();
  const double values[] = {0.1,
                           -0.0,
                           0.0,
                           std::bit_cast<double>(std::uint64_t{0x7ff0000000000002}),
                           std::bit_cast<double>(std::uint64_t{0x7ff8000000000001}),
                           std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity(),
                           std::numeric_limits<double>::denorm_min(),
                           std::numeric_limits<double>::max(),
                           1.5,
                           2.0,
                           1e15,
                           9007199254740993.0,
                           0.3,
                           -0.3,
                           123456.789};
  std::int64_t t = 0;
  for (const double value : values) Append(kUp, At(++t), value);
  for (int restart = 0; restart < 2; ++restart) {
    const Samples read = ReadAll()[kUp.ToString()];
    ASSERT_EQ(read.size(), std::size(values));
    for (std::size_t i = 0; i < read.size(); ++i) {
      EXPECT_EQ(std::bit_cast<std::uint64_t>(read[i].second),
                std::bit_cast<std::uint64_t>(values[i]));
    }
    Reopen();
  }
}

TEST_F(DatabaseTest, JudgesOrderAsUpstream) {
  Open();
  EXPECT_EQ(Append(kUp, At(100), 1), Refusal::kNone);
  EXPECT_EQ(Append(kUp, At(100), 1), Refusal::kNone) << "the same sample again";
  EXPECT_EQ(Append(kUp, At(100), 2), Refusal::kDuplicate);
  EXPECT_EQ(Append(kUp, At(99), 1), Refusal::kOutOfOrder);
  EXPECT_EQ(Append(kDown, At(99), 1), Refusal::kNone) << "order is by series";
  EXPECT_EQ(Append(kUp, At(100 - 3601), 1), Refusal::kOutOfBounds);
  EXPECT_EQ(Append(kDown, At(100 - 3601), 1), Refusal::kOutOfBounds);
  EXPECT_EQ(ReadAll()[kUp.ToString()], (Samples{{At(100), 1}}));
  Reopen();
  EXPECT_EQ(Append(kUp, At(100), 1), Refusal::kNone);
  EXPECT_EQ(Append(kUp, At(100), 2), Refusal::kDuplicate);
  EXPECT_EQ(Append(kUp, At(99), 1), Refusal::kOutOfOrder);
}

TEST_F(DatabaseTest, JudgesOrderWithinABatch) {
  Open();
  auto appender = db->NewAppender();
  const SeriesRef up = appender->Resolve(kUp);
  const SeriesRef down = appender->Resolve(kDown);
  EXPECT_EQ(appender->Append(down, FromMillis(At(10)), 1), Refusal::kNone);
  EXPECT_EQ(appender->Append(up, FromMillis(At(10)), 1), Refusal::kNone);
  EXPECT_EQ(appender->Append(up, FromMillis(At(10)), 1), Refusal::kNone);
  EXPECT_EQ(appender->Append(up, FromMillis(At(10)), 2), Refusal::kDuplicate);
  EXPECT_EQ(appender->Append(down, FromMillis(At(9)), 2), Refusal::kOutOfOrder);
  EXPECT_EQ(appender->Append(down, FromMillis(At(11)), 2), Refusal::kNone);
  EXPECT_EQ(appender->Append(up, FromMillis(At(12)), 2), Refusal::kNone);
  EXPECT_EQ(appender->Append(up, FromMillis(At(11)), 2), Refusal::kOutOfOrder);
  EXPECT_TRUE(ReadAll().empty()) << "nothing is visible before the commit";
  ASSERT_TRUE(appender->Commit().ok());
  const Content expected{{kUp.ToString(), {{At(10), 1}, {At(12), 2}}},
                         {kDown.ToString(), {{At(10), 1}, {At(11), 2}}}};
  EXPECT_EQ(ReadAll(), expected);
}

TEST_F(DatabaseTest, RollsBackWhatIsNotCommitted) {
  Open();
  {
    auto appender = db->NewAppender();
    appender->Append(appender->Resolve(kUp), FromMillis(At(1)), 1);
  }
  EXPECT_TRUE(ReadAll().empty());
  EXPECT_EQ(Append(kUp, At(1), 2), Refusal::kNone);
}

TEST_F(DatabaseTest, TakesAnyTimeIntoAnEmptyDatabase) {
  for (const std::int64_t first :
       {std::int64_t{0}, std::int64_t{-5000}, At(0) - 36000000, std::int64_t{1} << 50}) {
    SCOPED_TRACE(first);
    Open();
    for (int i = 0; i < 10; ++i) EXPECT_EQ(Append(kUp, first + i * 60000, i), Refusal::kNone);
    EXPECT_EQ(ReadAll()[kUp.ToString()].size(), 10u);
    db.reset();
    std::filesystem::remove_all(options().path);
  }
}

TEST_F(DatabaseTest, MergesOutOfOrderSamplesWhenRead) {
  base_options.live.out_of_order_window = std::chrono::minutes(10);
  Open();
  EXPECT_EQ(Append(kUp, At(1000), 10), Refusal::kNone);
  EXPECT_EQ(Append(kUp, At(900), 9), Refusal::kNone);
  EXPECT_EQ(Append(kUp, At(950), 9.5), Refusal::kNone);
  EXPECT_EQ(Append(kUp, At(399), 1), Refusal::kTooOld);
  EXPECT_EQ(Append(kUp, At(1015), 11), Refusal::kNone);
  const Samples expected{{At(900), 9}, {At(950), 9.5}, {At(1000), 10}, {At(1015), 11}};
  EXPECT_EQ(ReadAll()[kUp.ToString()], expected);
  Reopen();
  EXPECT_EQ(ReadAll()[kUp.ToString()], expected);
}

TEST_F(DatabaseTest, CutsSamplesToTheAskedRange) {
  Open();
  for (int i = 0; i < 100; ++i) Append(kUp, At(i), i);
  const Samples read = ReadAll({FromMillis(At(10)), FromMillis(At(12))})[kUp.ToString()];
  EXPECT_EQ(read, (Samples{{At(10), 10}, {At(11), 11}, {At(12), 12}}));
}

TEST_F(DatabaseTest, SeriesOfOneBatchShareTheirTimeColumn) {
  Open();
  for (int t = 0; t < 20; ++t) {
    auto appender = db->NewAppender();
    for (int s = 0; s < 10; ++s) {
      const Labels labels{{"__name__", "m"}, {"s", std::to_string(s)}};
      appender->Append(appender->Resolve(labels), FromMillis(At(t)), s * t);
    }
    ASSERT_TRUE(appender->Commit().ok());
  }
  auto querier = db->NewQuerier({FromMillis(At(3)), FromMillis(At(9))});
  auto set = (*querier)->Select({}, {});
  SeriesColumns first;
  SeriesColumns columns;
  ASSERT_TRUE(*(*set)->Next());
  ASSERT_TRUE((*set)->Read(first).ok());
  EXPECT_EQ(first.size(), 7u);
  while (*(*set)->Next()) {
    ASSERT_TRUE((*set)->Read(columns).ok());
    EXPECT_EQ(columns.times.get(), first.times.get());
  }
}

TEST_F(DatabaseTest, KeepsHistogramsBesideFloatsAndStartTimes) {
  Open();
  auto histogram = std::make_shared<Histogram>();
  histogram->integer = true;
  histogram->schema = 1;
  histogram->count = 3;
  histogram->sum = 4.5;
  histogram->positive_spans = {{0, 2}};
  histogram->positive_buckets = {1, 2};
  auto appender = db->NewAppender();
  const SeriesRef up = appender->Resolve(kUp);
  const Timestamp start = FromMillis(At(-100));
  EXPECT_EQ(appender->Append(up, FromMillis(At(1)), 1.0), Refusal::kNone);
  EXPECT_EQ(appender->Append(up, FromMillis(At(2)), histogram, start), Refusal::kNone);
  EXPECT_EQ(appender->Append(up, FromMillis(At(2)), histogram, start), Refusal::kNone);
  EXPECT_EQ(appender->Append(up, FromMillis(At(3)), 1.0, start), Refusal::kNone);
  auto broken = std::make_shared<Histogram>(*histogram);
  broken->positive_buckets.pop_back();
  EXPECT_EQ(appender->Append(up, FromMillis(At(4)), broken), Refusal::kBadHistogram);
  EXPECT_EQ(appender->Append(up, FromMillis(At(5)), 1.0), Refusal::kNone);
  ASSERT_TRUE(appender->Commit().ok());
  appender.reset();
  for (int restart = 0; restart < 2; ++restart) {
    auto querier = db->NewQuerier({});
    auto set = (*querier)->Select({}, {});
    ASSERT_TRUE(*(*set)->Next());
    SeriesColumns columns;
    ASSERT_TRUE((*set)->Read(columns).ok());
    ASSERT_EQ(columns.size(), 4u);
    ASSERT_EQ(columns.histograms.size(), 1u);
    EXPECT_EQ(columns.histograms[0].index, 1u);
    EXPECT_TRUE(columns.histograms[0].histogram->SameAs(*histogram));
    EXPECT_EQ(columns.starts, (std::vector<Timestamp>{kMinTime, start, start, kMinTime}));
    set->reset();
    querier->reset();
    Reopen();
  }
}

TEST_F(DatabaseTest, AStaleMarkerEndsASeriesInItsOwnKind) {
  struct Case {
    const char* kind;
    bool one_batch;  // the marker comes with the sample before it
  };
  constexpr Case kCases[] = {{"integer histogram", false},
                             {"integer histogram", true},
                             {"float histogram", false},
                             {"float histogram", true},
                             {"float", false},
                             {"float", true}};
  Open();
  for (const Case& c : kCases) {
    const std::string_view kind = c.kind;
    const std::string name = std::string(kind) + (c.one_batch ? " in one batch" : "");
    SCOPED_TRACE(name);
    auto appender = db->NewAppender();
    const SeriesRef ref = appender->Resolve({{"__name__", "up"}, {"case", name}});
    if (kind == "float") {
      EXPECT_EQ(appender->Append(ref, FromMillis(At(1)), 1.0), Refusal::kNone);
    } else {
      auto histogram = std::make_shared<Histogram>();
      histogram->integer = kind == "integer histogram";
      histogram->count = histogram->sum = 3;
      EXPECT_EQ(appender->Append(ref, FromMillis(At(1)), histogram), Refusal::kNone);
    }
    if (!c.one_batch) {
      ASSERT_TRUE(appender->Commit().ok());
      appender = db->NewAppender();
    }
    EXPECT_EQ(appender->Append(ref, FromMillis(At(2)), StaleNan()), Refusal::kNone);
    ASSERT_TRUE(appender->Commit().ok());
    const Matcher matcher[] = {Matcher::Equal("case", name)};
    auto querier = db->NewQuerier({});
    auto set = (*querier)->Select(matcher, {});
    ASSERT_TRUE(*(*set)->Next());
    SeriesColumns columns;
    ASSERT_TRUE((*set)->Read(columns).ok());
    ASSERT_EQ(columns.size(), 2u);
    if (kind == "float") {
      EXPECT_TRUE(columns.histograms.empty());
      EXPECT_TRUE(IsStaleNan(columns.values[1]));
      continue;
    }
    ASSERT_EQ(columns.histograms.size(), 2u);
    EXPECT_TRUE(columns.histograms[1].histogram->IsStale());
    EXPECT_EQ(columns.histograms[1].histogram->integer, kind == "integer histogram");
  }
}

TEST_F(DatabaseTest, WhatComesAfterADeletionStaysAlsoAfterARestart) {
  Open();
  Append(kUp, At(0), 1);
  const std::vector<std::vector<Matcher>> all = {{Matcher::Equal("__name__", "up")}};
  ASSERT_TRUE(db->DeleteSeries({}, all).ok());  // of all time, also to come
  Reopen();
  EXPECT_TRUE(ReadAll().empty());
  for (int step = 1; step < 4; ++step) {
    ASSERT_EQ(Append(kUp, At(step), step), Refusal::kNone);
    ASSERT_EQ(ReadAll()[kUp.ToString()].size(), static_cast<std::size_t>(step));
    Reopen();
    ASSERT_EQ(ReadAll()[kUp.ToString()].size(), static_cast<std::size_t>(step));
  }
  ASSERT_TRUE(db->CleanTombstones().ok());
  EXPECT_EQ(ReadAll()[kUp.ToString()], (Samples{{At(1), 1}, {At(2), 2}, {At(3), 3}}));
}

TEST_F(DatabaseTest, KnowsLabelNamesAndValuesOfTheRange) {
  Open();
  Append(kUp, At(0), 1);
  Append({{"__name__", "late"}, {"zone", "z"}}, At(1000), 1);
  auto querier = db->NewQuerier({});
  EXPECT_EQ(*(*querier)->LabelNames({}, 0), (std::vector<std::string>{"__name__", "job", "zone"}));
  EXPECT_EQ(*(*querier)->LabelValues("__name__", {}, 0), (std::vector<std::string>{"late", "up"}));
  const Matcher late[] = {Matcher::Equal("__name__", "late")};
  EXPECT_EQ(*(*querier)->LabelValues("zone", late, 0), (std::vector<std::string>{"z"}));
  auto before = db->NewQuerier({FromMillis(At(-10)), FromMillis(At(-1))});
  EXPECT_TRUE((*(*before)->LabelNames({}, 0)).empty());
}

TEST_F(DatabaseTest, SeriesAreListedFromTheirFirstToTheirLastSample) {
  Open();
  for (const int second : {0, 60, 120}) Append(kUp, At(second), 1);
  Append(kDown, At(600), 1);
  const auto listed = [this](int from, int to) {
    auto querier = db->NewQuerier({FromMillis(At(from)), FromMillis(At(to))});
    auto set = (*querier)->Select({}, {.labels_only = true});
    std::vector<std::string> names;
    while (*(*set)->Next()) names.emplace_back((*set)->labels().Get("__name__"));
    return names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(listed(-60, -1), Names());
  EXPECT_EQ(listed(61, 119), Names{"up"}) << "between two samples";
  EXPECT_EQ(listed(120, 130), Names{"up"});
  EXPECT_EQ(listed(121, 599), Names());
  EXPECT_EQ(listed(0, 600), (Names{"down", "up"}));
  EXPECT_EQ(listed(601, 900), Names());
}

// At(0) is 800 seconds into a stretch of two hours.
TEST_F(DatabaseTest, LabelsAreOfWholeStretchesAsUpstreamKeepsThem) {
  struct Case {
    int from, to;
    int whole_from, whole_to;
  };
  const auto expect = [this](const std::vector<Case>& cases) {
    for (const Case& c : cases) {
      const TimeRange whole = db->LabelRange({FromMillis(At(c.from)), FromMillis(At(c.to))});
      EXPECT_EQ(ToMillis(whole.min), At(c.whole_from)) << c.from << " to " << c.to;
      EXPECT_EQ(ToMillis(whole.max) / 1000, At(c.whole_to) / 1000) << c.from << " to " << c.to;
    }
  };
  Open();
  const TimeRange asked{FromMillis(At(5)), FromMillis(At(10))};
  EXPECT_EQ(db->LabelRange(asked), asked) << "nothing there";
  Append(kUp, At(0), 1);
  Append(kUp, At(3 * 3600), 1);
  // All of it is the head.
  expect({{100, 200, 0, 10800},
          {-100, 200, -800, 10800},
          {-100, -50, -800, -1},
          {10801, 10900, 10801, 10900},
          {200, 100, 0, 10800}});
  Append(kUp, At(3 * 3600 + 1), 1);
  // One and a half stretches are exceeded: the first one is a block now.
  expect({{100, 200, -800, 6399},
          {100, 6500, -800, 10801},
          {6400, 6400, 6400, 10801},
          {10800, 20000, 6400, 20000}});
}

// Of each name and value two series are asked first; here the only living one is neither.
TEST_F(DatabaseTest, FindsTheOneSeriesThatLivesWithinARange) {
  Open();
  for (int i = 0; i < 9; ++i) {
    const std::string number = std::to_string(i);
    const Labels labels{{"__name__", "m"}, {"of", i % 2 == 0 ? "even" : "odd"}, {"n", number}};
    Append(labels, At(0), 1);
  }
  ASSERT_TRUE(db->Seal().ok());
  Append({{"__name__", "m"}, {"of", "even"}, {"n", "4"}}, At(2000), 1);
  auto late = db->NewQuerier({FromMillis(At(1000)), FromMillis(At(3000))});
  EXPECT_EQ(*(*late)->LabelValues("of", {}, 0), (std::vector<std::string>{"even"}));
  EXPECT_EQ(*(*late)->LabelValues("n", {}, 0), (std::vector<std::string>{"4"}));
  EXPECT_EQ(*(*late)->LabelNames({}, 0), (std::vector<std::string>{"__name__", "n", "of"}));
  const Matcher all[] = {Matcher::Equal("__name__", "m")};
  auto series = (*late)->Select(all, {.labels_only = true});
  ASSERT_TRUE(*(*series)->Next());
  EXPECT_EQ((*series)->labels().Get("n"), "4");
  EXPECT_FALSE(*(*series)->Next());
}

// Whatever is read with it, the newest sample is the last; where it lies ready it is alone.
TEST_F(DatabaseTest, ReadsTheNewestSampleAlone) {
  Open();
  for (int step = 0; step < 4; ++step) Append(kUp, At(15 * step), step);
  const auto newest = [this](std::int64_t from, std::int64_t to) {
    auto querier = db->NewQuerier({FromMillis(from), FromMillis(to)});
    auto set = (*querier)->Select({}, {.newest = true});
    SeriesColumns columns;
    Samples samples;
    while (*(*set)->Next()) {
      EXPECT_TRUE((*set)->Read(columns).ok());
      for (std::size_t i = 0; i < columns.size(); ++i) {
        samples.emplace_back(ToMillis((*columns.times)[i]), columns.values[i]);
      }
    }
    return samples;
  };
  EXPECT_EQ(newest(At(0), At(60)), (Samples{{At(45), 3}}));
  EXPECT_TRUE(newest(At(46), At(60)).empty());
  EXPECT_EQ(newest(At(0), At(44)).back(), (std::pair{At(30), 2.0}));
  ASSERT_TRUE(db->Seal().ok());
  EXPECT_EQ(newest(At(0), At(90)).back(), (std::pair{At(45), 3.0}));
  Append(kUp, At(75), 5);
  EXPECT_EQ(newest(At(0), At(90)), (Samples{{At(75), 5}}));
  const std::vector<std::vector<Matcher>> all = {{Matcher::Equal("__name__", "up")}};
  ASSERT_TRUE(db->DeleteSeries({FromMillis(At(75)), FromMillis(At(75))}, all).ok());
  EXPECT_EQ(newest(At(0), At(90)).back(), (std::pair{At(45), 3.0}));
}

TEST_F(DatabaseTest, StateSurvivesARestart) {
  Open();
  ASSERT_TRUE(db->state().Write({{"silence/1", "a"}, {"silence/2", "b"}, {"z/1", "c"}}).ok());
  ASSERT_TRUE(db->state().Write({{"silence/2", std::nullopt}}).ok());
  Reopen();
  EXPECT_EQ(**db->state().Read("silence/1"), "a");
  EXPECT_FALSE(db->state().Read("silence/2")->has_value());
  std::vector<std::string> keys;
  ASSERT_TRUE(db->state()
                  .Scan("silence/",
                        [&](std::string_view key, std::string_view) {
                          keys.emplace_back(key);
                          return true;
                        })
                  .ok());
  EXPECT_EQ(keys, (std::vector<std::string>{"silence/1"}));
}

TEST_F(DatabaseTest, ASecondOpenerGetsOneClearLine) {
  Open();
  Registry other;
  auto second = Database::Open(options(), clock, other, Logger::Silent());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), Code::kConflict);
  EXPECT_EQ(second.error().message().find('\n'), std::string::npos);
  EXPECT_NE(second.error().message().find("in use by another process"), std::string::npos);
}

TEST_F(DatabaseTest, KeepsExemplarsAndMetadata) {
  Open();
  auto appender = db->NewAppender();
  const SeriesRef up = appender->Resolve(kUp);
  const Exemplar exemplar{Labels{{"trace_id", "1"}}, 2.5, FromMillis(At(5))};
  EXPECT_EQ(appender->AppendExemplar(up, exemplar), Refusal::kNone);
  appender->SetMetadata("up", {MetricType::kGauge, "Whether it is up.", ""});
  ASSERT_TRUE(appender->Commit().ok());
  appender.reset();
  for (int restart = 0; restart < 2; ++restart) {
    const std::vector<std::vector<Matcher>> all = {{Matcher::Equal("__name__", "up")}};
    const auto found = db->Exemplars({}, all);
    ASSERT_EQ(found->size(), 1u);
    EXPECT_EQ((*found)[0].series, kUp);
    EXPECT_EQ((*found)[0].exemplars, (std::vector<Exemplar>{exemplar}));
    ASSERT_EQ(db->MetricMetadata("up").size(), 1u);
    EXPECT_EQ(db->MetricMetadata("")[0].second.help, "Whether it is up.");
    Reopen();
  }
}

// People's dashboards and mixins ask for these.
TEST_F(DatabaseTest, TellsAboutItselfUnderUpstreamsNames) {
  base_options.sync_journal = true;
  Open();
  ASSERT_EQ(Append(Labels{{"__name__", "up"}}, At(0), 1), Refusal::kNone);
  const auto value = [this](const std::string& name) -> std::string {
    const std::string text = registry->Exposition();
    const std::size_t at = text.find("\n" + name + " ");
    if (at == std::string::npos) return "absent";
    const std::size_t begin = at + name.size() + 2;
    return text.substr(begin, text.find('\n', begin) - begin);
  };
  EXPECT_EQ(value("prometheus_tsdb_head_chunks_created_total"), "1");
  EXPECT_EQ(value("prometheus_tsdb_head_chunks_removed_total"), "0");
  EXPECT_EQ(value("prometheus_tsdb_wal_truncations_total"), "0");
  EXPECT_NE(value("prometheus_tsdb_wal_fsync_duration_seconds_count"), "0");
  ASSERT_TRUE(db->Seal().ok());
  ASSERT_TRUE(db->CleanTombstones().ok());
  for (const char* one :
       {"prometheus_tsdb_head_chunks_created_total", "prometheus_tsdb_head_chunks_removed_total",
        "prometheus_tsdb_wal_truncations_total", "prometheus_tsdb_checkpoint_creations_total",
        "prometheus_tsdb_wal_truncate_duration_seconds_count"}) {
    EXPECT_EQ(value(one), "1") << one;
  }
  for (const char* some :
       {"prometheus_tsdb_wal_fsync_duration_seconds_sum",
        "prometheus_tsdb_head_gc_duration_seconds_count",
        "prometheus_tsdb_isolation_high_watermark", "prometheus_tsdb_isolation_low_watermark",
        "prometheus_tsdb_data_replay_duration_seconds", "prometheus_tsdb_compactions_skipped_total",
        "prometheus_tsdb_vertical_compactions_total", "prometheus_tsdb_checkpoint_deletions_total",
        "prometheus_tsdb_time_retentions_total", "meerkat_tsdb_cold_series"}) {
    EXPECT_NE(value(some), "absent") << some;
  }
}

}  // namespace
}  // namespace meerkat::tsdb
