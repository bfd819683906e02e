#include "server/discovery/json_client.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace meerkat::discovery {
namespace {

constexpr std::string_view kUnix = "unix://";
constexpr std::string_view kTcp = "tcp://";

net::HttpClientOptions OptionsFor(const std::string& host) {
  net::HttpClientOptions options;
  if (host.starts_with(kUnix)) options.unix_socket = host.substr(kUnix.size());
  return options;
}

std::string BaseOf(const std::string& host) {
  if (host.starts_with(kUnix)) return "http://localhost";
  std::string base = host.starts_with(kTcp) ? "http://" + host.substr(kTcp.size()) : host;
  while (base.ends_with('/')) base.pop_back();
  return base;
}

}  // namespace

JsonClient::JsonClient(const DiscoveryContext& context, const net::HttpClientConfig& http,
                       const std::string& host)
    : context_(context),
      base_(BaseOf(host)),
      client_(context.io, context.blocking, http, OptionsFor(host)) {}

net::Awaitable<Result<JsonClient::Answer>> JsonClient::Get(std::string path, Millis timeout,
                                                           net::Headers headers) {
  net::ClientRequest request;
  request.url = base_ + path;
  request.timeout = timeout;
  request.headers = std::move(headers);
  request.headers.Set("Accept", "application/json");
  auto response = co_await client_.Fetch(std::move(request));
  if (!response) co_return std::move(response).error();
  if (response->status != 200) {
    co_return Error(
        Code::kUnavailable,
        "Get \"" + base_ + path + "\": server returned HTTP status " + response->StatusLine());
  }
  auto work = [body = std::move(response->body)] {
    return std::make_shared<const Json>(Json::parse(body, nullptr, false));
  };
  auto json = co_await net::Offload(context_.blocking, std::move(work));
  if (json->is_discarded()) {
    co_return Error(Code::kInvalid, "Get \"" + base_ + path + "\": the answer is not valid JSON");
  }
  co_return Answer{std::move(json), std::move(response->headers)};
}

const Json& Member(const Json& object, const char* key) {
  static const Json* const kNull = new Json();
  if (!object.is_object()) return *kNull;
  const auto found = object.find(key);
  return found == object.end() ? *kNull : *found;
}

std::string Text(const Json& object, const char* key) {
  const Json& member = Member(object, key);
  if (member.is_string()) return member.get<std::string>();
  if (member.is_null() || member.is_structured()) return "";
  return member.dump();
}

}  // namespace meerkat::discovery
