#include "tsdb/engine/engine.h"

#include <algorithm>
#include <chrono>

#include "tsdb/compact/seal.h"
#include "tsdb/head/records.h"
#include "tsdb/read/querier.h"

namespace meerkat::tsdb {

namespace {

class PlainSource : public Source {};

// The directory's format, in the meta family: 2 knows the attic, 3 labels in the journal. A program
// that knows less must not open it.
constexpr std::string_view kFormatKey = "format";
constexpr std::uint64_t kFormat = 3;

}  // namespace

Engine::Engine(const Options& options, const Clock& clock, Registry& registry, Logger log,
               DirectoryLock lock, Store::Opened opened)
    : options_(options),
      clock_(clock),
      registry_(registry),
      log_(std::move(log)),
      lock_(std::move(lock)),
      store_(std::move(opened.store)),
      metrics_(registry),
      shelf_({.scratch = options.path / "scratch",
              .partition = options.partition,
              .block_cache_bytes = options.block_cache_bytes},
             *store_, live_, registry, log_),
      attic_(options.path / "scratch", *store_, registry, log_,
             [this] { return shelf_.TakeNumber(); }),
      gc_seconds_(registry.summary("prometheus_tsdb_head_gc_duration_seconds",
                                   "Runtime of garbage collection in the head block.")),
      state_(*store_, options.sync_journal),
      figures_(registry) {
  if (!opened.damage.empty()) {
    records_lost_ = true;
    metrics_.journal_corruptions.Add();
    log_.Error("The data directory is damaged", {{"err", opened.damage}});
  }
}

Engine::~Engine() {
  (void)Close();
}

Result<> Engine::Start() {
  const auto begun = std::chrono::steady_clock::now();
  if (auto checked = CheckFormat(); !checked) return checked;
  if (auto loaded = LoadSeries(); !loaded) return std::move(loaded).error().Within("series");
  auto lost = attic_.Load(records_lost_);
  if (!lost) return std::move(lost).error().Within("attic");
  if (auto loaded = shelf_.Load(attic_.Numbers(), *lost || records_lost_); !loaded)
    return std::move(loaded).error().Within("parts");
  head_ = std::make_unique<Head>(
      HeadOptions{.sync_journal = options_.sync_journal,
                  .journal_window = options_.journal_window,
                  .chunk_range = options_.partition,
                  .series_limit = options_.series_limit,
                  // No id of a series that parts know may come to mean another one.
                  .first_series = series_lost_ || records_lost_ ? shelf_.NextSeries() : 1,
                  .replay = options_.replay},
      clock_, *store_, index_, attic_, live_, metrics_,
      [this](SeriesId series) { return shelf_.NewestOf(series); },
      [this](const Head::Filling& filling) { OnCommitted(filling); });
  Apply(options_.live);
  if (auto replayed =
          head_->Replay(shelf_.journal_start(), shelf_.max_time(), shelf_.newest_deletion(), log_);
      !replayed) {
    return std::move(replayed).error().Within("journal");
  }
  replay_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  opened_at_.store(ToMillis(clock_.Now()));
  RegisterFigures();
  upkeep_ = std::thread([this] { Upkeep(); });
  return {};
}

Result<> Engine::CheckFormat() {
  auto format = store_->Get(Family::kMeta, kFormatKey);
  if (!format && format.error().code() == Code::kCorruption) {
    // It has been opened before, or there would be nothing to be damaged.
    metrics_.journal_corruptions.Add();
    log_.Error("The directory's format is unreadable", {{"err", format.error().message()}});
    return {};
  }
  if (!format) return std::move(format).error();
  const std::uint64_t found = format->has_value() ? ReadBigEndian(**format) : 0;
  if (found == kFormat) return {};
  if (found > kFormat) {
    return Error(Code::kInvalid, "the data directory has format " + std::to_string(found) +
                                     ", this version knows formats up to " +
                                     std::to_string(kFormat));
  }
  StoreBatch batch;
  batch.Put(Family::kMeta, kFormatKey, BigEndianKey(kFormat));
  auto written = store_->Write(batch, true);
  if (written || found == 0) return written;
  // Without space an older directory is read all the same; the next start says it then.
  log_.Warn("The directory's format is not noted", {{"err", written.error().message()}});
  return {};
}

Result<> Engine::LoadSeries() {
  std::vector<std::pair<Labels, SeriesId>> series;
  const auto flush = [&] {
    index_.AddAll(series);
    series.clear();
  };
  const auto add = [&](std::string_view key, std::string_view value) {
    auto labels = DecodeLabels(value);
    const auto id = static_cast<SeriesId>(ReadBigEndian(key));
    if (!labels || labels->empty()) {
      series_lost_ = true;
      metrics_.journal_corruptions.Add();
      log_.Error("Series record is left out", {{"series", std::to_string(id)}});
      return true;
    }
    series.emplace_back(std::move(*labels), id);
    if (series.size() == 65536) flush();
    return true;
  };
  auto scanned = store_->ScanAround(Family::kSeries, {}, {}, add, [this](const Error& error) {
    series_lost_ = true;
    metrics_.journal_corruptions.Add();
    log_.Error("Series records are unreadable", {{"err", error.message()}});
  });
  flush();
  return scanned;
}

std::unique_ptr<Source> Engine::NewSource() {
  return std::make_unique<PlainSource>();
}
std::unique_ptr<Appender> Engine::NewAppender(Source*) {
  return head_->NewAppender();
}
std::unique_ptr<Appender> Engine::NewBackfillAppender() {
  return head_->NewAppender(true);
}
Result<std::unique_ptr<Querier>> Engine::NewQuerier(TimeRange range) const {
  return MakeQuerier(index_, attic_, *head_, live_, range);
}

Result<std::vector<SeriesExemplars>> Engine::Exemplars(
    TimeRange range, std::span<const std::vector<Matcher>> selectors) const {
  std::vector<SeriesExemplars> found;
  for (auto& kept : head_->exemplars().Select(range, SelectAny(selectors))) {
    const Labels labels = index_.LabelsOf(kept.series);
    if (found.empty() || !(found.back().series == labels)) found.push_back({labels, {}});
    found.back().exemplars.push_back(std::move(kept.exemplar));
  }
  std::sort(found.begin(), found.end(),
            [](const SeriesExemplars& a, const SeriesExemplars& b) { return a.series < b.series; });
  return found;
}

std::vector<std::pair<std::string, Metadata>> Engine::MetricMetadata(
    std::string_view metric) const {
  return head_->MetricMetadata(metric);
}

std::vector<SeriesId> Engine::SelectAny(std::span<const std::vector<Matcher>> selectors) const {
  std::vector<SeriesId> ids;
  Interrupt never;
  for (const auto& matchers : selectors) {
    const std::vector<SeriesId> some = index_.Select(matchers);
    ids.insert(ids.end(), some.begin(), some.end());
    const auto found = attic_.View({}).Select(matchers, never);
    if (!found) continue;  // only an interrupt could
    for (const AtticView::Found& cold : *found) ids.push_back(cold.id);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

void Engine::Apply(const LiveOptions& live) {
  head_->set_out_of_order_window(live.out_of_order_window);
  head_->exemplars().Resize(live.max_exemplars);
  {
    MutexLock lock(live_options_mu_);
    live_options_ = live;
  }
  Wake();
}

CardinalityStats Engine::Cardinality(std::size_t limit) const {
  CardinalityStats stats = index_.Cardinality(limit);
  const TimeRange range = HeadRange();
  stats.min_time = range.min;
  stats.max_time = range.max;
  ReaderLock lock(live_.mu);
  for (const auto& generation : live_.view.closed) stats.chunks += generation->tail_count();
  stats.chunks += live_.view.open->tail_count();
  return stats;
}

TimeRange Engine::LabelRange(TimeRange range) const {
  const Timestamp newest = head_->max_time();
  const Timestamp lowest = Lowest();
  if (lowest > newest) return range;  // nothing there
  // Upstream's head: cut where a stretch begins, once it is longer than one and a half.
  const Millis stretch = options_.partition;
  const Millis most = stretch + stretch / 2;
  const bool short_yet = newest < kMinTime + most || lowest >= newest - most;
  const Timestamp head =
      short_yet ? lowest : std::max(lowest, AlignDown(newest - stretch / 2, stretch));
  TimeRange whole{AlignDown(range.min, stretch), range.max};
  if (range.min >= head) whole.min = range.min <= newest ? head : range.min;
  if (range.max >= head) {
    whole.max = std::max(range.max, newest);
  } else {
    const Timestamp next = AlignDown(range.max, stretch) + stretch;
    whole.max = std::min(next, head) - Millis(1);
  }
  return whole;
}

std::vector<Database::BlockInfo> Engine::Blocks() const {
  std::vector<BlockInfo> blocks;
  ReaderLock lock(live_.mu);
  for (const auto& part : live_.view.parts) {
    const PartInfo& info = part->info();
    blocks.push_back({std::to_string(info.number), info.range, info.series, info.samples,
                      info.blocks, info.bytes});
  }
  return blocks;
}

std::uint64_t Engine::DiskBytes() const {
  return shelf_.bytes() + attic_.bytes() + store_->LogBytes();
}

LiveOptions Engine::live_options() const {
  MutexLock lock(live_options_mu_);
  return live_options_;
}

Result<> Engine::Close() {
  {
    MutexLock lock(upkeep_mu_);
    if (closed_) return {};
    closed_ = true;
  }
  if (head_ != nullptr) head_->Refuse();
  shelf_.Stop();
  upkeep_due_.notify_all();
  if (upkeep_.joinable()) upkeep_.join();
  return {};
}

}  // namespace meerkat::tsdb
