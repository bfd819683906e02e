#include "tsdb/head/generation.h"

#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <random>

#include "tests/tsdb/head/read_tails.h"
#include "tsdb/head/token.h"

namespace meerkat::tsdb {
namespace {

// Appends as the head does, keeping what the head keeps of a series.
class Writer {
 public:
  explicit Writer(Generation& generation) : generation_(generation) {}

  void Append(SeriesId series, std::int64_t time, double value, Generation::Hint& hint) {
    Slot& slot = slots_[series];
    HeadSample sample;
    sample.series = series;
    sample.time = time;
    sample.value = std::bit_cast<std::uint64_t>(value);
    sample.before = slot.last_value.load();
    char token[kMaxToken];
    if (sample.value != sample.before) {
      sample.token = {token, EncodeValue(sample.before, sample.value, slot.scale, token)};
    }
    slot.last_value.store(sample.value);
    generation_.Append(slot, sample, hint);
    expected_[series].emplace_back(time, value);
  }

  void Check() {
    for (const auto& [series, samples] : expected_) {
      EXPECT_EQ(ReadTails(generation_, series, &slots_[series]), samples);
    }
  }

 private:
  Generation& generation_;
  std::map<SeriesId, Slot> slots_;
  std::map<SeriesId, std::vector<std::pair<std::int64_t, double>>> expected_;
};

TEST(Generation, SeriesOfOneTargetShareAColumnAndBridgeGaps) {
  Generation generation(1);
  Writer writer(generation);
  for (int step = 0; step < 100; ++step) {
    Generation::Hint hint;
    for (SeriesId series = 1; series <= 10; ++series) {
      if (series == 3 && step % 7 == 0) continue;  // missing now and then
      if (series == 4 && step > 20 && step < 60) continue;
      if (series == 5 && step < 50) continue;  // comes later
      writer.Append(series, step * 15000, series * 10 + step % 4, hint);
    }
  }
  EXPECT_EQ(generation.column_count(), 1u);
  writer.Check();
}

TEST(Generation, SeriesWithTimesOfTheirOwnDoNotFillEachOthersColumns) {
  Generation generation(1);
  Writer writer(generation);
  std::mt19937_64 random(1);
  std::map<SeriesId, std::int64_t> time;
  for (int step = 0; step < 300; ++step) {
    Generation::Hint hint;
    for (SeriesId series = 1; series <= 20; ++series) {
      time[series] += 1 + static_cast<std::int64_t>(random() % 30000);
      writer.Append(series, time[series], static_cast<double>(step), hint);
    }
  }
  writer.Check();
  EXPECT_LE(generation.MemoryBytes(), 20u * 300 * 40 + (1u << 19)) << "rows do not multiply";
}

TEST(Generation, RandomSchedulesReadBack) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Generation generation(1);
    Writer writer(generation);
    std::map<SeriesId, std::int64_t> newest;
    std::int64_t now = 0;
    for (int step = 0; step < 200; ++step) {
      Generation::Hint hint;
      now += 1000 * static_cast<std::int64_t>(1 + random() % 3);
      for (SeriesId series = 1; series <= 12; ++series) {
        if (random() % 4 == 0) continue;
        const std::int64_t jitter =
            random() % 10 == 0 ? static_cast<std::int64_t>(random() % 900) : 0;
        if (newest.contains(series) && newest[series] >= now + jitter) continue;
        newest[series] = now + jitter;
        writer.Append(series, now + jitter, static_cast<double>(random() % 5) / 4, hint);
      }
    }
    writer.Check();
  }
}

}  // namespace
}  // namespace meerkat::tsdb
