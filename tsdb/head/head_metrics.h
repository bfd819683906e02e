#pragma once

#include "base/metrics.h"

namespace meerkat::tsdb {

// What the head tells about itself, under upstream's names.
struct HeadMetrics {
  explicit HeadMetrics(Registry& registry);

  Counter& float_samples;
  Counter& histogram_samples;
  Counter& float_out_of_order_taken;
  Counter& histogram_out_of_order_taken;
  Counter& float_out_of_order;
  Counter& histogram_out_of_order;
  Counter& float_out_of_bounds;
  Counter& histogram_out_of_bounds;
  Counter& float_too_old;
  Counter& histogram_too_old;
  Counter& series_created;
  Counter& series_removed;
  Counter& series_not_found;
  Counter& appenders;
  Gauge& active_appenders;
  Counter& journal_writes_failed;
  Counter& journal_bytes;
  Counter& journal_corruptions;
  Counter& exemplars;
  Counter& exemplars_out_of_order;
};

}  // namespace meerkat::tsdb
