#include <algorithm>

#include "tsdb/engine/engine.h"

namespace meerkat::tsdb {

namespace {

// Upstream's extremes for "there is none yet".
double MillisOr(Timestamp t, Timestamp none, double instead) {
  return t == none ? instead : static_cast<double>(ToMillis(t));
}

constexpr double kMost = 9223372036854775807.0;

}  // namespace

TimeRange Engine::HeadRange() const {
  TimeRange all{kMaxTime, kMinTime};
  const auto add = [&](const Generation& generation) {
    if (generation.empty()) return;
    all.min = std::min(all.min, generation.range().min);
    all.max = std::max(all.max, generation.range().max);
  };
  ReaderLock lock(live_.mu);
  for (const auto& generation : live_.view.closed) add(*generation);
  add(*live_.view.open);
  return all;
}

Timestamp Engine::Lowest() const {
  Timestamp lowest = HeadRange().min;
  ReaderLock lock(live_.mu);
  for (const auto& part : live_.view.parts) lowest = std::min(lowest, part->info().range.min);
  return lowest;
}

// What dashboards and mixins ask of upstream, under its names, as far as it means the same here. A
// part counts as a block, a tail of a series in the head as a chunk, the journal as the WAL.
void Engine::RegisterFigures() {
  Figures& f = figures_;
  f.Gauge("prometheus_tsdb_head_series", "Total number of series in the head block.",
          [this] { return static_cast<double>(index_.size()); });
  f.Gauge("prometheus_tsdb_head_chunks", "Total number of chunks in the head block.", [this] {
    ReaderLock lock(live_.mu);
    std::size_t tails = live_.view.open->tail_count();
    for (const auto& generation : live_.view.closed) tails += generation->tail_count();
    return static_cast<double>(tails);
  });
  f.Counter("prometheus_tsdb_head_chunks_created_total",
            "Total number of chunks created in the head", [this] {
              ReaderLock lock(live_.mu);
              std::size_t tails = live_.view.open->tail_count();
              for (const auto& generation : live_.view.closed) tails += generation->tail_count();
              return shelf_.chunks_removed() + static_cast<double>(tails);
            });
  // What upstream keeps of its log in a checkpoint stands in files here, once for each truncation.
  f.Counter("prometheus_tsdb_checkpoint_creations_total",
            "Total number of checkpoint creations attempted.",
            [this] { return shelf_.truncations(); });
  f.Counter("prometheus_tsdb_checkpoint_deletions_total",
            "Total number of checkpoint deletions attempted.",
            [this] { return shelf_.truncations(); });
  f.Counter("prometheus_tsdb_compactions_skipped_total",
            "Total number of skipped compactions due to disabled auto compaction.",
            [] { return 0.0; });
  f.Gauge("prometheus_tsdb_data_replay_duration_seconds", "Time taken to replay the data on disk.",
          [this] { return replay_seconds_; });
  f.Gauge("prometheus_tsdb_isolation_high_watermark",
          "The highest TSDB append ID that has been given out.",
          [this] { return static_cast<double>(head_->newest_epoch()); });
  f.Gauge("prometheus_tsdb_isolation_low_watermark",
          "The lowest TSDB append ID that is still referenced.",
          [this] { return static_cast<double>(head_->OldestEpoch()); });
  f.Gauge("meerkat_tsdb_cold_series", "Series on disk alone, because they get no samples any more.",
          [this] { return static_cast<double>(attic_.size()); });
  f.Gauge("meerkat_tsdb_cold_series_bytes", "Size of the index of cold series on disk.",
          [this] { return static_cast<double>(attic_.bytes()); });
  f.Gauge("prometheus_tsdb_head_chunks_storage_size_bytes", "Size of the samples in the head.",
          [this] {
            ReaderLock lock(live_.mu);
            std::uint64_t bytes = live_.view.open->MemoryBytes();
            for (const auto& generation : live_.view.closed) bytes += generation->MemoryBytes();
            return static_cast<double>(bytes);
          });
  f.Gauge("prometheus_tsdb_head_min_time",
          "Minimum time bound of the head block. The unit is decided by the library consumer.",
          [this] { return MillisOr(HeadRange().min, kMaxTime, kMost); });
  f.Gauge("prometheus_tsdb_head_max_time",
          "Maximum timestamp of the head block. The unit is decided by the library consumer.",
          [this] { return MillisOr(HeadRange().max, kMinTime, -kMost); });
  f.Gauge("prometheus_tsdb_head_min_time_seconds", "Minimum time bound of the head block.",
          [this] { return MillisOr(HeadRange().min, kMaxTime, kMost) / 1000; });
  f.Gauge("prometheus_tsdb_head_max_time_seconds", "Maximum timestamp of the head block.",
          [this] { return MillisOr(HeadRange().max, kMinTime, -kMost) / 1000; });
  f.Gauge("prometheus_tsdb_lowest_timestamp",
          "Lowest timestamp value stored in the database. The unit is decided by the library "
          "consumer.",
          [this] { return MillisOr(Lowest(), kMaxTime, kMost); });
  f.Gauge("prometheus_tsdb_lowest_timestamp_seconds",
          "Lowest timestamp value stored in the database.",
          [this] { return MillisOr(Lowest(), kMaxTime, kMost) / 1000; });
  f.Gauge("prometheus_tsdb_blocks_loaded", "Number of currently loaded data blocks", [this] {
    ReaderLock lock(live_.mu);
    return static_cast<double>(live_.view.parts.size());
  });
  f.Gauge("prometheus_tsdb_storage_blocks_bytes",
          "The number of bytes that are currently used for local storage by all blocks.",
          [this] { return static_cast<double>(shelf_.bytes()); });
  f.Gauge("prometheus_tsdb_symbol_table_size_bytes",
          "Size of symbol table in memory for loaded blocks",
          [this] { return static_cast<double>(index_.MemoryBytes()); });
  f.Gauge("prometheus_tsdb_wal_storage_size_bytes", "Size of the write log directory.",
          [this] { return static_cast<double>(store_->LogBytes()); });
  f.Gauge("prometheus_tsdb_wal_segment_current",
          "Write log segment index that TSDB is currently writing to.", [this] {
            ReaderLock lock(live_.mu);
            return static_cast<double>(live_.view.open->number());
          });
  f.Gauge("prometheus_tsdb_retention_limit_bytes",
          "Max number of bytes to be retained in the tsdb blocks, configured 0 means disabled",
          [this] { return static_cast<double>(live_options().retention_bytes); });
  f.Gauge("prometheus_tsdb_retention_limit_percentage",
          "Max percentage of the disk to be retained in the tsdb blocks, configured 0 means "
          "disabled",
          [this] { return live_options().retention_percentage; });
  f.Gauge("prometheus_tsdb_retention_limit_seconds", "How long to retain samples in storage.",
          [this] { return static_cast<double>(live_options().retention_time.count()) / 1000; });
  // What upstream counts and cannot happen here: parts are never read from disk anew, and nothing
  // is checkpointed.
  registry_.counter("prometheus_tsdb_reloads_total",
                    "Number of times the database reloaded block data from disk.");
  registry_.counter("prometheus_tsdb_reloads_failures_total",
                    "Number of times the database failed to reloadBlocks block data from disk.");
  registry_.counter("prometheus_tsdb_checkpoint_creations_failed_total",
                    "Total number of checkpoint creations that failed.");
  registry_.counter("prometheus_tsdb_checkpoint_deletions_failed_total",
                    "Total number of checkpoint deletions that failed.");
  registry_.counter("prometheus_tsdb_wal_truncations_failed_total",
                    "Total number of write log truncations that failed.");
  f.Gauge("prometheus_tsdb_exemplar_exemplars_in_storage",
          "Number of exemplars currently in circular storage.",
          [this] { return static_cast<double>(head_->exemplars().size()); });
  f.Gauge("prometheus_tsdb_exemplar_series_with_exemplars_in_storage",
          "Number of series with exemplars currently in circular storage.",
          [this] { return static_cast<double>(head_->exemplars().series_count()); });
  f.Gauge("prometheus_tsdb_exemplar_last_exemplars_timestamp_seconds",
          "The timestamp of the oldest exemplar stored in circular storage. Useful to check for "
          "what time range the current exemplar buffer limit allows.",
          [this] { return MillisOr(head_->exemplars().oldest(), kMinTime, 0) / 1000; });
  f.Gauge("prometheus_tsdb_exemplar_max_exemplars",
          "Total number of exemplars the exemplar storage can store, resizeable.",
          [this] { return static_cast<double>(head_->exemplars().capacity()); });
}

}  // namespace meerkat::tsdb
