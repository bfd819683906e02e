// Blocks and chunks as the first release wrote them. They are never written again: whoever changes
// a format adds a version and new files. MEERKAT_WRITE_GOLDEN=1 writes those that are missing.
#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>

#include "base/number.h"
#include "tsdb/chunk/block.h"
#include "tsdb/chunk/series_chunk.h"

namespace meerkat::tsdb {
namespace {

constexpr std::uint32_t kRows = 600;

// A small generator of its own, so that no library can change what the files must hold.
std::uint64_t Noise(std::uint64_t seed) {
  std::uint64_t x = seed * 0x9E3779B97F4A7C15ULL + 1;
  x = (x ^ (x >> 31)) * 0xBF58476D1CE4E5B9ULL;
  return x ^ (x >> 29);
}

std::vector<Timestamp> Times() {
  std::vector<Timestamp> times;
  for (std::uint32_t i = 0; i < kRows; ++i) {
    times.push_back(FromMillis(1760000000000 + 15000 * std::int64_t{i} +
                               static_cast<std::int64_t>(Noise(i) % 3)));
  }
  return times;
}

struct Series {
  std::vector<std::uint32_t> rows;
  std::vector<double> values;
  std::vector<SeriesColumns::HistogramAt> histograms;
  std::vector<Timestamp> starts;
};

HistogramPtr MakeHistogram(std::uint64_t i) {
  auto h = std::make_shared<Histogram>();
  h->integer = i % 2 == 0;
  h->reset_hint = static_cast<Histogram::ResetHint>(i % 4);
  h->schema = i % 5 == 0 ? Histogram::kCustomSchema : 2;
  h->zero_threshold = 0x1p-128;
  h->zero_count = static_cast<double>(i / 10);
  h->count = static_cast<double>(100 + i);
  h->sum = static_cast<double>(i) / 8;
  h->positive_spans = {{1, 2}, {3, 1}};
  h->positive_buckets = {static_cast<double>(i), 2, 3.5};
  if (i % 5 == 0) {
    h->custom_bounds = {0.1, 1, 10};
  } else {
    h->negative_spans = {{-1, 1}};
    h->negative_buckets = {static_cast<double>(i / 3)};
  }
  return h;
}

// One series for each form a column can take, in this order.
std::vector<Series> AllForms() {
  const std::function<double(std::uint64_t)> forms[] = {
      [](std::uint64_t) { return 0.0; },
      [](std::uint64_t) { return -12.0; },
      [](std::uint64_t) { return 0.125; },
      [](std::uint64_t) { return -0.0; },
      [](std::uint64_t i) { return static_cast<double>(Noise(i) % 1000); },         // order 0
      [](std::uint64_t i) { return static_cast<double>(10 * i + Noise(i) % 4); },   // order 1
      [](std::uint64_t i) { return static_cast<double>(3 * i * i); },               // order 2
      [](std::uint64_t i) { return 4096.0 * static_cast<double>(Noise(i) % 50); },  // factor
      [](std::uint64_t i) { return static_cast<double>(i / 50); },                  // sparse
      [](std::uint64_t i) { return static_cast<double>(i / 3); },                   // bitmap
      [](std::uint64_t i) {
        return i % 90 == 7 ? 1e9 : static_cast<double>(i % 5);
      },  // patched unit
      [](std::uint64_t i) { return static_cast<double>(Noise(i) % 100000) / 1000; },  // decimals
      [](std::uint64_t i) {
        return i % 100 == 3 ? std::numeric_limits<double>::infinity()
                            : 1.5 * static_cast<double>(i % 7);
      },
      [](std::uint64_t i) { return static_cast<double>(Noise(i)) * 0x1p-64; },  // bits
      [](std::uint64_t i) { return i == 9 ? StaleNan() : static_cast<double>(i % 2); },
  };
  std::vector<Series> all;
  for (const auto& form : forms) {
    Series& series = all.emplace_back();
    for (std::uint64_t i = 0; i < kRows; ++i) series.values.push_back(form(i));
  }
  Series& sums = all.emplace_back();
  double sum = 0.1;
  for (std::uint64_t i = 0; i < kRows; ++i) {
    sum += static_cast<double>(Noise(i) % 5000000) / 1e9;
    sums.values.push_back(i == 5 ? NormalNan() : sum);
  }
  Series& late = all.emplace_back();       // rows as runs
  Series& scattered = all.emplace_back();  // rows as a mask
  for (std::uint32_t i = 0; i < kRows; ++i) {
    if (i > 400) late.rows.push_back(i);
    if (Noise(i) % 2 == 0) scattered.rows.push_back(i);
  }
  late.values.assign(late.rows.size(), 3);
  scattered.values.assign(scattered.rows.size(), 4);
  Series& gone = all.emplace_back();  // nothing but a stale marker
  gone.rows = {0};
  gone.values = {StaleNan()};
  Series& histograms = all.emplace_back();
  Series& mixed = all.emplace_back();
  for (std::uint32_t i = 0; i < kRows; ++i) {
    histograms.values.push_back(0);
    histograms.histograms.push_back({i, MakeHistogram(i / 2)});
    mixed.values.push_back(static_cast<double>(i));
    if (i % 3 == 1) mixed.histograms.push_back({i, MakeHistogram(i)});
    mixed.starts.push_back(i < 10 ? kMinTime : FromMillis(1759990000000));
  }
  return all;
}

void ExpectSame(const Series& expected, const Column& column) {
  ASSERT_EQ(column.every_row, expected.rows.empty());
  ASSERT_EQ(column.rows, expected.rows);
  ASSERT_EQ(column.starts, expected.starts);
  ASSERT_EQ(column.size(), expected.values.size());
  ASSERT_EQ(column.histograms.size(), expected.histograms.size());
  std::vector<bool> is_histogram(column.size());
  for (std::size_t i = 0; i < column.histograms.size(); ++i) {
    const auto& [index, histogram] = expected.histograms[i];
    ASSERT_EQ(column.histograms[i].index, index);
    ASSERT_TRUE(column.histograms[i].histogram->SameAs(*histogram)) << i;
    is_histogram[index] = true;
  }
  for (std::size_t i = 0; i < column.size(); ++i) {
    if (is_histogram[i]) continue;
    ASSERT_EQ(std::bit_cast<std::uint64_t>(column.values[i]),
              std::bit_cast<std::uint64_t>(expected.values[i]))
        << "sample " << i;
  }
}

std::string ReadGolden(const std::string& name, const std::function<std::string()>& write) {
  const auto path = std::filesystem::path(MEERKAT_SOURCE_DIR) / "tests/data/tsdb/golden" / name;
  if (!std::filesystem::exists(path) && std::getenv("MEERKAT_WRITE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << write();
  }
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

void ExpectBlock(const std::string& bytes) {
  auto block = Block::Open(bytes);
  ASSERT_TRUE(block.ok()) << block.error().message();
  EXPECT_EQ(*(*block)->times(), Times());
  const auto all = AllForms();
  ASSERT_EQ((*block)->series_count(), all.size());
  Block::Scratch scratch;
  Column column;
  for (std::size_t i = 0; i < all.size(); ++i) {
    SCOPED_TRACE("series " + std::to_string(i));
    EXPECT_EQ((*block)->id(i), 100 + i * i);
    ASSERT_TRUE((*block)->Read(i, scratch, column).ok());
    ExpectSame(all[i], column);
  }
}

std::string WriteBlock(const BlockOptions& options) {
  const auto times = Times();
  BlockBuilder builder(times, options);
  std::uint64_t i = 0;
  for (const Series& series : AllForms()) {
    builder.Add(100 + i * i, {series.rows, series.values, series.histograms, series.starts});
    ++i;
  }
  return builder.Finish();
}

TEST(Golden, BlockOfVersionOne) {
  const BlockOptions options{.zstd_level = 1, .section_bytes = 2000};
  ExpectBlock(ReadGolden("block.v1", [&] { return WriteBlock(options); }));
  ExpectBlock(WriteBlock(options));
}

TEST(Golden, BlockOfVersionOneWithoutCompression) {
  const BlockOptions options{.zstd_level = 0, .section_bytes = 64 << 10};
  ExpectBlock(ReadGolden("block-plain.v1", [&] { return WriteBlock(options); }));
  ExpectBlock(WriteBlock(options));
}

TEST(Golden, SeriesChunkOfVersionOne) {
  const Series series = AllForms().back();
  const auto write = [&] {
    std::string bytes;
    EncodeSeriesChunk(Times(), {{}, series.values, series.histograms, series.starts}, bytes);
    return bytes;
  };
  for (const std::string& bytes : {ReadGolden("series-chunk.v1", write), write()}) {
    std::vector<Timestamp> times;
    Column column;
    ASSERT_TRUE(DecodeSeriesChunk(bytes, times, column).ok());
    EXPECT_EQ(times, Times());
    ExpectSame(series, column);
  }
}

}  // namespace
}  // namespace meerkat::tsdb
