#include "tsdb/chunk/histograms.h"

#include <gtest/gtest.h>

#include <random>

#include "base/number.h"

namespace meerkat::tsdb {
namespace {

using Column = std::vector<HistogramPtr>;

HistogramPtr Make(std::uint64_t seed, bool integer, Histogram::ResetHint hint) {
  auto h = std::make_shared<Histogram>();
  h->integer = integer;
  h->reset_hint = hint;
  h->schema = static_cast<std::int32_t>(seed % 3);
  h->zero_threshold = 0x1p-128;
  h->zero_count = static_cast<double>(seed % 7);
  h->sum = static_cast<double>(seed) * 1.25 + 0.001;
  h->positive_spans = {{-3, 2}, {4, 3}};
  h->negative_spans = {{0, static_cast<std::uint32_t>(seed % 3)}};
  for (int i = 0; i < 5; ++i) h->positive_buckets.push_back(static_cast<double>(seed * i % 1000));
  for (std::uint64_t i = 0; i < seed % 3; ++i)
    h->negative_buckets.push_back(static_cast<double>(i));
  if (!integer) h->positive_buckets[2] += 0.25;
  for (const double count : h->positive_buckets) h->count += count;
  return h;
}

HistogramPtr Custom(std::uint64_t seed) {
  auto h = std::make_shared<Histogram>();
  h->schema = Histogram::kCustomSchema;
  h->custom_bounds = {0.005, 0.01, 0.1, 1, 10 + static_cast<double>(seed % 2)};
  h->positive_spans = {{0, 6}};
  h->positive_buckets = {1, 2, 3, 4, 5, static_cast<double>(seed)};
  h->count = 15 + static_cast<double>(seed);
  h->sum = 3.5;
  h->integer = true;
  return h;
}

void ExpectIdentity(const Column& column) {
  std::string bytes;
  EncodeHistograms(column, bytes);
  Column back;
  ASSERT_TRUE(DecodeHistograms(bytes, column.size(), back).ok());
  ASSERT_EQ(back.size(), column.size());
  for (std::size_t i = 0; i < column.size(); ++i) {
    ASSERT_TRUE(back[i]->SameAs(*column[i])) << "histogram " << i;
  }
}

TEST(Histograms, KeepsEveryField) {
  auto stale = std::make_shared<Histogram>();
  stale->sum = StaleNan();
  auto odd = std::make_shared<Histogram>();
  odd->sum = -0.0;
  odd->count = NormalNan();
  odd->zero_threshold = 5e-324;
  odd->schema = -4;
  const HistogramPtr one = Make(5, true, Histogram::ResetHint::kReset);
  const struct {
    const char* what;
    Column column;
  } cases[] = {
      {"none", {}},
      {"empty", {std::make_shared<Histogram>()}},
      {"stale", {one, stale}},
      {"odd numbers", {odd}},
      {"integer", {one, Make(8, true, Histogram::ResetHint::kNotReset)}},
      {"float", {Make(5, false, Histogram::ResetHint::kUnknown)}},
      {"gauge", {Make(5, false, Histogram::ResetHint::kGauge), one}},
      {"custom buckets", {Custom(1), Custom(2), Custom(3)}},
      {"layouts that come back", {one, Custom(1), one, Custom(1), one}},
  };
  for (const auto& [what, column] : cases) {
    SCOPED_TRACE(what);
    ExpectIdentity(column);
  }
}

TEST(Histograms, IdentityOverRandomColumns) {
  std::mt19937_64 random(12);
  for (int round = 0; round < 300; ++round) {
    Column column;
    while (column.size() < 1 + random() % 300) {
      if (!column.empty() && random() % 3 == 0) {
        column.push_back(column.back());
      } else if (random() % 5 == 0) {
        column.push_back(Custom(random() % 1000));
      } else {
        column.push_back(Make(random() % 100000, random() % 2 == 0,
                              static_cast<Histogram::ResetHint>(random() % 4)));
      }
    }
    ExpectIdentity(column);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

// Wider than anybody makes them: the column is split into groups inside.
TEST(Histograms, TakesVeryWideOnes) {
  Column column;
  for (std::uint64_t i = 0; i < 40; ++i) {
    auto h = std::make_shared<Histogram>();
    h->integer = true;
    h->positive_spans = {{0, 30000}};
    h->positive_buckets.assign(30000, static_cast<double>(i));
    column.push_back(std::move(h));
  }
  auto widest = std::make_shared<Histogram>();
  widest->positive_spans = {{0, 2000000}};
  widest->positive_buckets.assign(2000000, 0.5);
  column.push_back(widest);
  column.push_back(column[0]);
  ExpectIdentity(column);
}

TEST(Histograms, WhatDoesNotChangeIsSharedAndNearlyFree) {
  const Column column(480, Make(3, true, Histogram::ResetHint::kNotReset));
  std::string bytes;
  EncodeHistograms(column, bytes);
  EXPECT_LT(bytes.size(), 100U);
  Column back;
  ASSERT_TRUE(DecodeHistograms(bytes, column.size(), back).ok());
  EXPECT_EQ(back.front(), back.back());
}

TEST(Histograms, BucketsThatGrowSteadilyAreSmall) {
  Column column;
  for (std::uint64_t i = 0; i < 480; ++i) {
    auto h = std::make_shared<Histogram>(*Make(2, true, Histogram::ResetHint::kNotReset));
    for (std::size_t b = 0; b < h->positive_buckets.size(); ++b) {
      h->positive_buckets[b] += static_cast<double>(i * (b + 1));
    }
    h->count += static_cast<double>(i * 15);
    column.push_back(std::move(h));
  }
  std::string bytes;
  EncodeHistograms(column, bytes);
  EXPECT_LT(bytes.size(), 480U);
  ExpectIdentity(column);
}

TEST(Histograms, DamageIsAnErrorOrAnotherColumnNeverWorse) {
  Column column;
  for (std::uint64_t i = 0; i < 20; ++i) {
    column.push_back(i % 4 == 0 ? Custom(i) : Make(i, true, Histogram::ResetHint::kUnknown));
  }
  std::string bytes;
  EncodeHistograms(column, bytes);
  Column back;
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_FALSE(DecodeHistograms(std::string_view(bytes).substr(0, cut), 20, back).ok()) << cut;
  }
  std::mt19937_64 random(6);
  for (int flip = 0; flip < 20000; ++flip) {
    std::string damaged = bytes;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto decoded = DecodeHistograms(damaged, 20, back);
    if (decoded.ok()) {
      EXPECT_EQ(back.size(), 20U);
    } else {
      EXPECT_EQ(decoded.error().code(), Code::kCorruption);
    }
  }
}

TEST(Histograms, HugeClaimsAreRefusedBeforeTheyAreBelieved) {
  // One layout with a span of 2^32 - 1 buckets, for as many histograms as there are rows in a
  // block.
  auto h = std::make_shared<Histogram>();
  std::string bytes;
  EncodeHistograms(Column(1000000, h), bytes);
  Column back;
  EXPECT_TRUE(DecodeHistograms(bytes, 1000000, back).ok());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged.insert(at, "\xff\xff\xff\xff\x0f");
    EXPECT_FALSE(DecodeHistograms(damaged, 1000000, back).ok());
  }
}

}  // namespace
}  // namespace meerkat::tsdb
