#include "server/scrape/same_scraping.h"

namespace meerkat::scrape {

bool SameScraping(const ScrapeConfig& a, const ScrapeConfig& b) {
  ScrapeConfig changed = a;
  changed.service_discovery = b.service_discovery;
  changed.keep_dropped_targets = b.keep_dropped_targets;
  changed.limits.targets = b.limits.targets;
  return changed == b;
}

bool SameSeries(const ScrapeConfig& a, const ScrapeConfig& b) {
  ScrapeConfig changed = a;
  changed.scrape_interval = b.scrape_interval;
  changed.scrape_timeout = b.scrape_timeout;
  changed.limits.samples = b.limits.samples;
  changed.limits.body_size = b.limits.body_size;
  changed.http = b.http;
  return SameScraping(changed, b);
}

}  // namespace meerkat::scrape
