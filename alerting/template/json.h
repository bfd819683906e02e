#pragma once

#include <string>

#include "alerting/template.h"

namespace meerkat::alerting::templates {

// As Go's encoding/json writes it, with <, > and & escaped so that it may stand in HTML.
std::string ToJson(const Value& value);

}  // namespace meerkat::alerting::templates
