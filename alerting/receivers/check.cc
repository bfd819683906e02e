#include "alerting/check.h"

#include "alerting/receivers/templates.h"

namespace meerkat::alerting {

Result<> CheckTemplates(const std::vector<TemplateFile>& files) {
  const TemplateWorld nowhere{[] { return Timestamp(); },
                              [](std::string_view, Timestamp) -> Result<templates::LocalZone> {
                                return templates::LocalZone{};
                              }};
  auto templates = TemplateSet::Make(files, nowhere);
  if (!templates) return std::move(templates).error();
  return {};
}

}  // namespace meerkat::alerting
