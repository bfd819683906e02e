#include "server/scrape/scrape_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace meerkat::scrape {
namespace {

// A page of one-letter series, read against the cache as the writer reads it.
class Reader {
 public:
  // The series that ended with this scrape.
  std::string Scrape(const std::string& page) {
    std::size_t predicted = 0;
    taken_in_step_ = 0;
    for (const char series : page) {
      const std::string text(1, series);
      if (predicted < cache_.order().size()) {
        const ScrapeCache::Line line = cache_.order()[predicted];
        if (line.is_series() && cache_.MayStep(line) &&
            cache_.hash().Matches(text, 0, cache_.series(line.index()).key())) {
          cache_.StepSeries(line, true);
          ++predicted;
          ++taken_in_step_;
          continue;
        }
      }
      std::uint32_t index = cache_.Find(text);
      if (index == ScrapeCache::kNoSeries) {
        index = cache_.Add(text, static_cast<tsdb::SeriesRef>(series), false);
      } else {
        predicted = cache_.series(index).position + 1;
      }
      if (cache_.See(index)) cache_.Track(index);
    }
    return End(!page.empty());
  }
  std::string End(bool complete) {
    std::string vanished;
    cache_.ForEachVanished([&](const ScrapeCache::Series& series) {
      vanished.push_back(static_cast<char>(series.ref));
    });
    cache_.EndScrape(complete);
    std::sort(vanished.begin(), vanished.end());
    return vanished;
  }
  bool Knows(char series) { return cache_.Find(std::string(1, series)) != ScrapeCache::kNoSeries; }
  ScrapeCache& cache() { return cache_; }
  std::size_t taken_in_step() const { return taken_in_step_; }

 private:
  ScrapeCache cache_;
  std::size_t taken_in_step_ = 0;
};

TEST(ScrapeCache, PredictsEachPageByTheOneBefore) {
  struct Step {
    const char* page;
    const char* vanished;
    std::size_t in_step;
  };
  constexpr Step kSteps[] = {
      {"abcd", "", 0},                     // all new
      {"abcd", "", 4},   {"abcd", "", 4},  // and again
      {"abd", "c", 2},                     // one left, the next line is found behind it
      {"abd", "", 3},    {"xabd", "", 3},  // one came in front
      {"dbax", "", 0},                     // all moved
      {"dbax", "", 4},   {"dba", "x", 3},  // cut short
      {"dbaa", "", 3},                     // one twice
      {"dbaa", "", 3},   {"dba", "", 3},   // the second is never predicted
      {"", "abd", 0},    {"dba", "", 3},   // an empty page ends everything, once
      {"efg", "abd", 0}, {"efg", "", 3},
  };
  Reader reader;
  for (const Step& step : kSteps) {
    SCOPED_TRACE(step.page);
    EXPECT_EQ(reader.Scrape(step.page), step.vanished);
    EXPECT_EQ(reader.taken_in_step(), step.in_step);
  }
}

TEST(ScrapeCache, ForgetsSeriesAbsentForOneScrape) {
  Reader reader;
  reader.Scrape("abc");
  reader.Scrape("ab");
  EXPECT_TRUE(reader.Knows('b'));
  EXPECT_FALSE(reader.Knows('c'));
}

TEST(ScrapeCache, AFailedScrapeEndsAllAndForgetsNothing) {
  Reader reader;
  reader.Scrape("abc");
  reader.Scrape("abc");
  EXPECT_EQ(reader.End(false), "abc");
  EXPECT_EQ(reader.End(false), "");
  EXPECT_TRUE(reader.Knows('c'));
  EXPECT_EQ(reader.Scrape("abc"), "");
  EXPECT_EQ(reader.End(false), "abc");
}

TEST(ScrapeCache, AnAbandonedPageEndsWhatWasThereBeforeIt) {
  Reader reader;
  reader.Scrape("abc");
  reader.Scrape("abc");
  // Two lines in step, then the page turns out bad.
  for (std::size_t i = 0; i < 2; ++i) {
    reader.cache().StepSeries(reader.cache().order()[i], true);
  }
  reader.cache().AbandonScrape();
  EXPECT_EQ(reader.End(false), "abc");
  EXPECT_EQ(reader.Scrape("abc"), "");
  EXPECT_EQ(reader.Scrape("ab"), "c");
}

TEST(ScrapeCache, ForgetsMetadataAfterTenScrapes) {
  Reader reader;
  ScrapeCache& cache = reader.cache();
  cache.SawMetadata("# TYPE f gauge\n", true, &cache.family("f"));
  reader.Scrape("a");
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(cache.families().size(), 1u) << i;
    reader.Scrape("a");
  }
  reader.Scrape("a");
  EXPECT_EQ(cache.families().size(), 0u);
}

TEST(LineHash, TellsTextsApartByBytesAndLength) {
  const LineHash hash;
  const std::string body = "a{b=\"1\"} 5\na{b=\"2\"} 5\n";
  const LineKey key{hash("a{b=\"1\"}"), 8};
  EXPECT_TRUE(hash.Matches(body, 0, key));
  EXPECT_FALSE(hash.Matches(body, 11, key));
  EXPECT_FALSE(hash.Matches(body, 1, key));
  EXPECT_FALSE(hash.Matches(body, body.size() - 7, key));
  EXPECT_FALSE(hash.Matches(body, body.size() + 1, key));
  EXPECT_NE(LineHash()("a"), LineHash()("a"));  // each cache draws a key of its own
  std::set<std::uint64_t> hashes;
  for (std::size_t length = 0; length < 300; ++length)
    hashes.insert(hash(std::string(length, 'a')));
  EXPECT_EQ(hashes.size(), 300u);
}

}  // namespace
}  // namespace meerkat::scrape
