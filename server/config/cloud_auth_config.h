#pragma once

#include "server/config/fields.h"
#include "server/remote/remote_config.h"

// How requests to the remote storages of three clouds are signed, with upstream's checks.
namespace meerkat::config {

void SigV4Fields(Fields& fields, remote::SigV4Config& config);
void AzureAdFields(Fields& fields, remote::AzureAdConfig& config);
void GoogleIamFields(Fields& fields, remote::GoogleIamConfig& config);

}  // namespace meerkat::config
