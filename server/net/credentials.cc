#include "server/net/credentials.h"

#include <algorithm>

#include "server/net/base64.h"

namespace meerkat::net {

bool ReadsFiles(const HttpClientConfig& config) {
  if (config.basic_auth &&
      (!config.basic_auth->password.file.empty() || !config.basic_auth->username_file.empty())) {
    return true;
  }
  if (config.authorization && !config.authorization->credentials.file.empty()) return true;
  return std::any_of(config.http_headers.begin(), config.http_headers.end(),
                     [](const auto& header) { return !header.second.files.empty(); });
}

Result<> ReadCredentials(const HttpClientConfig& config, Credentials& credentials) {
  if (config.basic_auth) {
    std::string user = config.basic_auth->username;
    if (!config.basic_auth->username_file.empty()) {
      auto text = Read(SecretSource{Secret(), config.basic_auth->username_file});
      if (!text) return std::move(text).error().Within("unable to read basic auth username");
      user = std::move(*text);
    }
    auto password = Read(config.basic_auth->password);
    if (!password) return std::move(password).error().Within("unable to read basic auth password");
    credentials.authorization = "Basic " + Base64Encode(user + ":" + *password);
  } else if (config.authorization && !config.authorization->credentials.empty()) {
    auto secret = Read(config.authorization->credentials);
    if (!secret) {
      return std::move(secret).error().Within("unable to read authorization credentials");
    }
    credentials.authorization = config.authorization->type + " " + *secret;
  }
  for (const auto& [name, values] : config.http_headers) {
    for (const std::string& value : values.values) credentials.headers.emplace_back(name, value);
    for (const Secret& value : values.secrets)
      credentials.headers.emplace_back(name, value.Reveal());
    for (const std::string& file : values.files) {
      auto text = Read(SecretSource{Secret(), file});
      if (!text) {
        return std::move(text).error().Within("unable to read headers file " + file);
      }
      credentials.headers.emplace_back(name, std::move(*text));
    }
  }
  return {};
}

}  // namespace meerkat::net
