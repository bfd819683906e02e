#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "server/net/client_config.h"
#include "server/net/tls.h"

namespace meerkat::net {

// What a configuration adds to each request of its client, read from the files it names.
struct Credentials {
  TlsContext tls;             // null where none is needed; not ReadCredentials' business
  std::string authorization;  // the header's value; "": none
  std::vector<std::pair<std::string, std::string>> headers;
};

// Whether a file has to be read for every request, for it may be rotated at any time. Without, the
// credentials are constants. TLS's own files do not count: ClientTls watches them.
bool ReadsFiles(const HttpClientConfig& config);

// Blocks when ReadsFiles; cannot fail otherwise. Errors name the file. `credentials.tls` stays.
Result<> ReadCredentials(const HttpClientConfig& config, Credentials& credentials);

}  // namespace meerkat::net
