#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/name_scheme.h"
#include "base/relabel.h"
#include "server/discovery/sd_config.h"
#include "server/net/client_config.h"

namespace meerkat::scrape {

enum class ScrapeProtocol : unsigned char {
  kPrometheusProto,
  kOpenMetrics001,
  kOpenMetrics100,
  kPrometheusText004,
  kPrometheusText100,
};

// How names outside of the legacy alphabet are asked for.
enum class EscapingScheme : unsigned char { kAllowUtf8, kUnderscores, kDots, kValues };

// What each scrape may cost; 0: no limit.
struct ScrapeLimits {
  std::uint64_t body_size = 0;  // bytes, decoded
  std::uint64_t samples = 0;
  std::uint64_t targets = 0;
  std::uint64_t labels = 0;
  std::uint64_t label_name_length = 0;
  std::uint64_t label_value_length = 0;
  bool operator==(const ScrapeLimits&) const = default;
};

// One scrape job, with everything inherited from `global` filled in.
struct ScrapeConfig {
  std::string job_name;
  bool honor_labels = false;
  bool honor_timestamps = true;
  bool track_timestamps_staleness = false;
  std::map<std::string, std::vector<std::string>> params;
  Millis scrape_interval{0};
  Millis scrape_timeout{0};
  std::vector<ScrapeProtocol> scrape_protocols;
  std::optional<ScrapeProtocol> fallback_scrape_protocol;
  std::optional<bool> scrape_native_histograms;
  std::optional<bool> always_scrape_classic_histograms;
  std::optional<bool> convert_classic_histograms_to_nhcb;
  std::optional<bool> extra_scrape_metrics;
  std::string scrape_failure_log_file;
  std::string metrics_path = "/metrics";
  std::string scheme = "http";
  bool enable_compression = true;
  ScrapeLimits limits;
  std::uint64_t native_histogram_bucket_limit = 0;
  double native_histogram_min_bucket_factor = 0;
  std::uint64_t keep_dropped_targets = 0;
  // As written for this very job; the effective ones follow.
  std::optional<NameScheme> name_scheme_set;
  std::optional<EscapingScheme> escaping_scheme_set;
  NameScheme name_scheme = NameScheme::kUtf8;
  EscapingScheme escaping_scheme = EscapingScheme::kAllowUtf8;
  discovery::SdConfigs service_discovery;
  net::HttpClientConfig http;
  std::vector<RelabelRule> relabel_rules;
  std::vector<RelabelRule> metric_relabel_rules;

  bool operator==(const ScrapeConfig&) const = default;
};

}  // namespace meerkat::scrape
