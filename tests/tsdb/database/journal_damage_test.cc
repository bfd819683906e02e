// Entries of the journal that are lost or spoilt: what is missing afterwards, and that it is told.
#include <algorithm>
#include <map>
#include <random>

#include "tests/tsdb/database/fixture.h"
#include "tsdb/rocks/store.h"

namespace meerkat::tsdb {
namespace {

constexpr int kSteps = 60;  // less than a generation takes
constexpr int kRestart = 32;
constexpr int kOfTarget = 8;

Labels SeriesOf(const std::string& target, int i) {
  return {{"__name__", "m" + std::to_string(i)}, {"target", target}};
}
// Whole numbers, decimals, noise, and what seldom changes.
double ValueAt(int i, int step) {
  if (i % 4 == 0) return 100 + step * i;
  if (i % 4 == 1) return step * 0.01 - i;
  if (i % 4 == 2) return 1 / (step + 1.1 * i);
  return step / 7;
}

class JournalDamageTest : public DatabaseTest {
 protected:
  void Scrape(const std::string& target, int step, bool constant = false) {
    auto appender = db->NewAppender();
    for (int i = 0; i < kOfTarget; ++i) {
      const double value = constant ? i + 0.5 : ValueAt(i, step);
      appender->Append(appender->Resolve(SeriesOf(target, i)), FromMillis(At(step * 15)), value);
      expected[SeriesOf(target, i).ToString()].emplace_back(At(step * 15), value);
    }
    ASSERT_TRUE(appender->Commit().ok());
    clock.AdvanceTo(FromMillis(At(step * 15)));
  }
  // Each step three entries: of a, b and c.
  void Fill(int first, int last) {
    for (int step = first; step < last; ++step) {
      Scrape("a", step);
      Scrape("b", step);
      Scrape("c", step, true);
    }
  }
  // Closes the database, takes entries out of its journal or puts nonsense there, opens it again.
  void Damage(const std::vector<std::size_t>& entries, bool remove) {
    db.reset();
    {
      auto opened = Store::Open(options().path / "db", {});
      ASSERT_TRUE(opened.ok()) << opened.error().message();
      std::vector<std::string> keys;
      ASSERT_TRUE(opened->store
                      ->Scan(Family::kJournal, {}, {},
                             [&keys](std::string_view key, std::string_view) {
                               keys.emplace_back(key);
                               return true;
                             })
                      .ok());
      StoreBatch batch;
      for (const std::size_t entry : entries) {
        ASSERT_LT(entry, keys.size());
        if (remove) {
          batch.Delete(Family::kJournal, keys[entry]);
        } else {
          batch.Put(Family::kJournal, keys[entry], "\x02");
        }
      }
      ASSERT_TRUE(opened->store->Write(batch, true).ok());
    }
    Reopen();
  }
  double Told() { return registry->counter("prometheus_tsdb_wal_corruptions_total", "").value(); }

  // Forgets what was to be expected of a target at steps [first, last).
  void Lose(const std::string& target, int first, int last) {
    for (int i = 0; i < kOfTarget; ++i) {
      std::erase_if(expected[SeriesOf(target, i).ToString()], [&](const auto& sample) {
        return sample.first >= At(first * 15) && sample.first < At(last * 15);
      });
    }
  }
  Content expected;
};

TEST_F(JournalDamageTest, CostsTheTargetOfTheLostEntryWhatBuildsOnIt) {
  for (const bool remove : {true, false}) {
    SCOPED_TRACE(remove ? "removed" : "spoilt");
    Open();
    Fill(0, kSteps);
    Damage({3 * 10}, remove);  // a's at step 10
    EXPECT_EQ(Told(), 1);
    Lose("a", 10, kRestart);
    EXPECT_EQ(ReadAll(), expected);
    // And it goes on from there, with nothing more to tell.
    Fill(kSteps, kSteps + 5);
    Reopen();
    EXPECT_EQ(Told(), 1) << "the journal is still there";
    EXPECT_EQ(ReadAll(), expected);
    ASSERT_TRUE(db->Seal().ok());
    Reopen();
    EXPECT_EQ(Told(), 0);
    EXPECT_EQ(ReadAll(), expected);
    db.reset();
    expected.clear();
    std::filesystem::remove_all(options().path);
    registry = std::make_unique<Registry>();
  }
}

TEST_F(JournalDamageTest, CostsNothingMoreWhenNothingChangedInTheLostEntry) {
  Open();
  Fill(0, kSteps);
  Damage({3 * 10 + 2}, true);  // c's at step 10
  EXPECT_EQ(Told(), 1);
  Lose("c", 10, 11);
  EXPECT_EQ(ReadAll(), expected);
}

TEST_F(JournalDamageTest, OfTheFirstEntryOfAGenerationIsContainedToo) {
  Open();
  Fill(0, 5);
  Scrape("d", 5);
  const std::vector<std::vector<Matcher>> all{{Matcher::Equal("target", "d")}};
  ASSERT_TRUE(db->DeleteSeries({}, all).ok());  // ends the generation
  for (int i = 0; i < kOfTarget; ++i) expected.erase(SeriesOf("d", i).ToString());
  Fill(6, 6 + kSteps);
  Damage({3 * 5 + 1}, true);  // a's at step 6
  EXPECT_EQ(Told(), 1);
  Lose("a", 6, 6 + kRestart);
  EXPECT_EQ(ReadAll(), expected);
}

TEST_F(JournalDamageTest, SeriesThatWereNewInALostEntryAreBackSoon) {
  constexpr int kLong = 3 * kRestart;
  Open();
  Fill(0, kLong);
  Damage({0}, true);  // a's at step 0, which says what series they are
  EXPECT_GE(Told(), 1);
  Lose("a", 0, 2 * kRestart);
  EXPECT_EQ(ReadAll(), expected);
  Fill(kLong, kLong + 5);
  EXPECT_EQ(ReadAll(), expected);
  ASSERT_TRUE(db->Seal().ok());
  Reopen();
  EXPECT_EQ(Told(), 0);
  EXPECT_EQ(ReadAll(), expected);
}

// Batches of any kind, entries lost anywhere: what is there is right, and the loss is told.
TEST_F(JournalDamageTest, NeverGivesAWrongSample) {
  base_options.live.out_of_order_window = std::chrono::hours(1);
  for (int seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(static_cast<std::uint64_t>(seed));
    Open();
    // Late samples come at times that are taken already: the first one counts, unless it was lost.
    std::map<std::string, std::map<std::int64_t, std::vector<double>>> given;
    std::size_t total = 0;
    constexpr int kBatches = 150;
    for (int b = 0; b < kBatches; ++b) {
      auto appender = db->NewAppender();
      const int writer = static_cast<int>(random() % 3);
      const int size = 1 + static_cast<int>(random() % 12);
      for (int n = 0; n < size; ++n) {
        const int i = static_cast<int>(random() % 10);
        const Labels labels = SeriesOf(std::to_string(writer), i);
        const bool late = random() % 10 == 0;
        const std::int64_t time = At(b * 15) + (late ? -300'000 : 0) + n;
        const double value = random() % 3 == 0 ? i : ValueAt(i, static_cast<int>(random() % 50));
        if (appender->Append(appender->Resolve(labels), FromMillis(time), value) ==
            Refusal::kNone) {
          std::vector<double>& values = given[labels.ToString()][time];
          total += values.empty() ? 1 : 0;
          values.push_back(value);
        }
      }
      ASSERT_TRUE(appender->Commit().ok());
      clock.AdvanceTo(FromMillis(At(b * 15)));
    }
    const std::size_t lost = random() % kBatches;
    Damage({lost, std::min<std::size_t>(kBatches - 1, lost + random() % 3)}, random() % 2 == 0);
    std::size_t found = 0;
    for (const auto& [series, samples] : ReadAll()) {
      for (const auto& [time, value] : samples) {
        const auto at = given[series].find(time);
        ASSERT_NE(at, given[series].end()) << series << " at " << time;
        ASSERT_NE(std::ranges::find(at->second, value), at->second.end())
            << series << " at " << time << ": " << value;
      }
      found += samples.size();
    }
    EXPECT_LT(found, total);
    EXPECT_GT(found, 0u);
    // The last entry leaves no gap behind it.
    if (lost + 1 < kBatches) EXPECT_GE(Told(), 1);
    db.reset();
    std::filesystem::remove_all(options().path);
    registry = std::make_unique<Registry>();
  }
}

}  // namespace
}  // namespace meerkat::tsdb
