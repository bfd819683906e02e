#include "server/commands/alertmanager_client.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "alerting/matchers.h"
#include "base/duration.h"
#include "base/quote.h"
#include "base/rfc3339.h"
#include "base/utf8.h"
#include "server/config/http_client_config.h"
#include "server/config/prometheus_config.h"
#include "server/net/http_client.h"
#include "server/net/io.h"
#include "server/net/offload.h"

namespace meerkat::commands {
namespace {

using json = nlohmann::ordered_json;

std::size_t Width(std::string_view text) {
  std::size_t runes = 0;
  for (; !text.empty(); ++runes) TakeRune(text);
  return runes;
}

// The operations of the API by upstream's names, and the refusals each of them declares.
struct Operation {
  std::string_view method, path, name;
  std::initializer_list<int> statuses;
};

std::string Refusal(std::string_view method, std::string_view path, int status,
                    std::string_view body) {
  static constexpr int k400 = 400, k404 = 404, k500 = 500;
  static const Operation kOperations[] = {{"GET", "/alerts", "getAlerts", {k400, k500}},
                                          {"POST", "/alerts", "postAlerts", {k400, k500}},
                                          {"GET", "/alerts/groups", "getAlertGroups", {k400, k500}},
                                          {"GET", "/silences", "getSilences", {k400, k500}},
                                          {"POST", "/silences", "postSilences", {k400, k404}},
                                          {"GET", "/silence/", "getSilence", {k404, k500}},
                                          {"DELETE", "/silence/", "deleteSilence", {k404, k500}},
                                          {"GET", "/status", "getStatus", {}}};
  std::string where(path);
  const Operation* operation = nullptr;
  for (const Operation& known : kOperations) {
    const bool with_id = known.path.ends_with('/');
    if (known.method != method || (with_id ? !path.starts_with(known.path) : path != known.path))
      continue;
    operation = &known;
    if (with_id) where = std::string(known.path) + "{silenceID}";
  }
  const std::string head = "[" + std::string(method) + " " + where + "]";
  const std::string name(operation == nullptr ? "" : operation->name);
  const bool declared = operation != nullptr &&
                        std::find(operation->statuses.begin(), operation->statuses.end(), status) !=
                            operation->statuses.end();
  if (!declared) return head + " " + name + " (status " + std::to_string(status) + "): {}";
  const std::string_view what = status == k400   ? "BadRequest"
                                : status == k404 ? "NotFound"
                                                 : "InternalServerError";
  std::string out = head + "[" + std::to_string(status) + "] " + name + std::string(what);
  if (!body.empty()) out.append(" ").append(body);
  return out;
}

Result<net::HttpClientConfig> ReadHttpConfig(const std::string& path) {
  net::HttpClientConfig http;
  if (path.empty()) return http;
  auto text = config::ReadFile(path);
  if (!text) return std::move(text).error();
  const auto slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "" : path.substr(0, slash);
  const auto read = config::ReadYamlMap(path, *text, [&](config::YamlMap& map) {
    config::Fields fields(map, directory);
    config::HttpClientFields(fields, http);
  });
  if (!read) return read.error();
  return http;
}

}  // namespace

struct AlertmanagerClient::Connection {
  net::IoThread io;
  net::ThreadPool blocking{"client", 2};
  std::unique_ptr<net::HttpClient> client;
  std::string base;  // …/api/v2
  Millis timeout{0};

  ~Connection() {
    client.reset();
    io.Stop();
    blocking.Stop();
  }
};

AlertmanagerClient::AlertmanagerClient(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)) {}
AlertmanagerClient::~AlertmanagerClient() = default;

Result<std::unique_ptr<AlertmanagerClient>> AlertmanagerClient::Make(const Arguments& arguments) {
  std::string url = arguments.Value("alertmanager.url", "http://localhost:9093");
  while (url.ends_with('/')) url.pop_back();
  if (auto parsed = net::Url::Parse(url); !parsed) return std::move(parsed).error();
  const auto output = arguments.Choice("output", {"simple", "extended", "json"});
  if (!output) return output.error();
  const auto timeout = ParseDuration(arguments.Value("timeout", "30s"));
  if (!timeout) return timeout.error();
  auto http = ReadHttpConfig(arguments.Value("http.config.file"));
  if (!http) return std::move(http).error();
  auto connection = std::make_unique<Connection>();
  connection->base = url + "/api/v2";
  connection->timeout = *timeout;
  net::HttpClientOptions options;
  options.user_agent = "amtool/0.34.0";
  connection->client = std::make_unique<net::HttpClient>(connection->io, connection->blocking,
                                                         std::move(*http), options);
  return std::unique_ptr<AlertmanagerClient>(new AlertmanagerClient(std::move(connection)));
}

Result<std::string> AlertmanagerClient::Ask(std::string method, std::string_view path,
                                            const Query& query, std::string body) {
  net::ClientRequest request;
  request.method = method;
  request.url = connection_->base + std::string(path);
  net::Params params;
  for (const auto& [name, value] : query) params.Add(name, value);
  if (!query.empty()) request.url += "?" + params.Encode();
  if (!body.empty()) request.headers.Set("Content-Type", "application/json");
  request.body = std::move(body);
  request.timeout = connection_->timeout;
  auto response = net::BlockOn(connection_->io, connection_->client->Fetch(std::move(request)));
  if (!response) return std::move(response).error();
  if (response->status / 100 == 2) return std::move(response->body);
  std::string text = std::move(response->body);
  while (text.ends_with('\n')) text.pop_back();
  return Error(Code::kInvalid, Refusal(method, path, response->status, text));
}

Result<json> AlertmanagerClient::Get(std::string_view path, const Query& query) {
  auto text = Ask("GET", path, query, "");
  if (!text) return std::move(text).error();
  json parsed = json::parse(*text, nullptr, false);
  if (parsed.is_discarded()) return Error(Code::kInvalid, "the answer is no JSON");
  return parsed;
}

Result<json> AlertmanagerClient::Post(std::string_view path, const json& body) {
  auto text = Ask("POST", path, {}, body.dump());
  if (!text) return std::move(text).error();
  json parsed = json::parse(*text, nullptr, false);
  return parsed.is_discarded() ? json() : parsed;
}

Result<> AlertmanagerClient::Delete(std::string_view path) {
  auto text = Ask("DELETE", path, {}, "");
  if (!text) return std::move(text).error();
  return {};
}

Result<std::vector<std::string>> MatcherWords(const std::vector<std::string>& words) {
  std::vector<std::string> matchers;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string text = words[i];
    auto parsed = alerting::ParseMatcher(text);
    // A first word that is no matcher names the alert, whatever is wrong with it.
    if (!parsed && i == 0) parsed = alerting::MakeMatcher(Matcher::Type::kEqual, "alertname", text);
    if (!parsed) return std::move(parsed).error();
    matchers.push_back(alerting::MatcherText(*parsed));
  }
  return matchers;
}

void PrintTable(std::ostream& out, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out << row[i] << std::string(widths[i] - Width(row[i]) + 2, ' ');
    }
    out << "\n";
  }
}

std::string ShowTime(const std::string& rfc3339) {
  if (rfc3339.size() < 19) return rfc3339;
  return rfc3339.substr(0, 10) + " " + rfc3339.substr(11, 8) + " UTC";
}

Result<Timestamp> GoTime(const std::string& text) {
  if (const auto time = ParseRfc3339(text)) return *time;
  // Go reads the layout element by element; the first that does not fit is named.
  static constexpr std::pair<std::string_view, std::size_t> kElements[] = {
      {"2006", 4}, {"-", 1}, {"01", 2}, {"-", 1}, {"02", 2}, {"T", 1},
      {"15", 2},   {":", 1}, {"04", 2}, {":", 1}, {"05", 2}, {"Z07:00", 1}};
  std::string_view rest = text;
  std::string_view missing = "Z07:00";
  for (const auto& [element, width] : kElements) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const bool number = is_digit(element[0]);
    const bool fits =
        rest.size() >= width &&
        (number ? std::all_of(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(width),
                              is_digit)
                : rest[0] == element[0]);
    if (!fits) {
      missing = element;
      break;
    }
    rest.remove_prefix(width);
  }
  return Error(Code::kInvalid, "parsing time " + Quote(text) +
                                   " as \"2006-01-02T15:04:05Z07:00\": cannot parse " +
                                   Quote(rest) + " as " + Quote(missing));
}

int Refuse(Streams streams, const Error& error) {
  streams.err << "error: " << error.message() << "\n";
  return 1;
}

}  // namespace meerkat::commands
