#pragma once

#include "server/scrape/scrape_config.h"

// What a changed job may keep of what it was; private to server/scrape.
namespace meerkat::scrape {

// Whether targets are scraped in the very same way by both; where they come from may differ.
bool SameScraping(const ScrapeConfig& a, const ScrapeConfig& b);
// Whether a page becomes the same series by both.
bool SameSeries(const ScrapeConfig& a, const ScrapeConfig& b);

}  // namespace meerkat::scrape
