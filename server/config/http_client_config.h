#pragma once

#include "server/config/fields.h"
#include "server/net/client_config.h"

namespace meerkat::config {

// The HTTP client keys that stand inline in scrape jobs, discovery, Alertmanager and remote blocks,
// and under `http_config` in alertmanager.yml. Checks them against each other with upstream's
// words.
void HttpClientFields(Fields& fields, net::HttpClientConfig& config);

// Names that http_headers and the headers of tracing may not set.
bool IsReservedHeader(std::string_view name);

// The keys of a tls_config block.
void TlsFields(Fields& fields, net::TlsConfig& config);

// An http or https URL with a host; refused at `key` otherwise.
void CheckUrl(Fields& fields, std::string_view key, const std::string& url);

}  // namespace meerkat::config
