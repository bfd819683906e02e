// prometheus.yml: whatever the text, loading ends with a configuration or one error that names the
// place; what was loaded can be printed.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/config/prometheus_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  meerkat::config::LoadOptions options;
  options.follow_includes = false;
  options.environment = [](const std::string&) { return std::nullopt; };
  const auto config = meerkat::config::ParsePrometheusConfig("f.yml", text, options);
  if (config) {
    if (config->ToYaml().empty()) std::abort();
  } else if (!config.error().message().starts_with("f.yml:")) {
    std::abort();
  }
  return 0;
}
