#pragma once

#include "server/config/fields.h"
#include "server/config/prometheus_config.h"
#include "server/scrape/scrape_config.h"

namespace meerkat::config {

void GlobalFields(Fields& fields, GlobalConfig& global);
void ScrapeFields(Fields& fields, scrape::ScrapeConfig& job);

// Fills in what `job` inherits and checks it against `global`. `place` is the job's in the document
// of `fields`; what is wrong is told where it is written, in the job or in the global section.
void InheritGlobal(Fields& fields, const YamlPath& place, scrape::ScrapeConfig& job,
                   const GlobalConfig& global);

// One job as upstream prints it, secrets hidden.
std::string ScrapeConfigToYaml(const scrape::ScrapeConfig& job);

}  // namespace meerkat::config
