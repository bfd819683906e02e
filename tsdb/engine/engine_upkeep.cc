#include <malloc.h>

#include <algorithm>

#include "tsdb/compact/stopwatch.h"
#include "tsdb/engine/engine.h"

namespace meerkat::tsdb {

namespace {

// A generation is closed when it holds this much: enough rows for good compression, little enough
// to be replayed in a blink.
constexpr std::uint64_t kSealSamples = 2'000'000;
constexpr std::uint64_t kSealRows = 64;
// Of so many series some may be gone for good: they are not held longer than a quarter partition.
constexpr std::size_t kManySeries = 8192;

}  // namespace

void Engine::OnCommitted(const Head::Filling& filling) {
  if (filling.samples >= std::max(kSealSamples, kSealRows * filling.series)) {
    SealSoon();
    return;
  }
  if (filling.samples == 0) return;
  const Millis age = clock_.Now() - FromMillis(opened_at_.load());
  if (filling.series >= kManySeries && age >= options_.partition / 4) {
    SealSoon();
    return;
  }
  // A partition is over, and its late samples have had time to come.
  const Millis grace = options_.partition / 8;
  if (filling.range.max < kMinTime + grace) return;
  if (AlignDown(filling.range.min, options_.partition) ==
      AlignDown(filling.range.max - grace, options_.partition)) {
    return;
  }
  if (age >= grace) SealSoon();
}

void Engine::SealSoon() {
  if (!seal_due_.exchange(true)) Wake();
}

void Engine::Wake() {
  MutexLock lock(upkeep_mu_);
  due_ = true;
  upkeep_due_.notify_all();
}

void Engine::Upkeep() {
  for (;;) {
    {
      MutexLock lock(upkeep_mu_);
      while (!due_ && !closed_) upkeep_due_.wait(upkeep_mu_);
      if (closed_) return;
      due_ = false;
    }
    const auto report = [this](const char* what, Result<> done) {
      if (!done) log_.Error(what, {{"err", done.error().message()}});
    };
    if (seal_due_.exchange(false)) report("Sealing failed", Seal());
    report("Retention failed", Retain());
    report("Merging failed", Merge());
    report("Forgetting series failed", ForgetSeries());
    // What sealing, merging and forgetting freed lies in small pieces; glibc gives none of it back
    // by itself (after a million series came and went, 300 MB). Some milliseconds a round.
    malloc_trim(0);
  }
}

Result<> Engine::Seal() {
  head_->CloseGeneration();
  opened_at_.store(ToMillis(clock_.Now()));
  for (;;) {
    auto sealed = shelf_.SealOldest(
        [this](const Generation& generation) { return head_->RecordSeries(generation); });
    if (!sealed) return std::move(sealed).error();
    if (!*sealed) return {};
  }
}

Result<> Engine::Merge() {
  for (;;) {
    const Millis settle = options_.partition / 2 + live_options().out_of_order_window;
    auto merged = shelf_.MergeOne({options_.partition, Newest(), settle, LongestPart()});
    if (!merged) return std::move(merged).error();
    if (!*merged) return {};
    MutexLock lock(upkeep_mu_);
    if (closed_) return {};
    if (seal_due_.load()) {  // the head does not wait for all merges
      due_ = true;
      return {};
    }
  }
}

Result<> Engine::Compact() {
  if (auto sealed = Seal(); !sealed) return sealed;
  if (auto merged = shelf_.MergeAll(LongestPart()); !merged) return merged;
  return store_->Tidy();
}

Timestamp Engine::Newest() const {
  return std::min(clock_.Now(), head_->max_time());
}

Millis Engine::LongestPart() const {
  // Parts that are a good part of the retention would outlive it by that much.
  constexpr Millis kLongest = std::chrono::hours(24 * 31);
  const Millis retention = live_options().retention_time;
  return retention == Millis(0) ? kLongest : std::min(kLongest, retention / 10);
}

Result<> Engine::Retain() {
  const LiveOptions live = live_options();
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
    const std::vector<Matcher> selectors[] = {rule.matchers};
    retention.rules.push_back({SelectAny(selectors), limit(rule.time)});
  }
  return shelf_.Retain(retention);
}

Result<> Engine::ForgetSeries() {
  const Stopwatch watch(gc_seconds_);
  const std::uint32_t begun = head_->BeginForgetting();
  std::vector<bool> held(std::max(index_.next_id(), attic_.next_id()));
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
  for (const SeriesId series : head_->exemplars().Series()) {
    if (series < held.size()) held[series] = true;
  }
  std::vector<bool> sealed(held.size());
  if (auto marked = shelf_.MarkSeries(sealed); !marked) return marked;
  std::vector<SeriesId> empty;
  std::vector<SeriesId> quiet;
  const Timestamp newest = Newest();
  const Millis cold_after = options_.partition / 4;
  const Timestamp since = newest < kMinTime + cold_after ? kMinTime : newest - cold_after;
  for (const SeriesId id : index_.Select({})) {
    if (id >= held.size() || held[id]) continue;
    if (!sealed[id]) {
      empty.push_back(id);
    } else if (head_->IsQuiet(id, since)) {
      quiet.push_back(id);
    }
  }
  if (auto forgotten = head_->Forget(empty, begun); !forgotten) {
    return std::move(forgotten).error();
  }
  for (std::size_t id = 0; id < held.size(); ++id) held[id] = held[id] || sealed[id];
  if (auto kept = attic_.Keep(held); !kept) return kept;
  if (auto cooled = CoolSeries(quiet, begun); !cooled) return cooled;
  for (;;) {
    auto merged = attic_.MergeOne();
    if (!merged) return std::move(merged).error();
    if (!*merged) break;
  }
  attic_.Rest();
  index_.Shrink();
  return {};
}

Result<> Engine::CoolSeries(std::span<const SeriesId> series, std::uint32_t begun) {
  // Fewer are not worth a file; so many at once keep those waiting short that want one back.
  constexpr std::size_t kFew = 4096;
  constexpr std::size_t kMany = 65536;
  while (series.size() >= kFew) {
    const auto some = series.first(std::min(kMany, series.size()));
    series = series.subspan(some.size());
    std::vector<bool> chosen(some.back() + std::size_t{1});
    for (const SeriesId id : some) chosen[id] = true;
    auto range = shelf_.RangeOf(chosen);
    if (!range) return std::move(range).error();
    auto cooled = head_->Cool(some, begun, *range);
    if (!cooled) return std::move(cooled).error();
  }
  return {};
}

Result<> Engine::DeleteSeries(TimeRange range, std::span<const std::vector<Matcher>> selectors) {
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

Result<> Engine::CleanTombstones() {
  if (auto sealed = Seal(); !sealed) return sealed;
  if (auto cleaned = shelf_.CleanTombstones(); !cleaned) return cleaned;
  return ForgetSeries();
}

Result<> Engine::Snapshot(const std::filesystem::path& target, bool skip_head) {
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

}  // namespace meerkat::tsdb
