// Any sequence of batches, seals, merges, deletions, retention, cooling, snapshots and restarts
// answers every read as a sorted map does. Plays of some thousand operations each, from one seed
// after the other: MEERKAT_MODEL_SEED says the first, MEERKAT_MODEL_OPERATIONS how many in all (the
// nightly preset: three million). A failure names its seed.
#include "tests/tsdb/database/model.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <random>

#include "base/number.h"

namespace meerkat::tsdb {
namespace {

constexpr std::size_t kSeries = 24;
constexpr std::size_t kFirstOfHistograms = 16;
constexpr std::size_t kPods = 4200;  // worth a segment of the attic when they go
constexpr int kSteps = 400;
constexpr std::int64_t kFar = std::int64_t{1} << 60;

std::uint64_t Asked(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

AnyContent ReadAny(Database& database, TimeRange range, const std::vector<Matcher>& matchers,
                   bool newest = false) {
  AnyContent content;
  auto querier = database.NewQuerier(range);
  EXPECT_TRUE(querier.ok());
  auto set = (*querier)->Select(matchers, {.newest = newest});
  EXPECT_TRUE(set.ok());
  SeriesColumns columns;
  for (;;) {
    auto next = (*set)->Next();
    EXPECT_TRUE(next.ok());
    if (!next.ok() || !*next) break;
    auto read = (*set)->Read(columns);
    EXPECT_TRUE(read.ok()) << read.error().message();
    SamplesByTime samples;
    std::size_t histogram = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const bool is_histogram =
          histogram < columns.histograms.size() && columns.histograms[histogram].index == i;
      const Timestamp start = columns.starts.empty() ? kMinTime : columns.starts[i];
      const auto sample = is_histogram
                              ? AnySample::Of(0, columns.histograms[histogram++].histogram, start)
                              : AnySample::Of(columns.values[i], nullptr, start);
      EXPECT_TRUE(samples.emplace(ToMillis((*columns.times)[i]), sample).second) << "twice";
    }
    if (!samples.empty()) content[(*set)->labels().ToString()] = std::move(samples);
  }
  return content;
}

// What was read for the newest samples alone has those of all that was read before and after:
// between two readings retention may take what is too old.
void ExpectNewest(const AnyContent& newest, const AnyContent& before, const AnyContent& after) {
  for (const auto& [series, samples] : before) {
    const auto later = after.find(series);
    const auto found = newest.find(series);
    if (later == after.end() && found == newest.end()) continue;
    ASSERT_NE(found, newest.end()) << series;
    EXPECT_TRUE(*found->second.rbegin() == *samples.rbegin()) << series;
  }
  for (const auto& [series, samples] : newest) EXPECT_TRUE(before.contains(series)) << series;
}

// One database and its model, from one seed.
class Play {
 public:
  explicit Play(std::uint64_t seed) : random_(seed) {
    constexpr Millis kWindows[] = {Millis(0), Millis(0), std::chrono::hours(1),
                                   std::chrono::hours(24)};
    window_ = kWindows[Pick(4)];
    options_.path = directory_.path() / "data";
    options_.partition = Pick(2) == 0 ? Millis(std::chrono::hours(2)) : std::chrono::minutes(10);
    if (Pick(3) == 0) options_.block_cache_bytes = 4096;  // every block is read again
    options_.live.out_of_order_window = window_;
    options_.live.retention_time = Pick(3) == 0 ? Millis(std::chrono::hours(1)) : Millis(0);
    with_pods_ = Pick(4) == 0;
    model_.emplace(window_, options_.partition);
    for (std::size_t i = 0; i < kSeries; ++i) {
      series_.push_back({{"__name__", "m" + std::to_string(i % 5)}, {"i", std::to_string(i)}});
      names_.push_back(series_.back().ToString());
    }
    for (std::size_t i = 0; i < kPods && with_pods_; ++i) {
      series_.push_back({{"__name__", "pod"}, {"i", "pod" + std::to_string(i)}});
      names_.push_back(series_.back().ToString());
    }
    value_.resize(series_.size(), 1);
    histogram_.resize(series_.size());
  }

  void Run() {
    Open();
    for (int step = 0; step < kSteps && !testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      now_ += static_cast<std::int64_t>(Pick(40)) * 1000;
      clock_.AdvanceTo(FromMillis(std::max(now_, ToMillis(clock_.Now()))));
      ++operations_;
      Act(Pick(200));
      if (options_.live.retention_time > Millis(0)) {
        model_->Forget(std::min(ToMillis(clock_.Now()), model_->head()) -
                       options_.live.retention_time.count());
      }
    }
    if (testing::Test::HasFailure()) return;
    Compare();
    ASSERT_TRUE(database_->Compact().ok());
    ASSERT_TRUE(database_->CleanTombstones().ok());
    Compare();
    Reopen();
    Compare();
  }
  std::uint64_t operations() const { return operations_; }

 private:
  std::uint64_t Pick(std::uint64_t below) { return random_() % below; }

  void Open() {
    registry_ = std::make_unique<Registry>();
    auto opened = Database::Open(options_, clock_, *registry_, Logger::Silent());
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    database_ = std::move(*opened);
  }
  void Reopen() {
    database_.reset();
    model_->Restart();
    Open();
  }

  void Act(std::uint64_t action) {
    if (action < 150) {
      Scrape();
    } else if (action < 158) {
      PushLate();
    } else if (action < 162) {
      Backfill();
    } else if (action < 164) {
      TakeBack();
    } else if (action < 167) {
      if (with_pods_) Pods();
    } else if (action < 176) {
      ASSERT_TRUE(database_->Seal().ok());
    } else if (action < 179) {
      ASSERT_TRUE(database_->Compact().ok());
    } else if (action < 183) {
      DeleteSome();
    } else if (action < 186) {
      ASSERT_TRUE(database_->CleanTombstones().ok());
    } else if (action < 190) {
      Reopen();
    } else if (action < 191) {
      CompareSnapshot();
    } else if (action < 195) {
      CompareOne(Pick(series_.size()));
    } else {
      Compare(now_ - static_cast<std::int64_t>(Pick(30'000)) * 1000);
    }
  }

  // A value as its series usually has them: mostly what it was.
  AnySample NextSample(std::size_t i) {
    if (Pick(60) == 0) return AnySample::Of(StaleNan(), nullptr, kMinTime);
    const Timestamp start =
        i % 7 == 3 ? FromMillis(At(static_cast<std::int64_t>(Pick(3)) * 100)) : kMinTime;
    if (i < kSeries && i >= kFirstOfHistograms && Pick(12) != 0) {
      return AnySample::Of(0, NextHistogram(i), start);
    }
    switch (Pick(6)) {
      case 0:
        value_[i] += static_cast<double>(Pick(1000));
        break;
      case 1:
        value_[i] += static_cast<double>(Pick(1000)) / 100;
        break;
      case 2:
        value_[i] = static_cast<double>(random_()) * 1e-19;
        break;
      case 3:
        if (Pick(20) == 0) {
          return AnySample::Of(std::bit_cast<double>(random_()), nullptr, start);  // any bits
        }
        break;
      default:
        break;
    }
    return AnySample::Of(value_[i], nullptr, start);
  }
  HistogramPtr NextHistogram(std::size_t i) {
    const HistogramPtr& before = histogram_[i];
    if (before != nullptr && Pick(3) == 0) return before;
    auto next = std::make_shared<Histogram>();
    if (before == nullptr || Pick(25) == 0) {
      next->integer = i % 2 == 0;
      next->schema = i % 4 == 3 ? Histogram::kCustomSchema : static_cast<std::int32_t>(Pick(5));
      next->reset_hint = static_cast<Histogram::ResetHint>(Pick(4));
      const auto buckets = static_cast<std::uint32_t>(1 + Pick(6));
      next->positive_spans = {{static_cast<std::int32_t>(Pick(3)), buckets}};
      next->positive_buckets.resize(buckets);
      if (next->uses_custom_buckets()) {
        for (std::uint32_t b = 0; b < buckets + 2; ++b) next->custom_bounds.push_back(b * 2.5);
      } else {
        next->zero_threshold = 1e-128;
        if (Pick(2) == 0) {
          next->positive_spans.push_back({2, 1});
          next->positive_buckets.push_back(0);
          next->negative_spans = {{-1, 2}};
          next->negative_buckets.resize(2);
        }
      }
    } else {
      *next = *before;
    }
    const auto grow = [&](double& count) {
      const double by = static_cast<double>(Pick(9)) * (next->integer ? 1 : 0.5);
      count += by;
      next->count += by;
    };
    for (double& count : next->positive_buckets) grow(count);
    for (double& count : next->negative_buckets) grow(count);
    if (!next->uses_custom_buckets()) grow(next->zero_count);
    next->sum += static_cast<double>(Pick(1000)) / 8;
    return histogram_[i] = next;
  }

  void Append(Appender& appender, Model::Batch& batch, std::size_t i, std::int64_t time) {
    const AnySample sample = NextSample(i);
    if (model_->Unsure(names_[i], time, sample)) return;
    ++operations_;
    const Refusal expected = model_->Append(batch, names_[i], time, sample);
    const SeriesRef ref = appender.Resolve(series_[i]);
    const Refusal refusal =
        sample.histogram != nullptr
            ? appender.Append(ref, FromMillis(time), sample.histogram, sample.start)
            : appender.Append(ref, FromMillis(time), std::bit_cast<double>(sample.bits),
                              sample.start);
    ASSERT_EQ(static_cast<int>(refusal), static_cast<int>(expected))
        << names_[i] << " at " << time << ", " << sample.ToString();
  }

  // Eight series at one time, as a target has them; now and then one of them is late. Two targets
  // may be on the way at once.
  void Scrape() {
    const std::size_t targets = Pick(5) == 0 ? 2 : 1;
    const std::size_t first = Pick(3);
    std::unique_ptr<Appender> appenders[2];
    Model::Batch batches[2];
    for (std::size_t t = 0; t < targets; ++t) {
      appenders[t] = database_->NewAppender();
      batches[t] = model_->Begin();
    }
    for (std::size_t t = 0; t < targets; ++t) {
      for (std::size_t i = (first + t) % 3 * 8, end = i + 8; i < end; ++i) {
        if (Pick(10) == 0) continue;
        std::int64_t time = now_;
        if (Pick(50) == 0) time -= static_cast<std::int64_t>(Pick(8000)) * 1000;
        Append(*appenders[t], batches[t], i, time);
      }
    }
    for (std::size_t t = targets; t-- > 0;) ASSERT_TRUE(appenders[t]->Commit().ok());
  }
  // Some samples each of many series, as a remote writer has them.
  void PushLate() {
    auto appender = database_->NewAppender();
    Model::Batch batch = model_->Begin();
    for (std::size_t i = 0; i < kSeries; ++i) {
      std::int64_t time = now_ - static_cast<std::int64_t>(Pick(60)) * 1000;
      for (std::uint64_t n = 1 + Pick(4); n > 0; --n, time += 1000) {
        Append(*appender, batch, i, time);
      }
    }
    ASSERT_TRUE(appender->Commit().ok());
  }
  void Backfill() {
    auto appender = database_->NewBackfillAppender();
    Model::Batch batch = model_->Begin(true);
    const std::size_t i = Pick(kSeries);
    std::int64_t time = now_ - static_cast<std::int64_t>(Pick(20'000)) * 1000;
    for (std::uint64_t n = 1 + Pick(60); n > 0 && time < now_; --n, time += 15'000) {
      Append(*appender, batch, i, time);
    }
    ASSERT_TRUE(appender->Commit().ok());
  }
  void TakeBack() {
    auto appender = database_->NewAppender();
    for (std::size_t i = 0; i < kSeries; i += 3) {
      (void)appender->Append(appender->Resolve(series_[i]), FromMillis(now_), 123.0);
      (void)appender->Resolve({{"__name__", "never"}, {"i", std::to_string(Pick(1000))}});
    }
  }
  // All of them, or a tenth that comes back from wherever it is.
  void Pods() {
    auto appender = database_->NewAppender();
    Model::Batch batch = model_->Begin();
    const bool all = Pick(3) != 0;
    for (std::size_t i = kSeries; i < series_.size(); ++i) {
      if (all || Pick(10) == 0) Append(*appender, batch, i, now_);
    }
    ASSERT_TRUE(appender->Commit().ok());
  }
  void DeleteSome() {
    const std::size_t i = Pick(series_.size());
    const std::int64_t from = now_ - static_cast<std::int64_t>(Pick(20'000)) * 1000;
    const std::int64_t to = from + static_cast<std::int64_t>(Pick(10'000)) * 1000;
    const std::vector<std::vector<Matcher>> selectors = {
        {Matcher::Equal("i", std::string(series_[i].Get("i")))}};
    ASSERT_TRUE(database_->DeleteSeries({FromMillis(from), FromMillis(to)}, selectors).ok());
    model_->Delete(names_[i], from, to);
  }

  void Compare(std::int64_t from = -kFar) {
    const std::int64_t to =
        from == -kFar ? kFar : from + static_cast<std::int64_t>(Pick(30'000)) * 1000;
    const TimeRange range{FromMillis(from), FromMillis(to)};
    const AnyContent read = ReadAny(*database_, range, {});
    ASSERT_EQ(model_->Judge(read, from, to), "") << "reading " << from << " to " << to;
    const AnyContent newest = ReadAny(*database_, range, {}, true);
    ExpectNewest(newest, read, ReadAny(*database_, range, {}));
  }
  void CompareOne(std::size_t i) {
    const AnyContent read =
        ReadAny(*database_, {}, {Matcher::Equal("i", std::string(series_[i].Get("i")))});
    ASSERT_EQ(model_->Judge(read, -kFar, kFar, names_[i]), "");
  }
  void CompareSnapshot() {
    const std::filesystem::path path = directory_.path() / "snapshot";
    const bool skip_head = Pick(2) == 0;
    ASSERT_TRUE(database_->Snapshot(path, skip_head).ok());
    {
      Registry registry;
      Options options = options_;
      options.path = path;
      auto copy = Database::Open(options, clock_, registry, Logger::Silent());
      ASSERT_TRUE(copy.ok()) << copy.error().message();
      ASSERT_EQ(model_->Judge(ReadAny(**copy, {}, {}), -kFar, kFar, "", !skip_head), "");
    }
    std::filesystem::remove_all(path);
  }

  TempDirectory directory_;
  std::mt19937_64 random_;
  Options options_;
  Millis window_{};
  bool with_pods_ = false;
  ManualClock clock_{FromMillis(At(0))};
  std::unique_ptr<Registry> registry_;
  std::unique_ptr<Database> database_;
  std::optional<Model> model_;
  std::vector<Labels> series_;
  std::vector<std::string> names_;
  std::vector<double> value_;
  std::vector<HistogramPtr> histogram_;
  std::int64_t now_ = At(0);
  std::uint64_t operations_ = 0;
};

TEST(ModelTest, ReadsLikeASortedMap) {
  const std::uint64_t enough = Asked("MEERKAT_MODEL_OPERATIONS", 40'000);
  std::uint64_t operations = 0;
  for (std::uint64_t seed = Asked("MEERKAT_MODEL_SEED", 1); operations < enough; ++seed) {
    SCOPED_TRACE("MEERKAT_MODEL_SEED=" + std::to_string(seed));
    Play play(seed);
    play.Run();
    ASSERT_FALSE(HasFailure());
    operations += play.operations();
  }
  RecordProperty("operations", std::to_string(operations));
}

}  // namespace
}  // namespace meerkat::tsdb
