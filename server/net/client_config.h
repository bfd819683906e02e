#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace meerkat::net {

// Text nobody is shown: prints as <secret> wherever a configuration is printed.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  bool empty() const { return value_.empty(); }
  const std::string& Reveal() const { return value_; }
  std::string ToString() const { return value_.empty() ? "" : "<secret>"; }
  bool operator==(const Secret&) const = default;

 private:
  std::string value_;
};

// A secret given in place or in a file; a file is read again at each use, so it may be rotated.
// Trailing white space of a file does not count.
struct SecretSource {
  Secret value;
  std::string file;
  bool empty() const { return value.empty() && file.empty(); }
  bool operator==(const SecretSource&) const = default;
};

enum class TlsVersion : std::uint8_t { kDefault, kTls10, kTls11, kTls12, kTls13 };

// How a client speaks TLS. PEM texts in place, or files that are read again when they change.
struct TlsConfig {
  std::string ca, ca_file;
  std::string cert, cert_file;
  SecretSource key;
  std::string server_name;  // "": the host of the URL
  bool insecure_skip_verify = false;
  TlsVersion min_version = TlsVersion::kDefault;  // TLS 1.2
  TlsVersion max_version = TlsVersion::kDefault;  // the newest
  bool operator==(const TlsConfig&) const = default;
};

struct ProxyConfig {
  std::string url;  // http:// or https://; "": none
  std::string no_proxy;
  bool from_environment = false;  // HTTP_PROXY, HTTPS_PROXY, NO_PROXY
  std::vector<std::pair<std::string, std::vector<Secret>>> connect_headers;
  bool operator==(const ProxyConfig&) const = default;
};

struct BasicAuth {
  std::string username, username_file;
  SecretSource password;
  bool operator==(const BasicAuth&) const = default;
};

struct Authorization {
  std::string type = "Bearer";
  SecretSource credentials;
  bool operator==(const Authorization&) const = default;
};

struct Oauth2Config {
  std::string client_id;
  SecretSource client_secret;
  std::string token_url;
  std::vector<std::string> scopes;
  std::map<std::string, std::string> endpoint_params;
  std::string grant_type = "client_credentials";
  // Only for grant_type urn:ietf:params:oauth:grant-type:jwt-bearer.
  std::string client_certificate_key_id;
  SecretSource client_certificate_key;
  std::string signature_algorithm = "RS256";
  std::string issuer;                         // "": client_id
  std::string audience;                       // "": token_url
  std::map<std::string, std::string> claims;  // values are JSON
  TlsConfig tls;
  ProxyConfig proxy;
  bool operator==(const Oauth2Config&) const = default;
};

struct HttpHeaderValues {
  std::vector<std::string> values;
  std::vector<Secret> secrets;
  std::vector<std::string> files;
  bool operator==(const HttpHeaderValues&) const = default;
};

// The HTTP client options that scrape jobs, discovery, Alertmanagers, receivers and remote
// endpoints share. At most one of basic_auth, authorization and oauth2 is set; who fills this in
// has checked it.
struct HttpClientConfig {
  std::optional<BasicAuth> basic_auth;
  std::optional<Authorization> authorization;
  std::optional<Oauth2Config> oauth2;
  TlsConfig tls;
  ProxyConfig proxy;
  bool follow_redirects = true;
  bool enable_http2 = true;  // accepted; HTTP/1.1 is spoken
  std::map<std::string, HttpHeaderValues> http_headers;
  bool operator==(const HttpClientConfig&) const = default;
};

}  // namespace meerkat::net
