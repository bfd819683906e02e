#pragma once

#include "server/config/fields.h"
#include "server/remote/remote_config.h"

namespace meerkat::config {

void RemoteWriteFields(Fields& fields, remote::RemoteWriteConfig& config);
void RemoteReadFields(Fields& fields, remote::RemoteReadConfig& config);

}  // namespace meerkat::config
