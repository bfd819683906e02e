#pragma once

#include <string_view>

#include "base/result.h"
#include "server/push/family.h"

namespace meerkat::push {

// A whole body in the text format 0.0.4 as families. Stricter than what a scrape takes, as upstream
// is: every line ends with a line break, a type is told once and before the samples. Families
// without samples are left out. kInvalid, in upstream's words:
// `text format parsing error in line 3: expected float as value, got "x"`.
Result<Families> ReadText(std::string_view body);

}  // namespace meerkat::push
