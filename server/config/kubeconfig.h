#pragma once

#include <string>

#include "base/result.h"
#include "server/net/client_config.h"

namespace meerkat::config {

// The current context of a kubeconfig file: where the cluster is and who we are there.
struct Kubeconfig {
  std::string server;
  std::string name_space;
  net::HttpClientConfig http;
};
Result<Kubeconfig> ReadKubeconfig(const std::string& path);

}  // namespace meerkat::config
