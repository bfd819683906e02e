#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "server/net/client_config.h"

namespace meerkat::net {

enum class ClientAuth : std::uint8_t {
  kNone,
  kRequest,
  kRequireAny,
  kVerifyIfGiven,
  kRequireAndVerify,
};

// What --web.config.file says, as plain data; server/config reads the file.
struct WebTlsConfig {
  std::string cert, cert_file;  // of this and what is like it: the file counts where both are given
  SecretSource key;
  std::string client_ca, client_ca_file;
  ClientAuth client_auth = ClientAuth::kNone;
  std::vector<std::string> client_allowed_sans;
  std::vector<std::string> cipher_suites;      // Go's names
  std::vector<std::string> curve_preferences;  // Go's names
  TlsVersion min_version = TlsVersion::kTls12;
  TlsVersion max_version = TlsVersion::kTls13;
  bool prefer_server_cipher_suites = true;

  bool enabled() const { return !cert.empty() || !cert_file.empty(); }
};

struct WebConfig {
  WebTlsConfig tls;
  std::map<std::string, std::string> headers;           // added to every response
  std::map<std::string, std::string> basic_auth_users;  // name to bcrypt hash
  Millis rate_limit_interval{0};                        // one request each, after a burst; 0: off
  std::int64_t rate_limit_burst = 1;
};

// Reads the certificates the configuration names, as a server start would.
Result<> CheckWebTls(const WebTlsConfig& config);

// Compares a password with a bcrypt hash ($2a$, $2b$, $2y$). About 60 ms at cost 10 by design: run
// it on a pool.
bool BcryptMatches(std::string_view password, std::string_view hash);
// What a hash must look like to be accepted from a file, in words of upstream.
Result<> CheckBcrypt(std::string_view hash);

}  // namespace meerkat::net
