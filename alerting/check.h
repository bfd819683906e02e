#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "alerting/config.h"
#include "base/result.h"

namespace meerkat::alerting {

// Whether the template files parse, alone and over the default templates: what an alert manager
// would refuse at its start.
Result<> CheckTemplates(const std::vector<TemplateFile>& files);

// Renders `text` as a receiver would. `data` is JSON as a webhook gets it; "": a small example.
Result<std::string> RenderTemplate(const std::vector<TemplateFile>& files, std::string_view text,
                                   bool html, std::string_view data);

}  // namespace meerkat::alerting
