#include "server/config/http_client_config.h"

#include <algorithm>

#include "base/letter_case.h"
#include "base/quote.h"
#include "server/net/url.h"

namespace meerkat::config {
namespace {

constexpr std::string_view kReservedHeaders[] = {
    "authorization",
    "host",
    "content-encoding",
    "content-length",
    "content-type",
    "user-agent",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "www-authenticate",
    "accept-encoding",
    "x-prometheus-remote-write-version",
    "x-prometheus-remote-read-version",
    "x-prometheus-scrape-timeout-seconds",
};

// `*_ref` names a secret of an embedding program; on its own this server has none.
void RefuseRef(Fields& fields, std::string_view key) {
  if (!fields.reading()) return;
  std::string name;
  if (fields.map().Read(key, name) && !name.empty()) {
    fields.Fail(key, "unable to use secret ref: no secret manager configured");
  }
}

void SecretFields(Fields& fields, std::string_view key, net::SecretSource& secret,
                  std::string_view group) {
  const std::string name(key);
  fields.Field(key, secret.value);
  fields.Path(name + "_file", secret.file);
  RefuseRef(fields, name + "_ref");
  if (!secret.value.empty() && !secret.file.empty()) {
    fields.Fail(key, "at most one of " + std::string(group) + name + ", " + name + "_file & " +
                         name + "_ref must be configured");
  }
}

void BasicAuthFields(Fields& fields, net::BasicAuth& auth) {
  fields.Field("username", auth.username);
  fields.Path("username_file", auth.username_file);
  RefuseRef(fields, "username_ref");
  if (!auth.username.empty() && !auth.username_file.empty()) {
    fields.Fail("username",
                "at most one of basic_auth username & username_file must be configured");
  }
  SecretFields(fields, "password", auth.password, "basic_auth ");
}

void AuthorizationFields(Fields& fields, net::Authorization& auth) {
  fields.Field("type", auth.type);
  SecretFields(fields, "credentials", auth.credentials, "authorization ");
  if (auth.type.empty()) auth.type = "Bearer";
  if (ToLower(auth.type) == "basic") {
    fields.Fail("type",
                "authorization type cannot be set to \"basic\", use \"basic_auth\" instead");
  }
}

void ProxyFields(Fields& fields, net::ProxyConfig& proxy) {
  fields.Field("proxy_url", proxy.url);
  fields.Field("no_proxy", proxy.no_proxy);
  fields.Field("proxy_from_environment", proxy.from_environment);
  std::map<std::string, std::vector<net::Secret>> headers(proxy.connect_headers.begin(),
                                                          proxy.connect_headers.end());
  if (fields.reading()) {
    fields.map().Entries("proxy_connect_header", [&](std::string_view name, const YamlValue& list) {
      auto& values =
          proxy.connect_headers.emplace_back(std::string(name), std::vector<net::Secret>());
      std::vector<std::string> texts;
      list.Read(texts);
      for (std::string& text : texts) values.second.emplace_back(std::move(text));
    });
  } else {
    fields.Field("proxy_connect_header", headers);
  }
  if (!proxy.url.empty()) {
    if (auto url = net::Url::Parse(proxy.url); !url)
      fields.Fail("proxy_url", url.error().message());
  }
  if (proxy.from_environment && !proxy.url.empty()) {
    fields.Fail("proxy_url",
                "if proxy_from_environment is configured, proxy_url must not be configured");
  }
  if (proxy.from_environment && !proxy.no_proxy.empty()) {
    fields.Fail("no_proxy",
                "if proxy_from_environment is configured, no_proxy must not be configured");
  }
  if (proxy.url.empty() && !proxy.no_proxy.empty()) {
    fields.Fail("no_proxy", "if no_proxy is configured, proxy_url must also be configured");
  }
  if (!proxy.connect_headers.empty() && !proxy.from_environment && proxy.url.empty()) {
    fields.Fail("proxy_connect_header",
                "if proxy_connect_header is configured, proxy_url or proxy_from_environment must "
                "also be configured");
  }
}

constexpr std::string_view kJwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";

void Oauth2Fields(Fields& fields, net::Oauth2Config& oauth2) {
  fields.Field("client_id", oauth2.client_id);
  SecretFields(fields, "client_secret", oauth2.client_secret, "oauth2 ");
  fields.Field("client_certificate_key_id", oauth2.client_certificate_key_id);
  SecretFields(fields, "client_certificate_key", oauth2.client_certificate_key, "oauth2 ");
  fields.Field("grant_type", oauth2.grant_type,
               oauth2.grant_type == kJwtBearer ? Show::kAlways : Show::kNever);
  if (oauth2.grant_type.empty()) oauth2.grant_type = "client_credentials";
  const bool jwt = oauth2.grant_type == kJwtBearer;
  fields.Field("signature_algorithm", oauth2.signature_algorithm,
               jwt ? Show::kAlways : Show::kNever);
  fields.Field("iss", oauth2.issuer);
  fields.Field("audience", oauth2.audience);
  fields.Field("claims", oauth2.claims);
  fields.Field("scopes", oauth2.scopes);
  fields.Field("token_url", oauth2.token_url, Show::kAlways);
  fields.Field("endpoint_params", oauth2.endpoint_params);
  fields.Block("tls_config", [&](Fields& tls) { TlsFields(tls, oauth2.tls); });
  ProxyFields(fields, oauth2.proxy);

  if (oauth2.client_id.empty()) fields.Fail("client_id", "oauth2 client_id must be configured");
  if (oauth2.token_url.empty()) fields.Fail("token_url", "oauth2 token_url must be configured");
  if (!jwt && oauth2.grant_type != "client_credentials") {
    fields.Fail("grant_type", "unsupported oauth2 grant_type " + Quote(oauth2.grant_type));
  }
  if (jwt) {
    if (oauth2.client_certificate_key.empty()) {
      fields.Fail("client_certificate_key",
                  "oauth2 client_certificate_key or client_certificate_key_file must be configured "
                  "using grant-type=" +
                      std::string(kJwtBearer));
    }
    const std::string& algorithm = oauth2.signature_algorithm;
    if (!algorithm.empty() && algorithm != "RS256" && algorithm != "RS384" &&
        algorithm != "RS512") {
      fields.Fail("signature_algorithm", "invalid signature algorithm " + Quote(algorithm) +
                                             ", expected RS256, RS384 or RS512");
    }
  }
}

void HeaderFields(Fields& fields, std::map<std::string, net::HttpHeaderValues>& headers) {
  const auto describe = [](Fields& values, net::HttpHeaderValues& header) {
    values.Field("values", header.values);
    values.Field("secrets", header.secrets);
    values.Paths("files", header.files);
  };
  if (!fields.reading()) {
    fields.Block("http_headers", [&](Fields& names) {
      for (auto& [name, header] : headers) {
        names.Block(name, [&](Fields& values) { describe(values, header); }, Show::kAlways);
      }
    });
    return;
  }
  fields.map().Entries("http_headers", [&](std::string_view name, const YamlValue& value) {
    if (IsReservedHeader(name)) {
      value.Fail("setting header " + Quote(name) + " is not allowed");
    }
    value.Block([&](YamlMap& map) {
      Fields values(map, fields.directory());
      describe(values, headers[std::string(name)]);
    });
  });
}

}  // namespace

bool IsReservedHeader(std::string_view name) {
  const std::string lower = ToLower(name);
  return lower.starts_with("x-amz-") ||
         std::ranges::find(kReservedHeaders, lower) != std::end(kReservedHeaders);
}

void TlsFields(Fields& fields, net::TlsConfig& tls) {
  using Version = net::TlsVersion;
  static constexpr std::pair<std::string_view, Version> kVersions[] = {
      {"TLS10", Version::kTls10},
      {"TLS11", Version::kTls11},
      {"TLS12", Version::kTls12},
      {"TLS13", Version::kTls13},
  };
  const auto unknown = [](const std::string& text) { return "unknown TLS version: " + text; };
  fields.Field("ca", tls.ca);
  fields.Field("cert", tls.cert);
  fields.Field("key", tls.key.value);
  fields.Path("ca_file", tls.ca_file);
  fields.Path("cert_file", tls.cert_file);
  fields.Path("key_file", tls.key.file);
  RefuseRef(fields, "ca_ref");
  RefuseRef(fields, "cert_ref");
  RefuseRef(fields, "key_ref");
  fields.Field("server_name", tls.server_name);
  fields.Field("insecure_skip_verify", tls.insecure_skip_verify,
               tls == net::TlsConfig{} ? Show::kNever : Show::kAlways);
  fields.Enum<Version>("min_version", tls.min_version, kVersions, Show::kAlways, unknown);
  fields.Enum<Version>("max_version", tls.max_version, kVersions, Show::kAlways, unknown);

  const auto both = [&](std::string_view name, const std::string& text, const std::string& file) {
    const std::string key(name);
    if (!text.empty() && !file.empty()) {
      fields.Fail(name, "at most one of " + key + " and " + key + "_file must be configured");
    }
  };
  both("ca", tls.ca, tls.ca_file);
  both("cert", tls.cert, tls.cert_file);
  both("key", tls.key.value.Reveal(), tls.key.file);
  const bool cert = !tls.cert.empty() || !tls.cert_file.empty();
  if (cert && tls.key.empty()) {
    fields.Fail("cert_file",
                "exactly one of key or key_file must be configured when a client certificate is "
                "configured");
  }
  if (!cert && !tls.key.empty()) {
    fields.Fail("key_file",
                "exactly one of cert or cert_file must be configured when a client key is "
                "configured");
  }
  // Upstream takes it and then fails each connection.
  if (fields.reading() && tls.max_version != Version::kDefault &&
      tls.min_version > tls.max_version) {
    fields.map().Warn("max_version",
                      "no connection can be made: tls_config.max_version must be greater than or "
                      "equal to tls_config.min_version if both are specified");
  }
}

void CheckUrl(Fields& fields, std::string_view key, const std::string& text) {
  const auto url = net::Url::Parse(text);
  if (!url) return fields.Fail(key, url.error().message());
  if (url->scheme != "http" && url->scheme != "https") {
    return fields.Fail(key, "URL scheme must be 'http' or 'https'");
  }
  if (url->host.empty()) fields.Fail(key, "host is missing in URL");
}

void HttpClientFields(Fields& fields, net::HttpClientConfig& http) {
  fields.OptionalBlock<net::BasicAuth>("basic_auth", http.basic_auth, BasicAuthFields);
  fields.OptionalBlock<net::Authorization>("authorization", http.authorization,
                                           AuthorizationFields);
  fields.OptionalBlock<net::Oauth2Config>("oauth2", http.oauth2, Oauth2Fields);
  if (fields.reading()) {
    // The old spelling of authorization.
    net::SecretSource bearer;
    fields.Field("bearer_token", bearer.value);
    fields.Path("bearer_token_file", bearer.file);
    if (!bearer.value.empty() && !bearer.file.empty()) {
      fields.Fail("bearer_token",
                  "at most one of bearer_token & bearer_token_file must be configured");
    }
    if (!bearer.empty()) {
      if (http.authorization) {
        fields.Fail("authorization",
                    "authorization is not compatible with bearer_token & bearer_token_file");
      }
      if (http.basic_auth || http.oauth2) {
        fields.Fail("bearer_token",
                    "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be "
                    "configured");
      }
      http.authorization = net::Authorization{.credentials = std::move(bearer)};
    }
  }
  fields.Block("tls_config", [&](Fields& tls) { TlsFields(tls, http.tls); });
  fields.Field("follow_redirects", http.follow_redirects, Show::kAlways);
  fields.Field("enable_http2", http.enable_http2, Show::kAlways);
  ProxyFields(fields, http.proxy);
  HeaderFields(fields, http.http_headers);
  if (static_cast<int>(http.basic_auth.has_value()) +
          static_cast<int>(http.authorization.has_value()) +
          static_cast<int>(http.oauth2.has_value()) >
      1) {
    fields.Fail(http.oauth2 ? "oauth2" : "authorization",
                "at most one of basic_auth, oauth2 & authorization must be configured");
  }
}

}  // namespace meerkat::config
