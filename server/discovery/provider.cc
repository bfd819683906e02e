#include "server/discovery/provider.h"

#include "server/discovery/file_discovery.h"
#include "server/discovery/http_discovery.h"
#include "server/discovery/static_discovery.h"

namespace meerkat::discovery {
namespace {

struct Make {
  const DiscoveryContext& context;
  const std::string& name;

  std::shared_ptr<Provider> operator()(const StaticSd& config) const {
    return std::make_shared<StaticDiscovery>(config);
  }
  std::shared_ptr<Provider> operator()(const FileSd& config) const {
    return std::make_shared<FileDiscovery>(context, config, name);
  }
  std::shared_ptr<Provider> operator()(const HttpSd& config) const {
    return std::make_shared<HttpDiscovery>(context, config, name);
  }
  template <typename Other>
  std::shared_ptr<Provider> operator()(const Other&) const {
    context.log.Error("This kind of discovery is not there yet", {{"config", name}});
    return std::make_shared<StaticDiscovery>(StaticSd{});
  }
};

}  // namespace

std::shared_ptr<Provider> NewProvider(const DiscoveryContext& context, const SdConfig& config,
                                      const std::string& name) {
  return std::visit(Make{context, name}, config);
}

}  // namespace meerkat::discovery
