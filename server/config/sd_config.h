#pragma once

#include "server/config/fields.h"
#include "server/discovery/sd_config.h"

namespace meerkat::config {

// All `*_sd_configs` and `static_configs` of a block. Kinds that only upstream has are refused with
// the way around them.
void SdFields(Fields& fields, discovery::SdConfigs& configs);

}  // namespace meerkat::config
