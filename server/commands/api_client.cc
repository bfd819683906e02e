#include "server/commands/api_client.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/trim.h"
#include "server/config/http_client_config.h"
#include "server/net/io.h"
#include "server/net/offload.h"

namespace meerkat::commands {
namespace {

Result<net::HttpClientConfig> ReadHttpConfig(const std::string& path) {
  net::HttpClientConfig config;
  if (path.empty()) return config;
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error(Code::kInvalid, "path '" + path + "' does not exist");
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const std::string directory = std::filesystem::path(path).parent_path().string();
  auto outcome = config::ReadYamlMap(path, text, [&](config::YamlMap& map) {
    config::Fields fields(map, directory);
    config::HttpClientFields(fields, config);
  });
  if (!outcome) return std::move(outcome).error().Within("Failed to load HTTP config file");
  return config;
}

// A status that is an error by itself, as upstream's client names it.
std::string NameOf(int status) {
  const std::string number = std::to_string(status);
  if (status / 100 == 4) return "client_error: client error: " + number;
  if (status / 100 == 5) return "server_error: server error: " + number;
  return "bad_response: bad response code " + number;
}

// What upstream's JSON reader says of something else: where it stopped, and what is around.
std::string WhyNoObject(std::string_view body) {
  const std::size_t first = std::min(body.find_first_not_of(" \t\r\n"), body.size());
  if (first < body.size() && body[first] == '{') return "the body is no JSON";
  const std::size_t read = std::min(first + 1, body.size());
  const std::size_t from = read > 10 ? read - 10 : 0, context = read > 50 ? read - 50 : 0;
  return std::string("readObjectStart: expect { or n, but found ") +
         (first < body.size() ? body[first] : '\0') + ", error found in #" +
         std::to_string(read - from) + " byte of ...|" +
         std::string(body.substr(from, read + 10 - from)) + "|..., bigger context ...|" +
         std::string(body.substr(context, read + 50 - context)) + "|...";
}

}  // namespace

struct ApiClient::Parts {
  explicit Parts(net::HttpClientConfig config) {
    net::HttpClientOptions options;
    options.user_agent = "promtool/3.14.0";
    client.emplace(io, pool, std::move(config), std::move(options));
  }
  ~Parts() {
    io.Stop();
    pool.Stop();
    client.reset();
  }
  net::IoThread io;
  net::ThreadPool pool{"client", 4};
  std::optional<net::HttpClient> client;
};

ApiClient::ApiClient(std::string server, net::Headers headers, Millis timeout,
                     std::unique_ptr<Parts> parts)
    : server_(std::move(server)),
      headers_(std::move(headers)),
      timeout_(timeout),
      parts_(std::move(parts)) {}
ApiClient::~ApiClient() = default;

Result<std::unique_ptr<ApiClient>> ApiClient::Make(const std::string& server,
                                                   const std::string& config_file,
                                                   const std::vector<std::string>& headers,
                                                   Millis timeout) {
  auto config = ReadHttpConfig(config_file);
  if (!config) return std::move(config).error();
  auto url = net::Url::Parse(server);
  if (!url) return std::move(url).error().Within("invalid URL");
  if (url->scheme.empty()) url->scheme = "http";
  std::string address = url->ToString();
  if (url->host.empty()) {
    // A bare host:port, as people type it.
    auto with_scheme = net::Url::Parse("http://" + server);
    if (!with_scheme) return std::move(with_scheme).error();
    address = with_scheme->ToString();
  }
  while (address.ends_with('/')) address.pop_back();
  net::Headers all;
  for (const std::string& header : headers) {
    const auto equal = header.find('=');
    if (equal == std::string::npos) {
      return Error(Code::kInvalid, "expected KEY=VALUE got '" + header + "'");
    }
    all.Add(header.substr(0, equal), header.substr(equal + 1));
  }
  return std::unique_ptr<ApiClient>(
      new ApiClient(address, all, timeout, std::make_unique<Parts>(std::move(*config))));
}

Result<net::ClientResponse> ApiClient::Fetch(std::string_view method, std::string_view path,
                                             std::string body, net::Headers headers) {
  net::ClientRequest request;
  request.method = method;
  request.url = server_ + std::string(path);
  request.headers = std::move(headers);
  for (const auto& [name, value] : headers_.fields()) request.headers.Add(name, value);
  request.body = std::move(body);
  request.timeout = timeout_;
  return net::BlockOn(parts_->io, parts_->client->Fetch(std::move(request)));
}

Result<nlohmann::ordered_json> ApiClient::Api(std::string_view path, const net::Params& form,
                                              std::vector<std::string>& warnings) {
  detail_.clear();
  // By POST, so that no query is too long for a URL; by GET where a server knows only that.
  net::Headers headers{{"Content-Type", "application/x-www-form-urlencoded"}};
  const std::string target = "/api/v1/" + std::string(path);
  auto response = Fetch("POST", target, form.Encode(), headers);
  if (response && (response->status == 405 || response->status == 501)) {
    response = Fetch("GET", target + "?" + form.Encode());
  }
  if (!response) return std::move(response).error();
  const int status = response->status;
  // Of a refusal with either of these the body tells more than the status.
  const bool told = status == 400 || status == 422;
  if (status / 100 != 2 && !told) {
    detail_ = std::string(Trim(response->body));
    return Error(Code::kUnavailable, NameOf(status));
  }
  auto answer = nlohmann::ordered_json::parse(response->body, nullptr, false);
  if (!answer.is_object()) {
    return Error(Code::kUnavailable, "bad_response: " + WhyNoObject(response->body));
  }
  if (const auto found = answer.find("warnings"); found != answer.end() && found->is_array()) {
    for (const auto& warning : *found) {
      if (warning.is_string()) warnings.push_back(warning.get<std::string>());
    }
  }
  if (answer.value("status", "") == "success") {
    if (told) {
      return Error(Code::kUnavailable, "bad_response: inconsistent body for response code");
    }
    return std::move(answer["data"]);
  }
  return Error(Code::kExecution, answer.value("errorType", "") + ": " + answer.value("error", ""));
}

}  // namespace meerkat::commands
