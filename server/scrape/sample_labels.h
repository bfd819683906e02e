#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/labels.h"
#include "base/result.h"
#include "server/scrape/exposition/parser.h"
#include "server/scrape/scrape_config.h"

namespace meerkat::scrape {

// The labels a sample is stored with: the exposed ones joined with the target's, then metric
// relabeling. Empty: the sample is dropped. `exposed` may hold duplicates and empty values.
Labels SampleLabels(const ScrapeConfig& config, const Labels& target, const RawLabels& exposed);

// The labels of a report series such as `up`.
Labels ReportLabels(std::string_view metric, const Labels& target);

enum class LabelFault : unsigned char { kNone, kInvalid, kLimit };
struct LabelCheck {
  LabelFault fault = LabelFault::kNone;
  std::string reason;
};
// What makes the whole scrape fail: no name, names the job's scheme forbids, label limits.
LabelCheck CheckLabels(const ScrapeConfig& config, const Labels& labels);

// The name that occurs twice; nullopt when all are unique.
std::optional<std::string_view> DuplicateName(const RawLabels& labels);

}  // namespace meerkat::scrape
