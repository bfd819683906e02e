#include "tsdb/head/head_metrics.h"

namespace meerkat::tsdb {

namespace {

const Labels kFloat{{"type", "float"}};
const Labels kHistogram{{"type", "histogram"}};

constexpr const char* kAppended = "prometheus_tsdb_head_samples_appended_total";
constexpr const char* kAppendedHelp = "Total number of appended samples.";
constexpr const char* kLate = "prometheus_tsdb_head_out_of_order_samples_appended_total";
constexpr const char* kLateHelp = "Total number of appended out of order samples.";
constexpr const char* kOrder = "prometheus_tsdb_out_of_order_samples_total";
constexpr const char* kOrderHelp =
    "Total number of out of order samples ingestion failed attempts due to out of order being "
    "disabled.";
constexpr const char* kBounds = "prometheus_tsdb_out_of_bound_samples_total";
constexpr const char* kBoundsHelp =
    "Total number of out of bound samples ingestion failed attempts with out of order support "
    "disabled.";
constexpr const char* kOld = "prometheus_tsdb_too_old_samples_total";
constexpr const char* kOldHelp =
    "Total number of out of order samples ingestion failed attempts with out of support enabled, "
    "but sample outside of time window.";

}  // namespace

HeadMetrics::HeadMetrics(Registry& registry)
    : float_samples(registry.counter(kAppended, kAppendedHelp, kFloat)),
      histogram_samples(registry.counter(kAppended, kAppendedHelp, kHistogram)),
      float_out_of_order_taken(registry.counter(kLate, kLateHelp, kFloat)),
      histogram_out_of_order_taken(registry.counter(kLate, kLateHelp, kHistogram)),
      float_out_of_order(registry.counter(kOrder, kOrderHelp, kFloat)),
      histogram_out_of_order(registry.counter(kOrder, kOrderHelp, kHistogram)),
      float_out_of_bounds(registry.counter(kBounds, kBoundsHelp, kFloat)),
      histogram_out_of_bounds(registry.counter(kBounds, kBoundsHelp, kHistogram)),
      float_too_old(registry.counter(kOld, kOldHelp, kFloat)),
      histogram_too_old(registry.counter(kOld, kOldHelp, kHistogram)),
      series_created(registry.counter("prometheus_tsdb_head_series_created_total",
                                      "Total number of series created in the head")),
      series_removed(registry.counter("prometheus_tsdb_head_series_removed_total",
                                      "Total number of series removed in the head")),
      series_not_found(registry.counter("prometheus_tsdb_head_series_not_found_total",
                                        "Total number of requests for series that were not "
                                        "found.")),
      appenders(registry.counter("prometheus_tsdb_head_appenders_created_total",
                                 "Total number of appenders created")),
      active_appenders(registry.gauge("prometheus_tsdb_head_active_appenders",
                                      "Number of currently active appender transactions")),
      journal_writes_failed(registry.counter("prometheus_tsdb_wal_writes_failed_total",
                                             "Total number of write log writes that failed.")),
      journal_bytes(
          registry.counter("prometheus_tsdb_wal_record_parts_bytes_written_total",
                           "Total number of record part bytes written to the write log.")),
      journal_corruptions(registry.counter("prometheus_tsdb_wal_corruptions_total",
                                           "Total number of WAL corruptions.")),
      exemplars(registry.counter("prometheus_tsdb_exemplar_exemplars_appended_total",
                                 "Total number of appended exemplars.")),
      exemplars_out_of_order(
          registry.counter("prometheus_tsdb_exemplar_out_of_order_exemplars_total",
                           "Total number of out of order exemplar ingestion failed attempts.")) {}

}  // namespace meerkat::tsdb
