#include "server/remote/series_cache.h"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>

namespace meerkat::remote {
namespace {

using tsdb::SeriesRef;

SeriesRef RefOf(std::uint64_t n) {
  return SeriesRef{n + 1};
}

class SeriesCacheTest : public testing::Test {
 protected:
  SeriesKey Key(std::uint64_t n) const { return cache_.KeyOf(std::to_string(n)); }

  SeriesCache cache_{1000};
};

TEST_F(SeriesCacheTest, FindsWhatWasPutInAnyOrder) {
  for (std::uint64_t n = 0; n < 300; ++n) cache_.Put(Key(n), RefOf(n));
  std::mt19937_64 random(1);
  SeriesCache::Trail trail;
  for (std::uint64_t n = 0; n < 300; ++n) EXPECT_EQ(cache_.Find(Key(n), trail), RefOf(n));
  for (int i = 0; i < 3000; ++i) {
    const std::uint64_t n = random() % 400;
    EXPECT_EQ(cache_.Find(Key(n), trail), n < 300 ? RefOf(n) : SeriesRef::kNone) << n;
  }
}

TEST_F(SeriesCacheTest, TheLastPutCounts) {
  SeriesCache::Trail trail;
  cache_.Put(Key(1), RefOf(1));
  cache_.Put(Key(1), RefOf(7));
  EXPECT_EQ(cache_.Find(Key(1), trail), RefOf(7));
}

TEST_F(SeriesCacheTest, ATrailThatLeadsNowhereDoesNoHarm) {
  SeriesCache::Trail trail;
  trail.next.fill(0xFFFFFFFF);
  cache_.Put(Key(1), RefOf(1));
  EXPECT_EQ(cache_.Find(Key(1), trail), RefOf(1));
  EXPECT_EQ(cache_.Find(Key(2), trail), SeriesRef::kNone);
}

// Twice its capacity in other series between two uses of one: that one is forgotten, and one that
// is used meanwhile is not.
TEST_F(SeriesCacheTest, ForgetsWhatIsNotUsed) {
  SeriesCache::Trail trail;
  cache_.Put(Key(0), RefOf(0));
  cache_.Put(Key(1), RefOf(1));
  for (std::uint64_t n = 2; n < 4000; ++n) {
    cache_.Put(Key(n), RefOf(n));
    if (n % 50 == 0) {
      EXPECT_EQ(cache_.Find(Key(1), trail), RefOf(1)) << n;
    }
  }
  EXPECT_EQ(cache_.Find(Key(0), trail), SeriesRef::kNone);
}

// Whatever is found is what was put last.
TEST_F(SeriesCacheTest, NeverMixesSeriesUp) {
  std::mt19937_64 random(7);
  std::unordered_map<std::uint64_t, SeriesRef> put;
  SeriesCache::Trail trail;
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t n = random() % 3000;
    if (random() % 3 == 0) {
      put[n] = RefOf(static_cast<std::uint64_t>(i));
      cache_.Put(Key(n), put[n]);
    } else if (const SeriesRef found = cache_.Find(Key(n), trail); found != SeriesRef::kNone) {
      ASSERT_EQ(found, put.at(n));
    }
  }
}

}  // namespace
}  // namespace meerkat::remote
