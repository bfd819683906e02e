#include <random>

#include "tests/tsdb/database/fixture.h"

namespace meerkat::tsdb {
namespace {

// The database as a sorted map would do it.
class Model {
 public:
  explicit Model(std::int64_t window) : window_(window) {}

  // What Append must say; takes the sample when it is taken.
  Refusal Append(const std::string& series, std::int64_t time, double value) {
    const auto last = newest_.find(series);
    if (window_ == 0 && head_ && time < *head_ - 3'600'000) return Refusal::kOutOfBounds;
    const bool valid = !head_ || time >= *head_ - 3'600'000;
    if (last == newest_.end() || time > last->second.first) {
      if (valid) {
        Put(series, time, value);
        newest_[series] = {time, value};
        return Refusal::kNone;
      }
    } else if (time == last->second.first) {
      return value == last->second.second ? Refusal::kNone : Refusal::kDuplicate;
    }
    if (window_ == 0) return Refusal::kOutOfOrder;
    if (time < *head_ - window_) return Refusal::kTooOld;
    Put(series, time, value);
    return Refusal::kNone;
  }
  void Delete(const std::string& series, std::int64_t from, std::int64_t to) {
    auto& samples = content_[series];
    samples.erase(samples.lower_bound(from), samples.upper_bound(to));
  }
  Content Read(std::int64_t from, std::int64_t to) const {
    Content found;
    for (const auto& [series, samples] : content_) {
      Samples in(samples.lower_bound(from), samples.upper_bound(to));
      if (!in.empty()) found[series] = std::move(in);
    }
    return found;
  }
  std::int64_t head() const { return head_.value_or(At(0)); }

 private:
  void Put(const std::string& series, std::int64_t time, double value) {
    content_[series].emplace(time, value);  // of equal times the first stays
    head_ = std::max(head_.value_or(time), time);
  }

  const std::int64_t window_;
  std::optional<std::int64_t> head_;
  std::map<std::string, std::pair<std::int64_t, double>> newest_;
  std::map<std::string, std::map<std::int64_t, double>> content_;
};

struct Play {
  std::uint64_t seed;
  std::int64_t window_seconds;
  int steps;
};

class ModelTest : public DatabaseTest, public testing::WithParamInterface<Play> {};

// Any sequence of batches, seals, merges, deletions and restarts reads like the map.
TEST_P(ModelTest, ReadsLikeASortedMap) {
  const Play play = GetParam();
  SCOPED_TRACE("seed " + std::to_string(play.seed));
  base_options.live.out_of_order_window = std::chrono::seconds(play.window_seconds);
  base_options.live.retention_time = Millis(0);
  Open();
  std::mt19937_64 random(play.seed);
  const auto pick = [&](std::uint64_t below) { return random() % below; };
  Model model(play.window_seconds * 1000);
  std::vector<Labels> series;
  for (int i = 0; i < 24; ++i) {
    series.push_back({{"__name__", "m" + std::to_string(i % 5)}, {"i", std::to_string(i)}});
  }
  std::vector<double> value(series.size(), 1);
  const auto next_value = [&](std::size_t i) {
    switch (pick(6)) {
      case 0:
        value[i] += static_cast<double>(pick(1000));
        break;
      case 1:
        value[i] += static_cast<double>(pick(1000)) / 100;
        break;
      case 2:
        value[i] = static_cast<double>(random()) * 1e-19;
        break;
      default:
        break;  // unchanged, as most are
    }
    return value[i];
  };
  std::int64_t now = At(0);
  for (int step = 0; step < play.steps; ++step) {
    now += static_cast<std::int64_t>(pick(40)) * 1000;
    clock.AdvanceTo(FromMillis(std::max(now, ToMillis(clock.Now()))));
    const std::uint64_t action = pick(100);
    if (action < 80) {
      auto appender = db->NewAppender();
      const bool scrape = pick(3) != 0;
      const std::size_t first = scrape ? pick(3) * 8 : 0;
      const std::size_t last = scrape ? first + 8 : series.size();
      for (std::size_t i = first; i < last; ++i) {
        if (pick(10) == 0) continue;
        std::int64_t time = scrape ? now : now - static_cast<std::int64_t>(pick(60)) * 1000;
        if (pick(50) == 0) time -= static_cast<std::int64_t>(pick(8000)) * 1000;
        for (std::uint64_t n = scrape ? 1 : 1 + pick(4); n > 0; --n, time += 1000) {
          const double v = next_value(i);
          const Refusal expected = model.Append(series[i].ToString(), time, v);
          const Refusal refusal =
              appender->Append(appender->Resolve(series[i]), FromMillis(time), v);
          // A batch judges against the newest sample of all as it was when the batch began.
          if (play.window_seconds == 0) {
            ASSERT_EQ(static_cast<int>(refusal), static_cast<int>(expected)) << step;
          }
        }
      }
      ASSERT_TRUE(appender->Commit().ok());
    } else if (action < 86) {
      ASSERT_TRUE(db->Seal().ok());
    } else if (action < 88) {
      ASSERT_TRUE(db->Compact().ok());
    } else if (action < 91) {
      const std::size_t i = pick(series.size());
      const std::int64_t from = now - static_cast<std::int64_t>(pick(20000)) * 1000;
      const std::int64_t to = from + static_cast<std::int64_t>(pick(10000)) * 1000;
      const std::vector<std::vector<Matcher>> selectors = {
          {Matcher::Equal("i", std::to_string(i))}};
      ASSERT_TRUE(db->DeleteSeries({FromMillis(from), FromMillis(to)}, selectors).ok());
      model.Delete(series[i].ToString(), from, to);
    } else if (action < 92) {
      ASSERT_TRUE(db->CleanTombstones().ok());
    } else if (action < 95) {
      Reopen();
    } else {
      const std::int64_t from = now - static_cast<std::int64_t>(pick(30000)) * 1000;
      const std::int64_t to = from + static_cast<std::int64_t>(pick(30000)) * 1000;
      ASSERT_EQ(ReadAll({FromMillis(from), FromMillis(to)}), model.Read(from, to)) << step;
    }
  }
  constexpr std::int64_t kFar = std::int64_t{1} << 60;
  ASSERT_EQ(ReadAll(), model.Read(-kFar, kFar));
  ASSERT_TRUE(db->Compact().ok());
  ASSERT_TRUE(db->CleanTombstones().ok());
  ASSERT_EQ(ReadAll(), model.Read(-kFar, kFar));
  Reopen();
  ASSERT_EQ(ReadAll(), model.Read(-kFar, kFar));
}

INSTANTIATE_TEST_SUITE_P(Plays, ModelTest,
                         testing::Values(Play{1, 0, 400}, Play{2, 0, 400}, Play{3, 0, 400},
                                         Play{4, 3600, 400}, Play{5, 86400, 400}));

}  // namespace
}  // namespace meerkat::tsdb
