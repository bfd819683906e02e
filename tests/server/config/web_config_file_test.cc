#include "server/config/web_config_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace meerkat::config {
namespace {

TEST(WebConfigFile, ReadsAllKeys) {
  auto config = ParseWebConfig("/etc/m/web.yml", R"(
tls_server_config:
  cert_file: c.pem
  key_file: /k.pem
  client_ca_file: ca.pem
  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans: [a.test]
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305]
  curve_preferences: [X25519]
  min_version: TLS11
  max_version: TLS12
  prefer_server_cipher_suites: false
http_server_config:
  http2: false
  headers: {X-Frame-Options: deny}
rate_limit: {interval: 1s, burst: 20}
basic_auth_users:
  admin: $2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW
)");
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->tls.cert_file, "/etc/m/c.pem");
  EXPECT_EQ(config->tls.key.file, "/k.pem");
  EXPECT_EQ(config->tls.client_auth, net::ClientAuth::kRequireAndVerify);
  EXPECT_EQ(config->tls.min_version, net::TlsVersion::kTls11);
  EXPECT_EQ(config->headers.at("X-Frame-Options"), "deny");
  EXPECT_EQ(config->rate_limit_burst, 20);
  EXPECT_EQ(config->basic_auth_users.size(), 1U);
}

TEST(WebConfigFile, RefusesWhatUpstreamRefuses) {
  struct Case {
    std::string text;
    std::string reason;
  };
  const Case cases[] = {
      {"tls_server_config: {key_file: k}\n", "missing one of cert or cert_file"},
      {"tls_server_config: {cert_file: k}\n", "missing one of key or key_file"},
      {"tls_server_config: {cert_file: c, key_file: k, client_ca_file: a}\n",
       "client CA's have been configured without a Client Auth Policy"},
      {"tls_server_config: {client_auth_type: Maybe}\n", "Invalid ClientAuth: Maybe"},
      {"tls_server_config: {min_version: TLS14}\n", "unknown TLS version: TLS14"},
      {"tls_server_config: {cipher_suites: [ROT13]}\n", "unknown cipher: ROT13"},
      {"http_server_config: {headers: {Server: x}}\n",
       "HTTP header \"Server\" can not be configured"},
      {"http_server_config: {headers: {X-Frame-Options: allow}}\n",
       "invalid value for X-Frame-Options. Expected one of: [\"\" \"deny\" \"sameorigin\"], but "
       "got: \"allow\""},
      {"basic_auth_users: {a: plain}\n",
       "crypto/bcrypt: hashedSecret too short to be a bcrypted password"},
      {"users: {}\n", "users"},
  };
  for (const Case& c : cases) {
    auto config = ParseWebConfig("web.yml", c.text);
    ASSERT_FALSE(config.ok()) << c.text;
    EXPECT_NE(config.error().message().find(c.reason), std::string::npos)
        << config.error().message();
  }
}

TEST(WebConfigFile, SeesChanges) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("meerkat-web-config-" + std::to_string(getpid()) + ".yml");
  std::ofstream(path) << "http_server_config: {headers: {X-Frame-Options: deny}}\n";
  WebConfigFile file(path.string());
  auto first = file.Current();
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->get(), file.Current()->get());  // not read again
  std::ofstream(path) << "{}\n";
  auto second = file.Current();
  ASSERT_TRUE(second.ok()) << second.error().message();
  EXPECT_TRUE((*second)->headers.empty());
  std::ofstream(path) << "nonsense: [\n";
  EXPECT_FALSE(file.Current().ok());
  std::filesystem::remove(path);
  EXPECT_FALSE(file.Current().ok());
}

}  // namespace
}  // namespace meerkat::config
