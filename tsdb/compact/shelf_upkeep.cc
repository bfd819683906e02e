#include <algorithm>
#include <chrono>

#include "tsdb/compact/shelf.h"
#include "tsdb/compact/stopwatch.h"

namespace meerkat::tsdb {

namespace {

std::vector<double> Doubling(double first, std::size_t count) {
  std::vector<double> bounds;
  for (std::size_t i = 0; i < count; ++i, first *= 2) bounds.push_back(first);
  return bounds;
}

}  // namespace

ShelfMetrics::ShelfMetrics(Registry& registry)
    : corruptions(registry.counter("prometheus_tsdb_mmap_chunk_corruptions_total",
                                   "Total number of stored blocks that could not be read.")),
      merges(registry.counter("prometheus_tsdb_compactions_total",
                              "Total number of compactions that were executed for the partition.")),
      merges_failed(registry.counter("prometheus_tsdb_compactions_failed_total",
                                     "Total number of compactions that failed for the partition.")),
      merges_triggered(
          registry.counter("prometheus_tsdb_compactions_triggered_total",
                           "Total number of triggered compactions for the partition.")),
      merge_seconds(registry.histogram("prometheus_tsdb_compaction_duration_seconds",
                                       "Duration of compaction runs", Doubling(1, 14))),
      cleanup_seconds(registry.histogram("prometheus_tsdb_tombstone_cleanup_seconds",
                                         "The time taken to recompact blocks to remove tombstones.",
                                         {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10})),
      time_retentions(registry.counter("prometheus_tsdb_time_retentions_total",
                                       "The number of times that blocks were deleted because the "
                                       "maximum time limit was exceeded.")),
      size_retentions(registry.counter("prometheus_tsdb_size_retentions_total",
                                       "The number of times that blocks were deleted because the "
                                       "maximum number of bytes was exceeded.")),
      seals(registry.counter("prometheus_tsdb_head_truncations_total",
                             "Total number of head truncations attempted.")),
      seals_failed(registry.counter("prometheus_tsdb_head_truncations_failed_total",
                                    "Total number of head truncations that failed.")),
      chunks_removed(registry.counter("prometheus_tsdb_head_chunks_removed_total",
                                      "Total number of chunks removed in the head")),
      vertical_merges(registry.counter("prometheus_tsdb_vertical_compactions_total",
                                       "Total number of compactions done on overlapping blocks.")),
      truncations(registry.counter("prometheus_tsdb_wal_truncations_total",
                                   "Total number of write log truncations attempted.")),
      truncate_seconds(registry.summary("prometheus_tsdb_wal_truncate_duration_seconds",
                                        "Duration of WAL truncation.")) {}

Result<> Shelf::Rewrite(const std::vector<std::shared_ptr<const Part>>& parts,
                        std::function<bool(SeriesId)> keep) {
  std::error_code error;
  std::filesystem::create_directories(options_.scratch, error);
  MergeOptions options;
  options.directory = options_.scratch;
  options.number = next_part_.fetch_add(1);
  options.keep = std::move(keep);
  options.stopped = &stopped_;
  auto merged = MergeParts(parts, Stones(), options);
  if (!merged) {
    if (merged.error().code() == Code::kCorruption) {
      for (const auto& part : parts) {
        // A merge of several says no more than that one of them is damaged: each is asked by
        // itself.
        if (!part->Verify()) damaged_.insert(part->info().number);
      }
    }
    return std::move(merged).error();
  }
  std::vector<SealedPart> in;
  if (*merged) in.push_back(std::move(**merged));
  if (auto ingested = Ingest(in); !ingested) return ingested;
  return Swap(parts, in, nullptr);
}

Result<> Shelf::Drop(const std::vector<std::shared_ptr<const Part>>& parts) {
  if (parts.empty()) return {};
  return Swap(parts, {}, nullptr);
}

Result<bool> Shelf::MergeOne(const PlanInput& plan) {
  MutexLock change(change_mu_);
  std::vector<std::shared_ptr<const Part>> parts = Parts();
  std::erase_if(parts, [this](const auto& part)
                           REQUIRES(change_mu_) { return damaged_.contains(part->info().number); });
  std::vector<PartInfo> infos;
  for (const auto& part : parts) infos.push_back(part->info());
  std::vector<std::shared_ptr<const Part>> chosen;
  for (const std::size_t i : PlanMerge(infos, plan)) chosen.push_back(parts[i]);
  if (chosen.empty()) return false;
  metrics_.merges_triggered.Add();
  for (std::size_t i = 1; i < chosen.size(); ++i) {
    if (!chosen[i]->info().range.Overlaps(chosen[i - 1]->info().range)) continue;
    metrics_.vertical_merges.Add();
    break;
  }
  const Stopwatch watch(metrics_.merge_seconds);
  if (auto merged = Rewrite(chosen, {}); !merged) {
    metrics_.merges_failed.Add();
    return std::move(merged).error().Within("merging parts");
  }
  metrics_.merges.Add();
  return true;
}

Result<> Shelf::MergeAll(Millis longest) {
  // With everything settled, the plan joins whatever lies within one stretch.
  for (;;) {
    auto merged = MergeOne({options_.partition, kMaxTime, Millis(0), longest});
    if (!merged) return std::move(merged).error();
    if (!*merged) return {};
  }
}

Result<> Shelf::Retain(const Retention& retention) {
  MutexLock change(change_mu_);
  std::vector<std::shared_ptr<const Part>> old;
  for (const auto& part : Parts()) {
    const Timestamp newest = part->info().range.max;
    if (retention.rules.empty()) {
      if (newest < retention.limit) old.push_back(part);
      continue;
    }
    const auto rule_of = [&](SeriesId series) {
      for (const Retention::Rule& rule : retention.rules) {
        if (std::binary_search(rule.series.begin(), rule.series.end(), series)) return rule.limit;
      }
      return retention.limit;
    };
    bool some_old = newest < retention.limit;
    for (const Retention::Rule& rule : retention.rules) some_old |= newest < rule.limit;
    if (!some_old || damaged_.contains(part->info().number)) continue;
    auto directory = part->Directory();
    if (!directory) continue;
    std::size_t expired = 0;
    std::size_t kept = 0;
    for (const PartRun& run : (*directory)->runs) {
      for (std::uint32_t i = 0; i < run.count; ++i) {
        ++(newest < rule_of(run.first + i) ? expired : kept);
      }
    }
    if (expired == 0) continue;
    if (kept == 0) {
      old.push_back(part);
      continue;
    }
    auto rewritten = Rewrite({part}, [&](SeriesId series) { return newest >= rule_of(series); });
    if (!rewritten) return std::move(rewritten).error().Within("retention");
  }
  if (!old.empty()) {
    if (auto dropped = Drop(old); !dropped) return dropped;
    metrics_.time_retentions.Add();
  }
  if (retention.bytes == 0) return {};
  std::uint64_t bytes = store_.LogBytes();
  std::vector<std::shared_ptr<const Part>> parts = Parts();
  for (const auto& part : parts) bytes += part->info().bytes;
  std::stable_sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) {
    return a->info().range.max < b->info().range.max;
  });
  std::vector<std::shared_ptr<const Part>> surplus;
  for (const auto& part : parts) {
    if (bytes <= retention.bytes) break;
    bytes -= part->info().bytes;
    surplus.push_back(part);
  }
  if (surplus.empty()) return {};
  metrics_.size_retentions.Add();
  return Drop(surplus);
}

Result<> Shelf::CleanTombstones() {
  MutexLock change(change_mu_);
  const std::shared_ptr<const Tombstones> done = Stones();
  if (done->empty()) return {};
  const Stopwatch watch(metrics_.cleanup_seconds);
  std::vector<SeriesId> series;
  for (const auto& [id, stones] : done->by_series()) series.push_back(id);
  for (const auto& part : Parts()) {
    const auto places = part->Find(series, {});
    if (!places || places->empty() || damaged_.contains(part->info().number)) continue;
    const auto concerned = [&](const Part::Place& place) {
      for (const Tombstones::Stone& stone : done->by_series().at(series[place.series])) {
        if (part->info().last_generation <= stone.generation &&
            stone.range.Overlaps(part->info().range)) {
          return true;
        }
      }
      return false;
    };
    if (std::none_of(places->begin(), places->end(), concerned)) continue;
    if (auto rewritten = Rewrite({part}, {}); !rewritten) {
      return std::move(rewritten).error().Within("cleaning tombstones");
    }
  }
  MutexLock lock(stones_mu_);
  auto left = std::make_shared<Tombstones>(*Stones());
  left->Subtract(*done);
  return PutTombstones(std::move(left));
}

Result<> Shelf::MarkSeries(std::vector<bool>& held) const {
  for (const auto& part : Parts()) {
    auto directory = part->Directory();
    if (!directory) return std::move(directory).error();
    for (const PartRun& run : (*directory)->runs) {
      for (std::uint32_t i = 0; i < run.count && run.first + i < held.size(); ++i) {
        held[run.first + i] = true;
      }
    }
  }
  return {};
}

SeriesId Shelf::NextSeries() const {
  SeriesId next = 0;
  for (const auto& part : Parts()) {
    const auto directory = part->Directory();
    if (!directory) continue;
    for (const PartRun& run : (*directory)->runs) next = std::max(next, run.first + run.count);
  }
  return next;
}

Result<TimeRange> Shelf::RangeOf(const std::vector<bool>& series) const {
  TimeRange range{kMaxTime, kMinTime};
  for (const auto& part : Parts()) {
    auto directory = part->Directory();
    if (!directory) return std::move(directory).error();
    for (const PartRun& run : (*directory)->runs) {
      const TimeRange& block = (*directory)->blocks[run.block].range;
      if (range.min <= block.min && block.max <= range.max) continue;
      for (std::uint32_t i = 0; i < run.count && run.first + i < series.size(); ++i) {
        if (!series[run.first + i]) continue;
        range = {std::min(range.min, block.min), std::max(range.max, block.max)};
        break;
      }
    }
  }
  return range;
}

}  // namespace meerkat::tsdb
