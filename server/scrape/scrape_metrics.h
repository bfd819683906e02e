#pragma once

#include "base/metrics.h"

namespace meerkat::scrape {

// What scraping tells about itself, without the families that have a label per job.
struct ScrapeMetrics {
  explicit ScrapeMetrics(Registry& registry);

  Registry& registry;
  Counter& pools;
  Counter& pools_failed;
  Counter& pool_reloads;
  Counter& pool_reloads_failed;
  Counter& exceeded_target_limit;
  Counter& exceeded_label_limits;
  Counter& exceeded_sample_limit;
  Counter& exceeded_body_size_limit;
  Counter& exceeded_body_memory;
  Counter& exceeded_bucket_limit;
  Counter& duplicate_timestamp;
  Counter& out_of_order;
  Counter& out_of_bounds;
  Counter& exemplar_out_of_order;
  Counter& cache_flush_forced;
  BucketHistogram& scrape_duration;
};

}  // namespace meerkat::scrape
