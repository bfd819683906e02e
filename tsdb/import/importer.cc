#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <unordered_map>
#include <unordered_set>

#include "tsdb/import/prometheus_block.h"
#include "tsdb/import/prometheus_wal.h"
#include "tsdb/transfer.h"

namespace meerkat::tsdb {
namespace {

namespace fs = std::filesystem;

// Blocks are read a window at a time, all their series for each: what the store seals is then one
// stretch of many series, as if it had been scraped.
constexpr Millis kWindow = std::chrono::hours(2);
constexpr std::size_t kMostDamage = 100;

// Collects samples and hands them to the database in time order, many series side by side.
class Batcher {
 public:
  Batcher(Database& database, const ImportOptions& options, ImportStats& stats)
      : database_(database), options_(options), stats_(stats) {}

  Result<> Add(const Labels& labels, Timestamp time, double value, HistogramPtr histogram,
               Timestamp start = kMinTime) {
    if (last_ == kNone || !(series_[last_] == labels)) {
      const auto [at, fresh] = known_.try_emplace(labels, series_.size());
      if (fresh) series_.push_back(labels);
      last_ = at->second;
    }
    samples_.push_back(
        {time, start, value, std::move(histogram), static_cast<std::uint32_t>(last_)});
    if (samples_.size() < options_.batch_samples) return {};
    return Flush();
  }

  // Exemplars and metadata ride with the next batch.
  void Add(const Labels& labels, std::vector<Exemplar> exemplars) {
    for (Exemplar& exemplar : exemplars) exemplars_.emplace_back(labels, std::move(exemplar));
  }
  void Add(std::pair<std::string, Metadata> metadata) { metadata_.push_back(std::move(metadata)); }

  Result<> Flush() {
    if (options_.stop.stop_requested()) return Error(Code::kCanceled, "the import was stopped");
    std::stable_sort(samples_.begin(), samples_.end(),
                     [](const Sample& a, const Sample& b) { return a.time < b.time; });
    auto appender = database_.NewBackfillAppender();
    std::vector<SeriesRef> refs;
    refs.reserve(series_.size());
    for (const Labels& labels : series_) refs.push_back(appender->Resolve(labels));
    for (Sample& sample : samples_) {
      const SeriesRef ref = refs[sample.series];
      const Refusal refusal =
          ref == SeriesRef::kNone ? Refusal::kSeriesLimit
          : sample.histogram != nullptr
              ? appender->Append(ref, sample.time, std::move(sample.histogram), sample.start)
              : appender->Append(ref, sample.time, sample.value, sample.start);
      if (refusal != Refusal::kNone) {
        ++stats_.refused;
        continue;
      }
      ++stats_.samples;
      stats_.range.min = std::min(stats_.range.min, sample.time);
      stats_.range.max = std::max(stats_.range.max, sample.time);
      counted_.insert(static_cast<std::uint64_t>(ref));
    }
    for (const auto& [labels, exemplar] : exemplars_) {
      const SeriesRef ref = appender->Resolve(labels);
      // An exemplar that comes too late for the ring is no loss of history.
      if (ref != SeriesRef::kNone) (void)appender->AppendExemplar(ref, exemplar);
    }
    for (const auto& [family, metadata] : metadata_) appender->SetMetadata(family, metadata);
    stats_.series = counted_.size();
    samples_.clear();
    series_.clear();
    known_.clear();
    exemplars_.clear();
    metadata_.clear();
    last_ = kNone;
    if (auto committed = appender->Commit(); !committed) return committed;
    if (options_.progress) options_.progress(stats_);
    return {};
  }

 private:
  struct Sample {
    Timestamp time;
    Timestamp start;
    double value;
    HistogramPtr histogram;
    std::uint32_t series;
  };
  static constexpr std::size_t kNone = ~std::size_t{0};

  Database& database_;
  const ImportOptions& options_;
  ImportStats& stats_;
  std::vector<Sample> samples_;
  std::vector<Labels> series_;
  std::unordered_map<Labels, std::size_t> known_;
  std::size_t last_ = kNone;
  std::vector<std::pair<Labels, Exemplar>> exemplars_;
  std::vector<std::pair<std::string, Metadata>> metadata_;
  std::unordered_set<std::uint64_t> counted_;
};

void Tell(ImportStats& stats, std::string what) {
  if (stats.damage.size() < kMostDamage) stats.damage.push_back(std::move(what));
}

Timestamp WindowEnd(Timestamp t) {
  const std::int64_t window = kWindow.count();
  const std::int64_t millis = ToMillis(t);
  const std::int64_t into = (millis % window + window) % window;
  if (millis > ToMillis(kMaxTime) - window) return kMaxTime;
  return FromMillis(millis - into + window - 1);
}

Result<> ImportBlock(const PrometheusBlock& block, Batcher& batcher, ImportStats& stats) {
  PrometheusBlock::Series series;
  std::vector<PlainSample> samples;
  Timestamp begin = block.range().min;
  while (begin <= block.range().max) {
    const TimeRange window{begin, WindowEnd(begin)};
    Timestamp next = kMaxTime;  // of what comes behind the window, for gaps
    for (std::size_t i = 0; i < block.series_count(); ++i) {
      if (auto read = block.ReadSeries(i, series); !read) {
        if (begin == block.range().min) Tell(stats, read.error().message());
        continue;
      }
      samples.clear();
      const auto read = block.ReadSamples(series, window, samples);
      if (!read) Tell(stats, read.error().message());
      for (const auto& chunk : series.chunks) {
        if (chunk.range.max > window.max) {
          next = std::min(next, std::max(chunk.range.min, window.max + Millis(1)));
        }
      }
      for (PlainSample& sample : samples) {
        auto added =
            batcher.Add(series.labels, sample.time, sample.value, std::move(sample.histogram));
        if (!added) return added;
      }
    }
    // What is left goes in before the next window begins, so that every series stays in order.
    if (auto flushed = batcher.Flush(); !flushed) return flushed;
    if (next == kMaxTime) break;
    begin = next;
  }
  return {};
}

bool IsBlock(const fs::path& directory) {
  std::error_code ignored;
  return fs::is_regular_file(directory / "index", ignored) &&
         fs::is_regular_file(directory / "meta.json", ignored);
}

// What a block says about where its samples come from.
struct Origin {
  bool out_of_order = false;
  bool merged = false;  // from several blocks
  Timestamp end{};      // of the time it stands for
};

// The number behind `"name":`, where it stands first: the block's own, before those of its parents.
std::int64_t NumberIn(const std::string& meta, const std::string& name) {
  const std::size_t at = meta.find('"' + name + "\":");
  return at == std::string::npos ? 0
                                 : std::strtoll(meta.c_str() + at + name.size() + 3, nullptr, 10);
}

Origin OriginOf(const fs::path& block) {
  std::ifstream in(block / "meta.json", std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  const std::string meta = text.str();
  return {meta.find("\"from-out-of-order\"") != std::string::npos, NumberIn(meta, "level") > 1,
          FromMillis(NumberIn(meta, "maxTime"))};
}

// Up to where the blocks hold all that the logs hold in order. Blocks of out-of-order samples do
// not, as upstream's inOrderBlocksMaxTime knows; but two of them that were merged no longer say
// what they are, and Prometheus itself loses the samples of the log on its next start. A head is
// cut into blocks only when it reaches half a block's time further, so a merged block that the log
// hardly reaches beyond cannot be of its samples.
class InOrderBlocks {
 public:
  void Add(Origin origin, Timestamp last) {
    if (!origin.out_of_order) blocks_.push_back({origin, last});
  }
  // Where the logs begin, of which the newest sample is that of `newest`.
  Timestamp End(Timestamp newest) const {
    constexpr Millis kHalfABlock = std::chrono::hours(1);
    Timestamp end = kMinTime;
    for (const auto& [origin, last] : blocks_) {
      if (origin.merged && newest < origin.end + kHalfABlock) continue;
      end = std::max(end, last + Millis(1));
    }
    return end;
  }

 private:
  std::vector<std::pair<Origin, Timestamp>> blocks_;
};

std::vector<fs::path> BlocksIn(const fs::path& directory) {
  if (IsBlock(directory)) return {directory};
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (IsBlock(entry.path())) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

Result<ImportStats> ImportPrometheus(const fs::path& directory, Database& database,
                                     const ImportOptions& options) {
  ImportStats stats;
  std::error_code error;
  if (!fs::is_directory(directory, error)) {
    return Error(Code::kNotFound, directory.string() + " is no directory");
  }
  std::vector<std::unique_ptr<PrometheusBlock>> blocks;
  InOrderBlocks in_order;
  for (const fs::path& path : BlocksIn(directory)) {
    auto block = PrometheusBlock::Open(path);
    if (block) {
      const TimeRange range = (*block)->range();
      if (range.min <= range.max) in_order.Add(OriginOf(path), range.max);
      blocks.push_back(std::move(*block));
    } else if (block.error().code() == Code::kCorruption) {
      Tell(stats, block.error().message());
    } else {
      return std::move(block).error();
    }
  }
  // The oldest first: then every series comes in time order.
  std::sort(blocks.begin(), blocks.end(),
            [](const auto& a, const auto& b) { return a->range().min < b->range().min; });
  Batcher batcher(database, options, stats);
  const bool found = !blocks.empty() || !stats.damage.empty();
  for (auto& block : blocks) {
    if (auto done = ImportBlock(*block, batcher, stats); !done) return std::move(done).error();
    ++stats.blocks;
    block = nullptr;
  }
  std::vector<std::string> damage;
  auto logs = ReadPrometheusLogs(
      directory, [&in_order](Timestamp newest) { return in_order.End(newest); },
      [&batcher](const Labels& labels, const PlainSample& sample) {
        return batcher.Add(labels, sample.time, sample.value, sample.histogram);
      },
      damage);
  if (!logs) return std::move(logs).error();
  if (auto flushed = batcher.Flush(); !flushed) return std::move(flushed).error();
  for (std::string& what : damage) Tell(stats, std::move(what));
  if (!found && !*logs) {
    return Error(Code::kNotFound, directory.string() + " holds no blocks of Prometheus");
  }
  if (auto sealed = database.Seal(); !sealed) return std::move(sealed).error();
  return stats;
}

Result<ImportStats> ImportSamples(SampleReader& reader, Database& database,
                                  const ImportOptions& options) {
  ImportStats stats;
  Batcher batcher(database, options, stats);
  ImportSample sample;
  for (;;) {
    auto more = reader.Next(sample);
    if (!more) return std::move(more).error();
    if (!*more) break;
    if (sample.metadata) batcher.Add(std::move(*sample.metadata));
    if (!sample.exemplars.empty()) batcher.Add(sample.labels, std::move(sample.exemplars));
    auto added = batcher.Add(sample.labels, sample.time, sample.value, std::move(sample.histogram),
                             sample.start);
    if (!added) return std::move(added).error();
  }
  if (auto flushed = batcher.Flush(); !flushed) return std::move(flushed).error();
  if (auto sealed = database.Seal(); !sealed) return std::move(sealed).error();
  return stats;
}

}  // namespace meerkat::tsdb
