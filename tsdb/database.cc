#include "tsdb/database.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <thread>

#include "base/mutex.h"
#include "tsdb/compact/shelf.h"
#include "tsdb/head/head.h"
#include "tsdb/head/records.h"
#include "tsdb/read/querier.h"
#include "tsdb/rocks/directory_lock.h"
#include "tsdb/rocks/store.h"

namespace meerkat::tsdb {

namespace {

constexpr std::string_view kFormatKey = "format";
constexpr std::uint64_t kFormat = 1;

// A generation is closed when it holds this much: enough rows for good compression, little enough
// to be replayed in a blink.
constexpr std::uint64_t kSealSamples = 2'000'000;
constexpr std::uint64_t kSealRows = 64;

class State : public StateStore {
 public:
  State(Store& store, bool sync) : store_(store), sync_(sync) {}

  Result<> Write(std::vector<Change> changes) override {
    StoreBatch batch;
    for (const Change& change : changes) {
      if (change.value) {
        batch.Put(Family::kState, change.key, *change.value);
      } else {
        batch.Delete(Family::kState, change.key);
      }
    }
    return store_.Write(batch, sync_);
  }
  Result<std::optional<std::string>> Read(std::string_view key) const override {
    return store_.Get(Family::kState, key);
  }
  Result<> Scan(
      std::string_view prefix,
      const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    return store_.Scan(Family::kState, prefix, {},
                       [&](std::string_view key, std::string_view value) {
                         return key.starts_with(prefix) && visit(key, value);
                       });
  }

 private:
  Store& store_;
  const bool sync_;
};

class PlainSource : public Source {};

class Engine : public Database {
 public:
  Engine(const Options& options, const Clock& clock, Registry& registry, Logger log,
         DirectoryLock lock, Store::Opened opened)
      : options_(options),
        clock_(clock),
        log_(std::move(log)),
        lock_(std::move(lock)),
        store_(std::move(opened.store)),
        metrics_(registry),
        shelf_({.scratch = options.path / "scratch",
                .partition = options.partition,
                .block_cache_bytes = options.block_cache_bytes},
               *store_, live_, registry, log_),
        state_(*store_, options.sync_journal) {
    if (!opened.damage.empty()) {
      metrics_.journal_corruptions.Add();
      log_.Error("Part of the journal is lost", {{"err", opened.damage}});
    }
  }

  ~Engine() override { (void)Close(); }

  Result<> Start() {
    if (auto checked = CheckFormat(); !checked) return checked;
    if (auto loaded = LoadSeries(); !loaded) return std::move(loaded).error().Within("series");
    if (auto loaded = shelf_.Load(); !loaded) return std::move(loaded).error().Within("parts");
    head_ = std::make_unique<Head>(
        HeadOptions{.sync_journal = options_.sync_journal,
                    .journal_window = options_.journal_window,
                    .chunk_range = options_.partition,
                    .series_limit = options_.series_limit},
        clock_, *store_, index_, live_, metrics_,
        [this](SeriesId series) { return shelf_.NewestOf(series); },
        [this](const Head::Filling& filling) { OnCommitted(filling); });
    Apply(options_.live);
    if (auto replayed = head_->Replay(shelf_.journal_start(), shelf_.max_time(), log_); !replayed) {
      return std::move(replayed).error().Within("journal");
    }
    opened_at_.store(ToMillis(clock_.Now()));
    upkeep_ = std::thread([this] { Upkeep(); });
    return {};
  }

  std::unique_ptr<Source> NewSource() override { return std::make_unique<PlainSource>(); }
  std::unique_ptr<Appender> NewAppender(Source*) override { return head_->NewAppender(); }
  std::unique_ptr<Appender> NewBackfillAppender() override { return head_->NewAppender(true); }
  Result<std::unique_ptr<Querier>> NewQuerier(TimeRange range) const override {
    return MakeQuerier(index_, *head_, live_, range);
  }

  Result<std::vector<SeriesExemplars>> Exemplars(
      TimeRange range, std::span<const std::vector<Matcher>> selectors) const override {
    std::vector<SeriesExemplars> found;
    for (auto& kept : head_->exemplars().Select(range, SelectAny(selectors))) {
      const Labels labels = index_.LabelsOf(kept.series);
      if (found.empty() || !(found.back().series == labels)) found.push_back({labels, {}});
      found.back().exemplars.push_back(std::move(kept.exemplar));
    }
    std::sort(found.begin(), found.end(), [](const SeriesExemplars& a, const SeriesExemplars& b) {
      return a.series < b.series;
    });
    return found;
  }

  std::vector<std::pair<std::string, Metadata>> MetricMetadata(
      std::string_view metric) const override {
    return head_->MetricMetadata(metric);
  }

  StateStore& state() override { return state_; }

  void Apply(const LiveOptions& live) override {
    head_->set_out_of_order_window(live.out_of_order_window);
    head_->exemplars().Resize(live.max_exemplars);
    {
      MutexLock lock(live_options_mu_);
      live_options_ = live;
    }
    Wake();
  }

  CardinalityStats Cardinality(std::size_t limit) const override {
    CardinalityStats stats = index_.Cardinality(limit);
    ReaderLock lock(live_.mu);
    TimeRange all{kMaxTime, kMinTime};
    const auto add = [&](TimeRange range) {
      all.min = std::min(all.min, range.min);
      all.max = std::max(all.max, range.max);
    };
    for (const auto& generation : live_.view.closed) {
      add(generation->range());
      stats.chunks += generation->tail_count();
    }
    if (!live_.view.open->empty()) {
      add(live_.view.open->range());
      stats.chunks += live_.view.open->tail_count();
    }
    stats.min_time = all.min;
    stats.max_time = all.max;
    return stats;
  }

  Result<> DeleteSeries(TimeRange range, std::span<const std::vector<Matcher>> selectors) override {
    const std::vector<SeriesId> ids = SelectAny(selectors);
    if (ids.empty()) return {};
    // What comes after this belongs to a new generation, and is not deleted.
    head_->CloseGeneration();
    std::uint64_t newest = 0;
    {
      ReaderLock lock(live_.mu);
      newest = live_.view.open->number() - 1;
    }
    Tombstones added;
    for (const SeriesId id : ids) added.Add(id, {range, newest});
    return shelf_.AddTombstones(added);
  }

  Result<> CleanTombstones() override {
    if (auto sealed = Seal(); !sealed) return sealed;
    if (auto cleaned = shelf_.CleanTombstones(); !cleaned) return cleaned;
    return ForgetSeries();
  }

  Result<> Seal() override {
    head_->CloseGeneration();
    opened_at_.store(ToMillis(clock_.Now()));
    for (;;) {
      auto sealed = shelf_.SealOldest();
      if (!sealed) return std::move(sealed).error();
      if (!*sealed) return {};
    }
  }

  Result<> Compact() override {
    if (auto sealed = Seal(); !sealed) return sealed;
    return shelf_.MergeAll(LongestPart());
  }

  Result<> Snapshot(const std::filesystem::path& target, bool skip_head) override {
    std::error_code error;
    std::filesystem::create_directories(target, error);
    if (error) return Error(Code::kUnavailable, target.string() + ": " + error.message());
    if (!skip_head) {
      if (auto compacted = Compact(); !compacted) return compacted;
    }
    if (auto copied = store_->Checkpoint(target / "db"); !copied) return copied;
    if (!skip_head) return {};
    auto copy = Store::Open(target / "db", {});
    if (!copy) return std::move(copy).error();
    StoreBatch batch;
    batch.DeleteRange(Family::kJournal, BigEndianKey(0), BigEndianKey(~std::uint64_t{0}));
    if (auto written = copy->store->Write(batch, true); !written) return written;
    return copy->store->Flush();
  }

  std::vector<BlockInfo> Blocks() const override {
    std::vector<BlockInfo> blocks;
    ReaderLock lock(live_.mu);
    for (const auto& part : live_.view.parts) {
      const PartInfo& info = part->info();
      blocks.push_back({std::to_string(info.number), info.range, info.series, info.samples,
                        info.blocks, info.bytes});
    }
    return blocks;
  }

  std::uint64_t DiskBytes() const override { return shelf_.bytes() + store_->LogBytes(); }

  Result<> Close() override {
    {
      MutexLock lock(upkeep_mu_);
      if (closed_) return {};
      closed_ = true;
    }
    if (head_ != nullptr) head_->Refuse();
    upkeep_due_.notify_all();
    if (upkeep_.joinable()) upkeep_.join();
    return {};
  }

 private:
  Result<> CheckFormat() {
    auto format = store_->Get(Family::kMeta, kFormatKey);
    if (!format) return std::move(format).error();
    if (!format->has_value()) {
      StoreBatch batch;
      batch.Put(Family::kMeta, kFormatKey, BigEndianKey(kFormat));
      return store_->Write(batch, true);
    }
    const std::uint64_t found = ReadBigEndian(**format);
    if (found <= kFormat) return {};
    return Error(Code::kInvalid, "the data directory has format " + std::to_string(found) +
                                     ", this version knows formats up to " +
                                     std::to_string(kFormat));
  }

  Result<> LoadSeries() {
    std::vector<std::pair<Labels, SeriesId>> series;
    const auto flush = [&] {
      index_.AddAll(series);
      series.clear();
    };
    const auto add = [&](std::string_view key, std::string_view value) {
      auto labels = DecodeLabels(value);
      const auto id = static_cast<SeriesId>(ReadBigEndian(key));
      if (!labels || labels->empty()) {
        metrics_.journal_corruptions.Add();
        log_.Error("Series record is left out", {{"series", std::to_string(id)}});
        return true;
      }
      series.emplace_back(std::move(*labels), id);
      if (series.size() == 65536) flush();
      return true;
    };
    auto scanned = store_->Scan(Family::kSeries, {}, {}, add);
    flush();
    return scanned;
  }

  std::vector<SeriesId> SelectAny(std::span<const std::vector<Matcher>> selectors) const {
    std::vector<SeriesId> ids;
    for (const auto& matchers : selectors) {
      const std::vector<SeriesId> some = index_.Select(matchers);
      ids.insert(ids.end(), some.begin(), some.end());
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
  }

  // On the committing thread: only decides whether the upkeep thread has something to do.
  void OnCommitted(const Head::Filling& filling) {
    if (filling.samples >= std::max(kSealSamples, kSealRows * filling.series)) {
      SealSoon();
      return;
    }
    // A partition is over, and its late samples have had time to come.
    const Millis grace = options_.partition / 8;
    if (AlignDown(filling.range.min, options_.partition) ==
        AlignDown(filling.range.max - grace, options_.partition)) {
      return;
    }
    if (clock_.Now() - FromMillis(opened_at_.load()) >= grace) SealSoon();
  }

  void SealSoon() {
    if (!seal_due_.exchange(true)) Wake();
  }

  void Wake() {
    MutexLock lock(upkeep_mu_);
    due_ = true;
    upkeep_due_.notify_all();
  }

  void Upkeep() {
    for (;;) {
      {
        MutexLock lock(upkeep_mu_);
        while (!due_ && !closed_) upkeep_due_.wait(upkeep_mu_);
        if (closed_) return;
        due_ = false;
      }
      const auto report = [this](const char* what, const Result<>& done) {
        if (!done) log_.Error(what, {{"err", done.error().message()}});
      };
      if (seal_due_.exchange(false)) report("Sealing failed", Seal());
      report("Retention failed", Retain());
      report("Merging failed", Merge());
      report("Forgetting series failed", ForgetSeries());
    }
  }

  Result<> Merge() {
    for (;;) {
      Millis window{0};
      {
        MutexLock lock(live_options_mu_);
        window = live_options_.out_of_order_window;
      }
      const Millis settle = options_.partition / 2 + window;
      auto merged = shelf_.MergeOne({options_.partition, Newest(), settle, LongestPart()});
      if (!merged) return std::move(merged).error();
      MutexLock lock(upkeep_mu_);
      if (!*merged || closed_) return {};
    }
  }

  // A sample from the future must not make the past look too old.
  Timestamp Newest() const { return std::min(clock_.Now(), head_->max_time()); }

  // Parts that are a good part of the retention would outlive it by that much.
  Millis LongestPart() const {
    constexpr Millis kLongest = std::chrono::hours(24 * 31);
    MutexLock lock(live_options_mu_);
    if (live_options_.retention_time == Millis(0)) return kLongest;
    return std::min(kLongest, live_options_.retention_time / 10);
  }

  Result<> Retain() {
    LiveOptions live;
    {
      MutexLock lock(live_options_mu_);
      live = live_options_;
    }
    const Timestamp newest = Newest();
    if (newest == kMinTime) return {};
    const auto limit = [newest](Millis time) {
      return time == Millis(0) || newest < kMinTime + time ? kMinTime : newest - time;
    };
    Shelf::Retention retention;
    retention.limit = limit(live.retention_time);
    retention.bytes = live.retention_bytes;
    if (live.retention_percentage > 0) {
      std::error_code error;
      const std::filesystem::space_info disk = std::filesystem::space(options_.path, error);
      if (!error) {
        retention.bytes = static_cast<std::uint64_t>(static_cast<double>(disk.capacity) *
                                                     live.retention_percentage / 100);
      }
    }
    for (const RetentionRule& rule : live.retention_rules) {
      retention.rules.push_back({index_.Select(rule.matchers), limit(rule.time)});
    }
    return shelf_.Retain(retention);
  }

  // Series without samples anywhere only take up memory.
  Result<> ForgetSeries() {
    const std::uint32_t begun = head_->BeginForgetting();
    std::vector<bool> held(index_.next_id());
    {
      ReaderLock lock(live_.mu);
      const auto mark = [&](const Generation& generation) {
        generation.ForEachSeries([&](SeriesId series) {
          if (series < held.size()) held[series] = true;
        });
      };
      for (const auto& generation : live_.view.closed) mark(*generation);
      mark(*live_.view.open);
    }
    if (auto marked = shelf_.MarkSeries(held); !marked) return marked;
    std::vector<SeriesId> empty;
    for (SeriesId id = 0; id < held.size(); ++id) {
      if (!held[id] && index_.Has(id)) empty.push_back(id);
    }
    head_->Forget(empty, begun);
    return {};
  }

  const Options options_;
  const Clock& clock_;
  Logger log_;
  DirectoryLock lock_;
  std::unique_ptr<Store> store_;
  HeadMetrics metrics_;
  Index index_;
  LiveView live_;
  Shelf shelf_;
  std::unique_ptr<Head> head_;
  State state_;
  mutable Mutex live_options_mu_;
  LiveOptions live_options_ GUARDED_BY(live_options_mu_);

  std::thread upkeep_;
  Mutex upkeep_mu_;
  std::condition_variable_any upkeep_due_;
  bool due_ GUARDED_BY(upkeep_mu_) = false;
  bool closed_ GUARDED_BY(upkeep_mu_) = false;
  std::atomic<bool> seal_due_{false};
  std::atomic<std::int64_t> opened_at_{0};
};

}  // namespace

Result<std::unique_ptr<Database>> Database::Open(const Options& options, const Clock& clock,
                                                 Registry& registry, Logger log) {
  std::error_code error;
  std::filesystem::create_directories(options.path, error);
  if (error) {
    return Error(Code::kUnavailable,
                 "data directory " + options.path.string() + ": " + error.message());
  }
  DirectoryLock lock;
  if (options.lock_file) {
    auto taken = DirectoryLock::Take(options.path);
    if (!taken) return std::move(taken).error();
    lock = std::move(*taken);
  }
  registry
      .gauge("prometheus_tsdb_clean_start",
             "-1: lockfile is disabled. 0: a lockfile from a previous execution was replaced. 1: "
             "lockfile creation was clean")
      .Set(!options.lock_file ? -1
           : lock.was_stale() ? 0
                              : 1);
  auto opened = Store::Open(options.path / "db", {});
  if (!opened) return std::move(opened).error();
  auto engine = std::make_unique<Engine>(options, clock, registry, std::move(log), std::move(lock),
                                         std::move(*opened));
  if (auto started = engine->Start(); !started) return std::move(started).error();
  return std::unique_ptr<Database>(std::move(engine));
}

}  // namespace meerkat::tsdb
