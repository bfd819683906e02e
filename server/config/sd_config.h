#pragma once

#include "server/config/fields.h"
#include "server/discovery/sd_config.h"

namespace meerkat::config {

// All `*_sd_configs` and `static_configs` of a block. Kinds that only upstream has are refused with
// the way around them.
void SdFields(Fields& fields, discovery::SdConfigs& configs);

// Refuses static targets with a slash: most often a URL where host:port belongs.
void CheckStaticTargets(Fields& fields, const discovery::SdConfigs& configs);

}  // namespace meerkat::config
