#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "server/discovery/provider.h"
#include "server/net/http_client.h"

// What the sources that speak JSON over HTTP share; private to server/discovery.
namespace meerkat::discovery {

using Json = nlohmann::json;

// Asks one API. Hosts may be http(s)://, tcp:// (Docker's word for http) or unix:// sockets.
class JsonClient {
 public:
  JsonClient(const DiscoveryContext& context, const net::HttpClientConfig& http,
             const std::string& host);

  struct Answer {
    std::shared_ptr<const Json> json;
    net::Headers headers;
  };
  // GET of a path below the host; anything but 200 and JSON is an error.
  net::Awaitable<Result<Answer>> Get(std::string path, Millis timeout, net::Headers headers = {});

  const std::string& base() const { return base_; }
  net::HttpClient& http() { return client_; }

 private:
  const DiscoveryContext& context_;
  std::string base_;
  net::HttpClient client_;
};

// Members that may be missing or of another type: "" or 0 then. A number is its text.
std::string Text(const Json& object, const char* key);
// The member, or null's shared instance.
const Json& Member(const Json& object, const char* key);

}  // namespace meerkat::discovery
