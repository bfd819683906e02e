#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace meerkat::web {

// A text exposition (our own registry's) as a JSON array of metric families in the shape of
// io.prometheus.client.MetricFamily; only families whose name is wanted.
std::string FamiliesJson(std::string_view exposition,
                         const std::function<bool(std::string_view name)>& wanted);

// The same as delimited messages.
std::string FamilyMessages(std::string_view exposition);

}  // namespace meerkat::web
