#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/labels.h"
#include "base/result.h"
#include "server/discovery/sd_config.h"
#include "server/scrape/scrape_config.h"

namespace meerkat::scrape {

// One thing to scrape: what discovery said, what relabeling made of it. Immutable. Threads: any.
struct Target {
  Labels discovered;  // before relabeling
  Labels all;         // after it, internal __* labels included
  Labels labels;      // what its samples get: without __*
  std::string url;
  Millis interval{0};
  Millis timeout{0};
  bool native_histograms = false;
  bool classic_beside_native = false;
  bool convert_classic = false;
  std::uint64_t hash = 0;  // of labels and URL, stable over restarts

  std::string_view address() const { return all.Get("__address__"); }
};

// What became of one discovered target.
struct TargetOutcome {
  Labels discovered;
  std::optional<Target> target;  // none: dropped by relabeling, or refused
  std::string error;             // why it was refused; "" when merely dropped
};

// The labels a target has before relabeling: its own, its group's, the job's defaults.
Labels DiscoveredLabels(const ScrapeConfig& config, const Labels& target, const Labels& group);

TargetOutcome MakeTarget(const ScrapeConfig& config, const Labels& target, const Labels& group);

// How long after a multiple of the interval this target is scraped: spreads targets evenly over
// moments a tenth of a second apart (of the interval, if it is below a second), and stays the same
// over restarts. Servers of different seeds have different moments.
Millis ScrapeOffset(const Target& target, std::uint64_t seed);

// The Accept header that asks for `protocols`, most wanted first.
std::string AcceptHeader(const std::vector<ScrapeProtocol>& protocols, EscapingScheme escaping);

}  // namespace meerkat::scrape
