#pragma once

#include "server/config/fields.h"
#include "server/remote/remote_config.h"

namespace meerkat::config {

void RemoteWriteFields(Fields& fields, remote::RemoteWriteConfig& config);
void RemoteReadFields(Fields& fields, remote::RemoteReadConfig& config);

// Ways to sign requests that upstream has and this server has not: a block under `key` is refused.
void RefuseSigning(Fields& fields, std::string_view key);

}  // namespace meerkat::config
