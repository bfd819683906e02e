#include "server/app/version.h"

namespace meerkat::app {

std::string_view Compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

std::string VersionText() {
  return "meerkat, version " + std::string(kVersion) + "\n  speaks as:  Prometheus " +
         std::string(kPrometheusVersion) + ", Alertmanager " + std::string(kAlertmanagerVersion) +
         "\n  built with: " + std::string(Compiler()) + "\n";
}

std::string ToolVersionText(std::string_view tool) {
  const std::string_view version = tool == "amtool" ? kAlertmanagerVersion : kPrometheusVersion;
  return std::string(tool) + ", version " + std::string(version) +
         " (branch: main, revision: meerkat-" + std::string(kVersion) +
         ")\n  built with: " + std::string(Compiler()) + "\n";
}

}  // namespace meerkat::app
