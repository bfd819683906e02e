#include <cassert>

#include "base/quote.h"
#include "server/config/prometheus_config.h"

namespace meerkat::config {

PrometheusConfig DefaultConfig(const std::string& self_address, const std::string& watch_list) {
  const std::string text = R"(
global:
  scrape_interval: 5s
  evaluation_interval: 5s
scrape_configs:
- job_name: prometheus
  static_configs:
  - targets: [")" + self_address +
                           R"("]
- job_name: node
  scheme: builtin
  metrics_path: /host
  static_configs:
  - targets: [")" + self_address +
                           R"("]
- job_name: watched
  file_sd_configs:
  - files: [)" + Quote(watch_list) +
                           R"(]
)";
  auto config = ParsePrometheusConfig("built-in configuration", text);
  assert(config);
  return *std::move(config);
}

}  // namespace meerkat::config
