#pragma once

#include <vector>

#include "alerting/config.h"
#include "base/result.h"

namespace meerkat::alerting {

// Whether the template files parse, alone and over the default templates: what an alert manager
// would refuse at its start.
Result<> CheckTemplates(const std::vector<TemplateFile>& files);

}  // namespace meerkat::alerting
