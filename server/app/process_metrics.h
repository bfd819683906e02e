#pragma once

#include "base/clock.h"
#include "base/metrics.h"

namespace meerkat::app {

// Registers process_* (CPU, memory, descriptors, start time), the few go_* names that dashboards
// ask every Prometheus for, prometheus_build_info and prometheus_ready's neighbours. Values are
// read from /proc when asked.
void RegisterProcessMetrics(Registry& registry, Timestamp started);

// Resident bytes and open descriptors now; 0 where /proc does not tell.
double ResidentBytes();
double OpenDescriptors();
double MaxDescriptors();
double ThreadCount();

}  // namespace meerkat::app
