#pragma once

#include <string_view>

#include "base/result.h"

// The two little languages that choose objects of a Kubernetes cluster. The cluster answers them;
// here a slip is found before it is asked.
namespace meerkat::config {

// status.phase=Running,metadata.name!=x
Result<> CheckFieldSelector(std::string_view text);

// app=web, tier in (a, b), !canary, generation > 3
Result<> CheckLabelSelector(std::string_view text);

}  // namespace meerkat::config
