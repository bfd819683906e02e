#include "server/net/oauth2.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/json_writer.h"
#include "server/net/base64.h"
#include "server/net/http_client.h"
#include "server/net/tls.h"

namespace meerkat::net {

namespace asio = boost::asio;

namespace {

constexpr auto kEarly = std::chrono::seconds(10);
constexpr auto kForEver = std::chrono::hours(24 * 365);
constexpr Millis kTokenTimeout = std::chrono::seconds(30);
constexpr std::uint64_t kMaxToken = 1 << 20;
constexpr std::string_view kJwtGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";

std::string Join(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

Result<std::string> SignJwt(const Oauth2Config& config, const std::string& key_pem) {
  std::string header;
  JsonWriter head(header);
  head.BeginObject();
  head.Key("alg").String(config.signature_algorithm);
  head.Key("typ").String("JWT");
  if (!config.client_certificate_key_id.empty()) {
    head.Key("kid").String(config.client_certificate_key_id);
  }
  head.EndObject();

  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  std::string payload;
  JsonWriter body(payload);
  body.BeginObject();
  body.Key("iss").String(config.issuer.empty() ? config.client_id : config.issuer);
  body.Key("sub").String(config.client_id);
  body.Key("scope").String(Join(config.scopes));
  body.Key("aud").String(config.audience.empty() ? config.token_url : config.audience);
  body.Key("iat").Int(now);
  body.Key("exp").Int(now + 3600);
  for (const auto& [name, value] : config.claims) body.Key(name).Raw(value);
  body.EndObject();
  std::string text = Base64UrlEncode(header) + "." + Base64UrlEncode(payload);

  const EVP_MD* digest = config.signature_algorithm == "RS384"   ? EVP_sha384()
                         : config.signature_algorithm == "RS512" ? EVP_sha512()
                                                                 : EVP_sha256();
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())), BIO_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  if (!key) return Error(Code::kInvalid, "private key should be a PEM or plain PKCS1 or PKCS8");
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  std::size_t size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1) {
    return Error(Code::kInvalid, "cannot sign with the client certificate key");
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     bytes, text.size()) != 1) {
    return Error(Code::kInvalid, "cannot sign with the client certificate key");
  }
  signature.resize(size);
  return text + "." + Base64UrlEncode(signature);
}

struct Token {
  std::string header;
  std::chrono::seconds lifetime{0};  // 0: does not expire
};

Result<Token> ParseToken(const ClientResponse& response) {
  if (response.status < 200 || response.status > 299) {
    return Error(Code::kUnavailable, "oauth2: cannot fetch token: " + response.StatusLine() +
                                         "\nResponse: " + response.body.substr(0, 1024));
  }
  const auto json = nlohmann::json::parse(response.body, nullptr, false);
  const auto text = [&json](const char* name) -> std::string {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : "";
  };
  if (!json.is_object()) return Error(Code::kUnavailable, "oauth2: cannot parse json");
  Token token;
  const std::string access = text("access_token");
  if (access.empty()) {
    return Error(Code::kUnavailable, "oauth2: server response missing access_token");
  }
  std::string type = text("token_type");
  if (type.empty() || EqualsIgnoreCase(type, "bearer")) type = "Bearer";
  if (EqualsIgnoreCase(type, "basic")) type = "Basic";
  token.header = type + " " + access;
  const auto expires = json.find("expires_in");
  if (expires != json.end() && expires->is_number()) {
    token.lifetime = std::chrono::seconds(expires->get<std::int64_t>());
  } else if (expires != json.end() && expires->is_string()) {
    token.lifetime = std::chrono::seconds(std::atoll(expires->get<std::string>().c_str()));
  }
  return token;
}

}  // namespace

struct Oauth2Tokens::Waiting {
  explicit Waiting(asio::io_context& context)
      : done(context, std::chrono::steady_clock::time_point::max()) {}
  asio::steady_timer done;  // cancelled when the exchange has ended
  std::optional<Result<std::string>> outcome;
};

Oauth2Tokens::Oauth2Tokens(IoThread& io, ThreadPool& blocking, Oauth2Config config,
                           std::string user_agent)
    : io_(io), blocking_(blocking), config_(std::move(config)) {
  HttpClientConfig client;
  client.tls = config_.tls;
  client.proxy = config_.proxy;
  HttpClientOptions options;
  options.user_agent = std::move(user_agent);
  client_ = std::make_unique<HttpClient>(io_, blocking_, std::move(client), std::move(options));
}

Oauth2Tokens::~Oauth2Tokens() = default;

Awaitable<Result<std::string>> Oauth2Tokens::Header() {
  if (fetching_ != nullptr) {
    auto waiting = fetching_;
    co_await waiting->done.async_wait(asio::as_tuple(asio::use_awaitable));
    if (waiting->outcome) co_return *waiting->outcome;
    co_return Error(Code::kCanceled, "context canceled");
  }
  auto waiting = std::make_shared<Waiting>(io_.context());
  fetching_ = waiting;
  // Also when this coroutine is cancelled: those who wait must not wait for ever.
  struct Release {
    Oauth2Tokens& tokens;
    Waiting& mine;
    ~Release() {
      mine.done.cancel();
      tokens.fetching_.reset();
    }
  };
  const Release release{*this, *waiting};
  const bool jwt = config_.grant_type == kJwtGrant;
  const SecretSource& source = jwt ? config_.client_certificate_key : config_.client_secret;
  Result<std::string> secret(std::string{});
  if (source.file.empty()) {
    secret = source.value.Reveal();
  } else {
    auto work = [source] { return Read(source); };
    secret = co_await Offload(blocking_, std::move(work));
  }
  Result<std::string> outcome(header_);
  if (!secret) {
    outcome = std::move(secret).error().Within("unable to read client secret");
  } else if (header_.empty() || std::chrono::steady_clock::now() >= fresh_until_ ||
             *secret != secret_) {
    outcome = co_await Fetch(*secret);
  }
  waiting->outcome = outcome;
  co_return outcome;
}

Awaitable<Result<std::string>> Oauth2Tokens::Fetch(std::string secret) {
  const bool jwt = config_.grant_type == kJwtGrant;
  Params form;
  form.Add("grant_type", config_.grant_type.empty() ? "client_credentials" : config_.grant_type);
  if (!config_.scopes.empty() && !jwt) form.Add("scope", Join(config_.scopes));
  for (const auto& [name, value] : config_.endpoint_params) form.Set(name, value);
  if (jwt) {
    auto assertion = SignJwt(config_, secret);
    if (!assertion) co_return std::move(assertion).error();
    form.Add("assertion", std::move(*assertion));
  }
  Result<Token> token = Error(Code::kInternal, "");
  // First with the secret where it worked last time, then the other way.
  for (int attempt = 0; attempt < (jwt ? 1 : 2); ++attempt) {
    ClientRequest request;
    request.method = "POST";
    request.url = config_.token_url;
    request.timeout = kTokenTimeout;
    request.max_body_bytes = kMaxToken;
    request.headers.Set("Content-Type", "application/x-www-form-urlencoded");
    Params body = form;
    if (!jwt && secret_in_header_) {
      request.headers.Set("Authorization", "Basic " + Base64Encode(QueryEscape(config_.client_id) +
                                                                   ":" + QueryEscape(secret)));
    } else if (!jwt) {
      body.Add("client_id", config_.client_id);
      body.Add("client_secret", secret);
    }
    request.body = body.Encode();
    auto response = co_await client_->Fetch(std::move(request));
    if (!response) co_return std::move(response).error();
    token = ParseToken(*response);
    if (token) break;
    secret_in_header_ = !secret_in_header_;
  }
  if (!token) co_return std::move(token).error();
  header_ = token->header;
  secret_ = std::move(secret);
  const auto lifetime = token->lifetime.count() > 0 ? std::chrono::seconds(token->lifetime) - kEarly
                                                    : std::chrono::seconds(kForEver);
  fresh_until_ = std::chrono::steady_clock::now() + lifetime;
  co_return header_;
}

}  // namespace meerkat::net
