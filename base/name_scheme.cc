#include "base/name_scheme.h"

#include "base/labels.h"
#include "base/utf8.h"

namespace meerkat {

bool IsValidMetricName(NameScheme scheme, std::string_view name) {
  if (scheme == NameScheme::kLegacy) return IsLegacyMetricName(name);
  return !name.empty() && IsValidUtf8(name);
}

bool IsValidLabelName(NameScheme scheme, std::string_view name) {
  if (scheme == NameScheme::kLegacy) return IsLegacyLabelName(name);
  return !name.empty() && IsValidUtf8(name);
}

}  // namespace meerkat
