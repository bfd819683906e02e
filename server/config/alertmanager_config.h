#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/config.h"
#include "base/result.h"
#include "server/net/client_config.h"

namespace meerkat::config {

// alertmanager.yml, read and checked.
struct AlertmanagerFile {
  alerting::Config config;
  // What the ClientIds in `config` number: http_config blocks, and for e-mail only their `tls`.
  std::vector<net::HttpClientConfig> clients;
  std::vector<std::string> warnings;  // "file:line:column: key: text"
  std::size_t template_globs = 0;
};

// The refusals are upstream's, with file, line, column and key in front. `file` names the text in
// messages; relative paths in it are seen from the folder of `file`. Reads the template files and
// time zones that the text names, nothing else.
Result<AlertmanagerFile> ParseAlertmanagerConfig(
    const std::string& file, std::string_view text,
    alerting::MatcherSyntax syntax = alerting::MatcherSyntax::kFallback);

// The zone of an IANA name from the system's time zone files; null for Local and UTC. Reads a file.
Result<std::shared_ptr<const alerting::Zone>> LoadZone(const std::string& name);

// Reads `file` and parses it.
Result<AlertmanagerFile> LoadAlertmanagerConfig(
    const std::string& file, alerting::MatcherSyntax syntax = alerting::MatcherSyntax::kFallback);

}  // namespace meerkat::config
