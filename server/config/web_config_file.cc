#include "server/config/web_config_file.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/quote.h"
#include "server/config/fields.h"

namespace meerkat::config {
namespace {

using Version = std::pair<std::string_view, net::TlsVersion>;
constexpr Version kVersions[] = {{"TLS13", net::TlsVersion::kTls13},
                                 {"TLS12", net::TlsVersion::kTls12},
                                 {"TLS11", net::TlsVersion::kTls11},
                                 {"TLS10", net::TlsVersion::kTls10}};

using Auth = std::pair<std::string_view, net::ClientAuth>;
constexpr Auth kClientAuth[] = {
    {"NoClientCert", net::ClientAuth::kNone},
    {"RequestClientCert", net::ClientAuth::kRequest},
    {"RequireAnyClientCert", net::ClientAuth::kRequireAny},
    {"RequireClientCert", net::ClientAuth::kRequireAny},
    {"VerifyClientCertIfGiven", net::ClientAuth::kVerifyIfGiven},
    {"RequireAndVerifyClientCert", net::ClientAuth::kRequireAndVerify},
};

constexpr std::string_view kCurves[] = {"CurveP256", "CurveP384", "CurveP521", "X25519",
                                        "X25519MLKEM768"};

bool IsCipher(std::string name) {
  if (name.ends_with("_POLY1305")) name += "_SHA256";
  const char* known = OPENSSL_cipher_name(name.c_str());
  return known != nullptr && std::strcmp(known, "(NONE)") != 0;
}

void TlsServerFields(Fields& fields, net::WebTlsConfig& tls) {
  fields.Field("cert", tls.cert);
  fields.Field("key", tls.key.value);
  fields.Field("client_ca", tls.client_ca);
  fields.Path("cert_file", tls.cert_file);
  fields.Path("key_file", tls.key.file);
  fields.Path("client_ca_file", tls.client_ca_file);
  fields.Enum<net::ClientAuth>(
      "client_auth_type", tls.client_auth, kClientAuth, Show::kAlways,
      [](const std::string& text) { return "Invalid ClientAuth: " + text; });
  fields.Field("client_allowed_sans", tls.client_allowed_sans);
  fields.Field("cipher_suites", tls.cipher_suites);
  fields.Field("curve_preferences", tls.curve_preferences);
  const auto bad_version = [](const std::string& text) { return "unknown TLS version: " + text; };
  fields.Enum<net::TlsVersion>("min_version", tls.min_version, kVersions, Show::kAlways,
                               bad_version);
  fields.Enum<net::TlsVersion>("max_version", tls.max_version, kVersions, Show::kAlways,
                               bad_version);
  fields.Field("prefer_server_cipher_suites", tls.prefer_server_cipher_suites);

  for (const std::string& name : tls.cipher_suites) {
    if (!IsCipher(name)) fields.Fail("cipher_suites", "unknown cipher: " + name);
  }
  for (const std::string& name : tls.curve_preferences) {
    if (std::ranges::find(kCurves, name) == std::end(kCurves)) {
      fields.Fail("curve_preferences", "unknown curve: " + name);
    }
  }
  const bool has_cert = !tls.cert.empty() || !tls.cert_file.empty();
  const bool has_key = !tls.key.empty();
  const bool has_ca = !tls.client_ca.empty() || !tls.client_ca_file.empty();
  if (has_key && !has_cert) fields.Fail("cert", "missing one of cert or cert_file");
  if (has_cert && !has_key) fields.Fail("key", "missing one of key or key_file");
  if (has_ca && tls.client_auth == net::ClientAuth::kNone) {
    fields.Fail("client_ca_file", "client CA's have been configured without a Client Auth Policy");
  }
}

// Only headers that protect browsers may be set, and some of them only to sensible values.
void CheckHeader(Fields& fields, const std::string& name, const std::string& value) {
  struct Rule {
    std::string_view name;
    std::vector<std::string_view> values;  // empty: any
  };
  static const std::array<Rule, 5> kRules = {{
      {"Strict-Transport-Security", {}},
      {"X-Content-Type-Options", {"", "nosniff"}},
      {"X-Frame-Options", {"", "deny", "sameorigin"}},
      {"X-XSS-Protection", {}},
      {"Content-Security-Policy", {}},
  }};
  const auto rule = std::ranges::find_if(kRules, [&](const Rule& r) { return r.name == name; });
  if (rule == kRules.end()) {
    fields.Fail("headers", "HTTP header " + Quote(name) + " can not be configured");
    return;
  }
  if (rule->values.empty()) return;
  if (std::ranges::find(rule->values, value) != rule->values.end()) return;
  std::string expected = "[";
  for (const std::string_view allowed : rule->values) {
    expected += (expected.size() > 1 ? " " : "") + Quote(allowed);
  }
  fields.Fail("headers", "invalid value for " + name + ". Expected one of: " + expected +
                             "], but got: " + Quote(value));
}

void WebFields(Fields& fields, net::WebConfig& config) {
  fields.Block("tls_server_config", [&](Fields& tls) { TlsServerFields(tls, config.tls); });
  fields.Block("http_server_config", [&](Fields& http) {
    bool http2 = true;  // accepted; HTTP/1.1 is spoken
    http.Field("http2", http2);
    http.Field("headers", config.headers);
    for (const auto& [name, value] : config.headers) CheckHeader(http, name, value);
  });
  fields.Block("rate_limit", [&](Fields& limit) {
    limit.Field("interval", config.rate_limit_interval);
    limit.Field("burst", config.rate_limit_burst);
  });
  fields.Field("basic_auth_users", config.basic_auth_users);
  for (const auto& [user, hash] : config.basic_auth_users) {
    if (auto good = net::CheckBcrypt(hash); !good) {
      fields.Fail("basic_auth_users", good.error().message());
    }
  }
}

}  // namespace

Result<net::WebConfig> ParseWebConfig(const std::string& file, std::string_view text) {
  net::WebConfig config;
  const std::string directory = std::filesystem::path(file).parent_path().string();
  auto outcome = ReadYamlMap(file, text, [&](YamlMap& map) {
    Fields fields(map, directory);
    WebFields(fields, config);
  });
  if (!outcome) return std::move(outcome).error();
  return config;
}

Result<std::shared_ptr<const net::WebConfig>> WebConfigFile::Current() {
  std::error_code error;
  Stamp stamp;
  stamp.changed = std::filesystem::last_write_time(path_, error);
  if (!error) stamp.size = std::filesystem::file_size(path_, error);
  if (error) {
    return Error(Code::kUnavailable, "open " + path_ + ": " + error.message());
  }
  MutexLock lock(mu_);
  if (config_ != nullptr && stamp == stamp_) return config_;
  std::ifstream in(path_, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  auto parsed = ParseWebConfig(path_, text);
  if (!parsed) return std::move(parsed).error();
  config_ = std::make_shared<const net::WebConfig>(std::move(*parsed));
  stamp_ = stamp;
  return config_;
}

}  // namespace meerkat::config
