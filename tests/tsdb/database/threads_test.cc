#include <atomic>
#include <thread>

#include "tests/tsdb/database/fixture.h"

namespace meerkat::tsdb {
namespace {

class ThreadsTest : public DatabaseTest {};

// Writers, readers, upkeep and deletions at once: every read sees whole batches and a growing past.
TEST_F(ThreadsTest, ReadersSeeWholeBatchesWhileAllElseGoesOn) {
  base_options.live.retention_time = Millis(0);
  Open();
  constexpr int kWriters = 2;
  constexpr int kSteps = 300;
  constexpr int kSeries = 20;
  std::atomic<int> writing{kWriters};
  std::vector<std::thread> threads;
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back([&, w] {
      const auto source = db->NewSource();
      std::vector<SeriesRef> refs(kSeries, SeriesRef::kNone);
      for (int step = 0; step < kSteps; ++step) {
        auto appender = db->NewAppender(source.get());
        for (int i = 0; i < kSeries; ++i) {
          SeriesRef& ref = refs[static_cast<std::size_t>(i)];
          if (ref == SeriesRef::kNone) {
            ref = appender->Resolve(
                {{"__name__", "m"}, {"i", std::to_string(i)}, {"writer", std::to_string(w)}});
          }
          EXPECT_EQ(appender->Append(ref, FromMillis(At(step)), i % 2 == 0 ? 1 : step),
                    Refusal::kNone);
        }
        EXPECT_TRUE(appender->Commit().ok());
        // A series of short life, so that series are forgotten meanwhile.
        auto brief = db->NewAppender();
        brief->Resolve({{"__name__", "brief"}, {"n", std::to_string(step)}});
      }
      --writing;
    });
  }
  threads.emplace_back([&] {
    while (writing > 0) EXPECT_TRUE(db->Seal().ok());
    EXPECT_TRUE(db->Compact().ok());
    EXPECT_TRUE(db->CleanTombstones().ok());
  });
  threads.emplace_back([&] {
    std::map<std::string, std::size_t> before;
    while (writing > 0) {
      auto querier = db->NewQuerier({});
      const Matcher m[] = {Matcher::Equal("__name__", "m")};
      auto set = (*querier)->Select(m, {});
      SeriesColumns columns;
      std::map<std::string, std::size_t> sizes;
      while (*(*set)->Next()) {
        ASSERT_TRUE((*set)->Read(columns).ok());
        std::size_t& size = sizes[std::string((*set)->labels().Get("writer"))];
        if (size == 0) size = columns.size();
        ASSERT_EQ(columns.size(), size) << "half a batch";
        for (std::size_t i = 0; i < columns.size(); ++i) {
          ASSERT_EQ(ToMillis((*columns.times)[i]), At(static_cast<std::int64_t>(i)));
        }
      }
      for (const auto& [writer, size] : sizes) {
        ASSERT_GE(size, before[writer]);
        before[writer] = size;
      }
    }
  });
  threads.emplace_back([&] {
    while (writing > 0) {
      auto querier = db->NewQuerier({});
      const Matcher m[] = {Matcher::Equal("__name__", "m")};
      auto set = (*querier)->Select(m, {.newest = true});
      SeriesColumns columns;
      std::map<std::string, Timestamp> newest;
      while (*(*set)->Next()) {
        ASSERT_TRUE((*set)->Read(columns).ok());
        const Labels& labels = (*set)->labels();
        const Timestamp time = columns.times->back();
        ASSERT_EQ(newest.try_emplace(std::string(labels.Get("writer")), time).first->second, time);
        const bool constant = std::stoi(std::string(labels.Get("i"))) % 2 == 0;
        ASSERT_EQ(At(constant ? 1 : static_cast<std::int64_t>(columns.values.back())),
                  constant ? At(1) : ToMillis(time));
      }
    }
  });
  for (std::thread& thread : threads) thread.join();
  const Content content = ReadAll();
  EXPECT_EQ(content.size(), std::size_t{kWriters * kSeries});
  for (const auto& [series, samples] : content) EXPECT_EQ(samples.size(), std::size_t{kSteps});
}

// Pods come, go to the attic and come back while readers count them: none is missed, or seen twice,
// on the way.
TEST_F(ThreadsTest, SeriesGoColdAndReturnUnderReadersEyes) {
  base_options.live.retention_time = Millis(0);
  base_options.partition = std::chrono::minutes(10);  // a quarter of it is cold
  Open();
  constexpr int kPods = 4200;  // worth a segment
  constexpr int kSteps = 24;
  const auto pod = [](int i) { return Labels{{"__name__", "pod"}, {"i", std::to_string(i)}}; };
  const auto alive = [](int step) { return step / 4 % 2 == 0; };
  std::atomic<int> samples{0};  // committed, of each pod
  std::atomic<bool> writing{true};
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    for (int step = 0; step < kSteps; ++step) {
      const Timestamp now = FromMillis(At(step * 60));
      clock.AdvanceTo(now);
      auto appender = db->NewAppender();
      EXPECT_EQ(appender->Append(appender->Resolve({{"__name__", "up"}}), now, step),
                Refusal::kNone);
      for (int i = 0; i < kPods && alive(step); ++i) {
        EXPECT_EQ(appender->Append(appender->Resolve(pod(i)), now, step), Refusal::kNone);
      }
      EXPECT_TRUE(appender->Commit().ok());
      if (alive(step)) ++samples;
      if (!alive(step)) EXPECT_TRUE(db->CleanTombstones().ok());  // and sends home what is cold
    }
    writing = false;
  });
  threads.emplace_back([&] {
    while (writing) EXPECT_TRUE(db->Seal().ok());
  });
  for (int r = 0; r < 2; ++r) {
    threads.emplace_back([&] {
      while (writing) {
        const int least = samples;
        auto querier = db->NewQuerier({});
        const Matcher m[] = {Matcher::Equal("__name__", "pod")};
        auto set = (*querier)->Select(m, {});
        SeriesColumns columns;
        std::size_t seen = 0, of_each = 0;
        while (*(*set)->Next()) {
          ASSERT_TRUE((*set)->Read(columns).ok());
          if (++seen == 1) of_each = columns.size();
          ASSERT_GE(columns.size(), static_cast<std::size_t>(least));
          if (least > 0) ASSERT_EQ(columns.size(), of_each);  // whole batches
        }
        if (least > 0) ASSERT_EQ(seen, std::size_t{kPods});
        const std::size_t values = (*querier)->LabelValues("i", m, 0)->size();
        if (least > 0) ASSERT_EQ(values, std::size_t{kPods});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Content content = ReadAll();
  EXPECT_EQ(content.size(), std::size_t{kPods + 1});
  for (const auto& [series, of_it] : content) {
    EXPECT_EQ(of_it.size(), series == "up" ? kSteps : static_cast<std::size_t>(samples)) << series;
  }
}

}  // namespace
}  // namespace meerkat::tsdb
