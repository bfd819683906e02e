#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"
#include "server/net/client_config.h"
#include "server/net/io.h"
#include "server/net/offload.h"

namespace meerkat::net {

class HttpClient;

// Fetches and keeps the access token of one configuration: by client credentials, or by a signed
// assertion (JWT bearer). Asked again ten seconds before it expires, and when a secret's file has
// changed. IO thread only.
class Oauth2Tokens {
 public:
  Oauth2Tokens(IoThread& io, ThreadPool& blocking, Oauth2Config config, std::string user_agent);
  ~Oauth2Tokens();

  // "Bearer abc". Requests at the same time share one exchange.
  Awaitable<Result<std::string>> Header();

 private:
  struct Waiting;
  Awaitable<Result<std::string>> Fetch(std::string secret);

  IoThread& io_;
  ThreadPool& blocking_;
  const Oauth2Config config_;
  std::unique_ptr<HttpClient> client_;
  std::string header_;
  std::string secret_;  // that the header was got with
  std::chrono::steady_clock::time_point fresh_until_{};
  bool secret_in_header_ = true;       // where the server wants it: found out by trying
  std::shared_ptr<Waiting> fetching_;  // set while an exchange is under way
};

}  // namespace meerkat::net
