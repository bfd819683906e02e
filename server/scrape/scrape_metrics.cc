#include "server/scrape/scrape_metrics.h"

namespace meerkat::scrape {

ScrapeMetrics::ScrapeMetrics(Registry& r)
    : registry(r),
      pools(r.counter("prometheus_target_scrape_pools_total",
                      "Total number of scrape pool creation attempts.")),
      pools_failed(r.counter("prometheus_target_scrape_pools_failed_total",
                             "Total number of scrape pool creations that failed.")),
      pool_reloads(r.counter("prometheus_target_scrape_pool_reloads_total",
                             "Total number of scrape pool reloads.")),
      pool_reloads_failed(r.counter("prometheus_target_scrape_pool_reloads_failed_total",
                                    "Total number of failed scrape pool reloads.")),
      exceeded_target_limit(
          r.counter("prometheus_target_scrape_pool_exceeded_target_limit_total",
                    "Total number of times scrape pools hit the target limit, during sync or "
                    "config reload.")),
      exceeded_label_limits(
          r.counter("prometheus_target_scrape_pool_exceeded_label_limits_total",
                    "Total number of times scrape pools hit the label limits, during sync or "
                    "config reload.")),
      exceeded_sample_limit(
          r.counter("prometheus_target_scrapes_exceeded_sample_limit_total",
                    "Total number of scrapes that hit the sample limit and were rejected.")),
      exceeded_body_size_limit(r.counter("prometheus_target_scrapes_exceeded_body_size_limit_total",
                                         "Total number of scrapes that hit the body size limit.")),
      exceeded_body_memory(
          r.counter("meerkat_target_scrapes_exceeded_body_memory_total",
                    "Scrapes that failed because bodies in flight took all memory set aside.")),
      exceeded_bucket_limit(
          r.counter("prometheus_target_scrapes_exceeded_native_histogram_bucket_limit_total",
                    "Total number of scrapes that hit the native histogram bucket limit and were "
                    "rejected.")),
      duplicate_timestamp(
          r.counter("prometheus_target_scrapes_sample_duplicate_timestamp_total",
                    "Total number of samples rejected due to duplicate timestamps but different "
                    "values.")),
      out_of_order(r.counter("prometheus_target_scrapes_sample_out_of_order_total",
                             "Total number of samples rejected due to not being out of the "
                             "expected order.")),
      out_of_bounds(r.counter("prometheus_target_scrapes_sample_out_of_bounds_total",
                              "Total number of samples rejected due to timestamp falling outside "
                              "of the time bounds.")),
      exemplar_out_of_order(
          r.counter("prometheus_target_scrapes_exemplar_out_of_order_total",
                    "Total number of exemplar rejected due to not being out of the expected "
                    "order.")),
      cache_flush_forced(
          r.counter("prometheus_target_scrapes_cache_flush_forced_total",
                    "How many times a scrape cache was flushed due to getting big while scrapes "
                    "are failing.")),
      scrape_duration(r.histogram("prometheus_target_scrape_duration_seconds",
                                  "Duration of scrapes in seconds.",
                                  {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10})) {}

}  // namespace meerkat::scrape
