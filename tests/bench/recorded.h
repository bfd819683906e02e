#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

// The recorded scrapes of the shared corpus as columns, for benchmarks.
namespace meerkat::bench {

struct RecordedSeries {
  std::string key;                  // name and labels as scraped
  std::vector<std::uint32_t> rows;  // scrapes it is in
  std::vector<double> values;
};

struct Recorded {
  std::vector<Timestamp> times;
  std::vector<RecordedSeries> series;  // in the order they first appear
  std::size_t samples = 0;
};

// Reads `name`.5s.xz of the corpus, every `step`-th scrape. Empty when the file is not there.
Recorded LoadRecorded(const std::string& name, std::size_t step);

}  // namespace meerkat::bench
