#pragma once

#include "server/config/fields.h"
#include "server/config/prometheus_config.h"
#include "server/scrape/scrape_config.h"

namespace meerkat::config {

void GlobalFields(Fields& fields, GlobalConfig& global);
void ScrapeFields(Fields& fields, scrape::ScrapeConfig& job);

// Fills in what `job` inherits and checks it against `global`.
Result<> InheritGlobal(scrape::ScrapeConfig& job, const GlobalConfig& global);

// One job as upstream prints it, secrets hidden.
std::string ScrapeConfigToYaml(const scrape::ScrapeConfig& job);

}  // namespace meerkat::config
