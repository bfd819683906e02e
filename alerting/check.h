#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/config.h"
#include "alerting/time_interval.h"
#include "base/clock.h"
#include "base/result.h"

namespace meerkat::alerting {

// Whether the template files parse, alone and over the default templates: what an alert manager
// would refuse at its start.
Result<> CheckTemplates(const std::vector<TemplateFile>& files);

// What templates ask the world for; a null zone is UTC.
struct TemplateTime {
  std::function<Timestamp()> now;
  std::function<Result<std::shared_ptr<const Zone>>(const std::string& name)> zone;
};

// Renders `text` as a receiver would. `data` is JSON as a webhook gets it; "": a small example.
Result<std::string> RenderTemplate(const std::vector<TemplateFile>& files, std::string_view text,
                                   bool html, std::string_view data, const TemplateTime& time);

}  // namespace meerkat::alerting
