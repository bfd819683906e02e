#include "tsdb/chunk/block.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>

#include "base/number.h"
#include "tsdb/chunk/series_chunk.h"
#include "tsdb/chunk/times.h"

namespace meerkat::tsdb {
namespace {

std::vector<Timestamp> EveryFifteenSeconds(std::size_t n, std::uint64_t jitter = 0) {
  std::mt19937_64 random(5);
  std::vector<Timestamp> times;
  for (std::size_t i = 0; i < n; ++i) {
    const std::int64_t off = jitter == 0 ? 0 : static_cast<std::int64_t>(random() % jitter);
    times.push_back(FromMillis(1700000000000 + 15000 * static_cast<std::int64_t>(i) + off));
  }
  return times;
}

// What a test puts in, with everything ColumnView borrows.
struct Series {
  std::uint64_t id = 0;
  std::vector<std::uint32_t> rows;
  std::vector<double> values;
  std::vector<SeriesColumns::HistogramAt> histograms;
  std::vector<Timestamp> starts;
  ColumnView view() const { return {rows, values, histograms, starts}; }
};

Series Floats(std::uint64_t id, std::vector<double> values) {
  Series series;
  series.id = id;
  series.values = std::move(values);
  return series;
}

HistogramPtr SomeHistogram(std::uint64_t seed) {
  auto h = std::make_shared<Histogram>();
  h->integer = true;
  h->schema = 3;
  h->count = static_cast<double>(6 + seed);
  h->sum = 0.5 * static_cast<double>(seed);
  h->positive_spans = {{0, 2}, {1, 1}};
  h->positive_buckets = {1, 2, static_cast<double>(3 + seed)};
  return h;
}

std::vector<Series> RandomSeries(std::size_t rows, std::size_t count, std::mt19937_64& random) {
  std::vector<Series> all;
  std::uint64_t id = random() % 100;
  for (std::size_t s = 0; s < count; ++s) {
    Series series;
    series.id = id += 1 + (random() % 4 == 0 ? random() % 1000 : 0);
    const auto presence = random() % 4;
    double value = static_cast<double>(random() % 1000);
    const std::size_t from = presence == 1 ? random() % rows : 0;
    for (std::uint32_t row = 0; row < rows; ++row) {
      if (row < from || (presence == 2 && random() % 10 == 0)) continue;
      series.rows.push_back(row);
      if (random() % 3 == 0) value += static_cast<double>(random() % 50);
      series.values.push_back(random() % 40 == 0 ? StaleNan() : value);
    }
    if (series.values.empty()) continue;
    if (series.values.size() == rows) series.rows.clear();
    if (random() % 5 == 0) {
      for (std::uint32_t i = 0; i < series.values.size(); ++i) {
        if (random() % 2 == 0) series.histograms.push_back({i, SomeHistogram(i / 3)});
      }
    }
    if (random() % 5 == 0) {
      series.starts.assign(series.values.size(), FromMillis(1600000000000));
      series.starts.back() = kMinTime;
    }
    all.push_back(std::move(series));
  }
  return all;
}

void ExpectSame(const Series& expected, const Column& column) {
  ASSERT_EQ(column.every_row, expected.rows.empty());
  if (!column.every_row) ASSERT_EQ(column.rows, expected.rows);
  ASSERT_EQ(column.size(), expected.values.size());
  ASSERT_EQ(column.starts, expected.starts);
  ASSERT_EQ(column.histograms.size(), expected.histograms.size());
  std::size_t next = 0;
  for (std::uint32_t i = 0; i < expected.values.size(); ++i) {
    if (next < expected.histograms.size() && expected.histograms[next].index == i) {
      ASSERT_EQ(column.histograms[next].index, i);
      ASSERT_TRUE(column.histograms[next].histogram->SameAs(*expected.histograms[next].histogram));
      ++next;
      continue;
    }
    ASSERT_EQ(std::bit_cast<std::uint64_t>(column.values[i]),
              std::bit_cast<std::uint64_t>(expected.values[i]));
  }
}

std::string Build(std::span<const Timestamp> times, const std::vector<Series>& all,
                  const BlockOptions& options = {}) {
  BlockBuilder builder(times, options);
  for (const Series& series : all) builder.Add(series.id, series.view());
  return builder.Finish();
}

TEST(Times, SteadyPacesAreSmallAndEveryTimeIsExact) {
  const struct {
    const char* what;
    std::vector<Timestamp> times;
    std::size_t most_bytes;
  } cases[] = {
      {"regular", EveryFifteenSeconds(480), 16},
      {"jitter of two milliseconds", EveryFifteenSeconds(512, 3), 300},
      {"one", {FromMillis(-5)}, 12},
      {"extremes", {kMinTime, FromMillis(0), kMaxTime}, 40},
      {"none", {}, 0},
  };
  for (const auto& [what, times, most_bytes] : cases) {
    std::string bytes;
    EncodeTimes(times, bytes);
    EXPECT_LE(bytes.size(), most_bytes) << what;
    std::vector<Timestamp> back(times.size());
    ASSERT_TRUE(DecodeTimes(bytes, back).ok()) << what;
    EXPECT_EQ(back, times) << what;
  }
}

TEST(Block, GivesBackWhatWasPutIn) {
  std::mt19937_64 random(42);
  for (int round = 0; round < 150; ++round) {
    const std::size_t rows = 1 + random() % (round % 10 == 0 ? 2000 : 100);
    const auto times = EveryFifteenSeconds(rows, round % 3);
    const auto all = RandomSeries(rows, random() % 60, random);
    const BlockOptions options{.zstd_level = round % 2, .section_bytes = 1 + random() % 4000};
    auto block = Block::Open(Build(times, all, options));
    ASSERT_TRUE(block.ok()) << block.error().message();
    EXPECT_EQ(*(*block)->times(), times);
    ASSERT_EQ((*block)->series_count(), all.size());
    Block::Scratch scratch;
    Column column;
    for (std::size_t i = all.size(); i-- > 0;) {
      const auto at = (*block)->Find(all[i].id);
      ASSERT_EQ(at, i);
      EXPECT_EQ((*block)->id(i), all[i].id);
      ASSERT_TRUE((*block)->Read(i, scratch, column).ok());
      ExpectSame(all[i], column);
      if (HasFatalFailure()) FAIL() << "round " << round << " series " << i;
    }
    EXPECT_EQ((*block)->Find(~std::uint64_t{0}), std::nullopt);
    EXPECT_TRUE((*block)->Verify().ok());
    const auto inflated = (*block)->Inflated();
    ASSERT_TRUE(inflated.ok());
    if (all.empty()) continue;
    for (std::size_t i = 0; i < all.size(); ++i) {
      ASSERT_TRUE((*inflated)->Read(i, scratch, column).ok());
      ExpectSame(all[i], column);
    }
    EXPECT_EQ(*(*inflated)->Inflated(), nullptr) << "there is nothing left to inflate";
  }
}

TEST(Block, OneScratchServesManyBlocks) {
  const auto times = EveryFifteenSeconds(4);
  auto one = Block::Open(Build(times, {Floats(1, {1, 2, 3, 4})}));
  auto two = Block::Open(Build(times, {Floats(1, {5, 6, 7, 8})}));
  Block::Scratch scratch;
  Column column;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE((*one)->Read(0, scratch, column).ok());
    EXPECT_EQ(column.values, (std::vector<double>{1, 2, 3, 4}));
    ASSERT_TRUE((*two)->Read(0, scratch, column).ok());
    EXPECT_EQ(column.values, (std::vector<double>{5, 6, 7, 8}));
  }
}

TEST(Block, TakesColumnsAsTheyWereEncoded) {
  const auto times = EveryFifteenSeconds(3);
  std::string column_bytes;
  const Series series = Floats(9, {1, StaleNan(), 3});
  EncodeColumn(3, series.view(), column_bytes);
  BlockBuilder builder;
  builder.Begin(times);
  builder.AddEncoded(9, column_bytes);
  auto block = Block::Open(builder.Finish());
  Block::Scratch scratch;
  Column column;
  ASSERT_TRUE((*block)->Read(0, scratch, column).ok());
  ExpectSame(series, column);
}

TEST(Block, EveryFlippedByteIsFound) {
  std::mt19937_64 random(9);
  const auto times = EveryFifteenSeconds(40, 2);
  const std::string good = Build(times, RandomSeries(40, 20, random));
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string damaged = good;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
    auto block = Block::Open(damaged);
    const bool found = !block.ok() || !(*block)->Verify().ok();
    EXPECT_TRUE(found) << "byte " << at;
    if (block.ok()) EXPECT_FALSE((*block)->Inflated().ok()) << "byte " << at;
    if (!block.ok()) EXPECT_EQ(block.error().code(), Code::kCorruption);
  }
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_FALSE(Block::Open(good.substr(0, cut)).ok()) << cut;
  }
  EXPECT_FALSE(Block::Open(good + "x").ok());
}

TEST(Block, NamesANewerVersion) {
  std::string bytes = Build(EveryFifteenSeconds(1), {});
  bytes[1] = 9;
  EXPECT_EQ(Block::Open(bytes).error().message(), "block: version 9 is not known here");
}

TEST(Block, QuietSeriesCostNextToNothing) {
  const auto times = EveryFifteenSeconds(480, 3);
  std::vector<Series> all;
  for (std::uint64_t id = 0; id < 500; ++id) {
    all.push_back(Floats(id, std::vector<double>(480, static_cast<double>(id % 7))));
  }
  EXPECT_LT(Build(times, all).size(), 1000U);
}

TEST(SeriesChunk, GivesBackWhatWasPutInAndFindsEveryFlippedByte) {
  std::mt19937_64 random(77);
  const auto times = EveryFifteenSeconds(50, 4000);
  Series series;
  series.values = {1, 2, StaleNan()};
  for (int i = 3; i < 50; ++i) series.values.push_back(static_cast<double>(random() % 9));
  series.histograms.push_back({4, SomeHistogram(4)});
  std::string bytes;
  EncodeSeriesChunk(times, series.view(), bytes);
  std::vector<Timestamp> back;
  Column column;
  ASSERT_TRUE(DecodeSeriesChunk(bytes, back, column).ok());
  EXPECT_EQ(back, times);
  ExpectSame(series, column);
  EXPECT_FALSE(DecodeSeriesChunk(bytes, back, column, 49).ok());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
    EXPECT_FALSE(DecodeSeriesChunk(damaged, back, column).ok()) << at;
  }
}

}  // namespace
}  // namespace meerkat::tsdb
