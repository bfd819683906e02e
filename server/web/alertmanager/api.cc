#include "server/web/alertmanager/api.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <memory>
#include <optional>
#include <thread>

#include "base/duration.h"
#include "base/quote.h"
#include "base/rfc3339.h"
#include "base/trim.h"
#include "server/web/alertmanager/rooms.h"

namespace meerkat::web {
namespace {

using alerting::AlertFilter;
using alerting::AlertManager;
using alerting::Silence;
using alertmanager::Json;
using alertmanager::Refuse;
using alertmanager::RefuseSchema;
using net::Request;
using net::Response;

using Call = std::function<Response(const Request&)>;

// true unless the parameter has a value that is not one of upstream's spellings of true.
bool Flag(const Request& request, std::string_view name) {
  const std::string_view value = request.query.Get(name);
  if (value.empty()) return true;
  for (const std::string_view yes :
       {"true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"}) {
    if (net::EqualsIgnoreCase(value, yes)) return true;
  }
  return false;
}

Result<std::vector<Matcher>> Matchers(const Request& request, std::string_view name,
                                      alerting::MatcherSyntax syntax) {
  std::vector<Matcher> matchers;
  for (const std::string& text : request.query.All(name)) {
    auto matcher = alerting::ParseMatcher(text, syntax);
    if (!matcher) return std::move(matcher).error();
    matchers.push_back(std::move(*matcher));
  }
  return matchers;
}

Result<AlertFilter> FilterOf(const AlertManager& manager, const Request& request) {
  const alerting::MatcherSyntax syntax = alertmanager::SyntaxOf(manager);
  AlertFilter filter;
  filter.active = Flag(request, "active");
  filter.silenced = Flag(request, "silenced");
  filter.inhibited = Flag(request, "inhibited");
  filter.muted = Flag(request, "muted");
  auto matchers = Matchers(request, "filter", syntax);
  if (!matchers) return std::move(matchers).error();
  filter.matchers = std::move(*matchers);
  if (const auto receiver = request.query.Get("receiver"); !receiver.empty()) {
    auto regex = Regex::Compile(receiver, Regex::Flavor::kAlertmanager);
    if (!regex) {
      // The message that matchers give, which quotes the expression with its anchors.
      const auto matcher = alerting::MakeMatcher(Matcher::Type::kRegex, "", std::string(receiver));
      return Error(matcher ? regex.error() : matcher.error())
          .Within("failed to parse receiver param");
    }
    filter.receiver = std::move(*regex);
  }
  auto receivers = Matchers(request, "receiver_matchers", syntax);
  if (!receivers) {
    return std::move(receivers).error().Within("failed to parse receiver_matchers param");
  }
  filter.receiver_matchers = std::move(*receivers);
  return filter;
}

Response GetAlerts(AlertManager& manager, const Request& request) {
  const auto filter = FilterOf(manager, request);
  if (!filter) return Refuse(400, filter.error().message());
  std::string body;
  JsonWriter json(body);
  json.BeginArray();
  for (const auto& view : manager.Alerts(*filter)) alertmanager::WriteAlert(json, view);
  json.EndArray();
  return Json(200, std::move(body));
}

Response PostAlerts(AlertManager& manager, const Request& request) {
  auto alerts = alertmanager::ParseAlerts(request.body);
  if (auto* refusal = std::get_if<Response>(&alerts)) return std::move(*refusal);
  const auto posted = manager.Post(std::move(std::get<std::vector<alerting::PostedAlert>>(alerts)));
  if (!posted) return Refuse(400, posted.error().message());
  return Response::Empty(200);
}

Response GetGroups(AlertManager& manager, const Request& request) {
  const auto filter = FilterOf(manager, request);
  if (!filter) return Refuse(400, filter.error().message());
  std::string body;
  JsonWriter json(body);
  json.BeginArray();
  for (const alerting::GroupView& group : manager.Groups(*filter)) {
    json.BeginObject();
    json.Key("alerts").BeginArray();
    for (const auto& view : group.alerts) alertmanager::WriteAlert(json, view);
    json.EndArray();
    json.Key("labels").BeginObject();
    for (const Label label : group.labels) json.Key(label.name).String(label.value);
    json.EndObject();
    json.Key("receiver").BeginObject().Key("name").String(group.receiver).EndObject();
    if (!group.route_labels.empty()) {
      json.Key("routeLabels").BeginObject();
      for (const auto& [name, value] : group.route_labels) json.Key(name).String(value);
      json.EndObject();
    }
    json.EndObject();
  }
  json.EndArray();
  return Json(200, std::move(body));
}

Response GetReceivers(AlertManager& manager, const Request& request) {
  const auto matchers = Matchers(request, "receiver_matchers", alertmanager::SyntaxOf(manager));
  if (!matchers) {
    return Refuse(400, "failed to parse receiver_matchers param: " + matchers.error().message());
  }
  std::string body;
  JsonWriter json(body);
  json.BeginArray();
  const auto config = manager.config();
  for (std::size_t i = 0; config != nullptr && i < config->receivers.size(); ++i) {
    const alerting::ReceiverConfig& receiver = config->receivers[i];
    const auto labels = alerting::LabelsOf(receiver);
    if (!alerting::AllMatch(*matchers, labels)) continue;
    json.BeginObject().Key("labels").BeginObject();
    for (const Label label : labels) json.Key(label.name).String(label.value);
    json.EndObject().Key("name").String(receiver.name).EndObject();
  }
  json.EndArray();
  return Json(200, std::move(body));
}

Response GetStatus(AlertManager& manager, const BuildInfo& build) {
  const auto config = manager.config();
  std::string body;
  JsonWriter json(body);
  json.BeginObject();
  json.Key("cluster").BeginObject();
  json.Key("peers").BeginArray().EndArray();
  json.Key("status").String("disabled");
  json.EndObject();
  json.Key("config").BeginObject();
  json.Key("original").String(config == nullptr ? "" : config->text);
  json.EndObject();
  json.Key("uptime").String(FormatRfc3339Millis(manager.started()));
  json.Key("versionInfo");
  alertmanager::WriteVersion(json, build);
  json.EndObject();
  return Json(200, std::move(body));
}

Response GetSilences(AlertManager& manager, const Request& request) {
  const auto filter = Matchers(request, "filter", alertmanager::SyntaxOf(manager));
  if (!filter) return Refuse(400, filter.error().message());
  const Timestamp now = manager.Now();
  auto silences = manager.AllSilences();
  std::erase_if(silences, [&](const Silence& silence) {
    if (!Flag(request, alertmanager::StateName(silence.StateAt(now)))) return true;
    // A filter is met by a matcher that is the same, not by what the matchers match.
    return !std::all_of(filter->begin(), filter->end(), [&silence](const Matcher& wanted) {
      return std::find(silence.matchers.begin(), silence.matchers.end(), wanted) !=
             silence.matchers.end();
    });
  });
  alertmanager::SortSilences(silences, now);
  std::string body;
  JsonWriter json(body);
  json.BeginArray();
  for (const Silence& silence : silences) alertmanager::WriteSilence(json, silence, now);
  json.EndArray();
  return Json(200, std::move(body));
}

Response PostSilence(AlertManager& manager, const Request& request) {
  auto parsed = alertmanager::ParseSilence(request.body);
  if (auto* refusal = std::get_if<Response>(&parsed)) return std::move(*refusal);
  Silence& silence = std::get<Silence>(parsed);
  if (silence.starts_at >= silence.ends_at) {
    return Refuse(400, "Failed to create silence: start time must be before end time");
  }
  if (silence.ends_at < manager.Now()) {
    return Refuse(400, "Failed to create silence: end time can't be in the past");
  }
  const auto id = manager.SetSilence(std::move(silence));
  if (!id) {
    return Refuse(id.error().code() == Code::kNotFound ? 404 : 400, id.error().message());
  }
  std::string body;
  JsonWriter json(body);
  json.BeginObject().Key("silenceID").String(*id).EndObject();
  return Json(200, std::move(body));
}

bool IsUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0) {
      return false;
    }
  }
  return true;
}

// Runs `call` with the id of the path, unless it is none.
Response WithSilenceId(const Request& request,
                       const std::function<Response(std::string_view id)>& call) {
  const std::string_view id = request.PathValue("id");
  if (IsUuid(id)) return call(id);
  return RefuseSchema(422, 601, "silenceID in path must be of type uuid: " + Quote(id));
}

Response GetSilence(AlertManager& manager, const Request& request) {
  return WithSilenceId(request, [&manager](std::string_view id) {
    const auto silence = manager.FindSilence(id);
    if (!silence) return Response::Empty(404);
    std::string body;
    JsonWriter json(body);
    alertmanager::WriteSilence(json, *silence, manager.Now());
    return Json(200, std::move(body));
  });
}

Response DeleteSilence(AlertManager& manager, const Request& request) {
  return WithSilenceId(request, [&manager](std::string_view id) {
    const auto expired = manager.ExpireSilence(id);
    if (expired) return Response::Empty(200);
    if (expired.error().code() == Code::kNotFound) return Response::Empty(404);
    return Refuse(500, expired.error().message());
  });
}

// Beyond upstream: POST /alert/FINGERPRINT/acknowledge {createdBy, comment?, duration?}.
Response PostAcknowledge(AlertManager& manager, const Request& request) {
  const std::string_view text = request.PathValue("fingerprint");
  alerting::Fingerprint fingerprint = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), fingerprint, 16);
  if (text.size() != 16 || error != std::errc() || end != text.data() + text.size()) {
    return RefuseSchema(422, 601, "fingerprint in path must be 16 hex digits: " + Quote(text));
  }
  auto parsed = alertmanager::ParseAcknowledgement(request.body);
  if (auto* refusal = std::get_if<Response>(&parsed)) return std::move(*refusal);
  auto& acknowledgement = std::get<alertmanager::Acknowledgement>(parsed);
  const auto id = manager.Acknowledge(fingerprint, std::move(acknowledgement.created_by),
                                      std::move(acknowledgement.comment), acknowledgement.at_most);
  if (!id) {
    return Refuse(id.error().code() == Code::kNotFound ? 404 : 400, id.error().message());
  }
  std::string body;
  JsonWriter json(body);
  json.BeginObject().Key("silenceID").String(*id).EndObject();
  return Json(200, std::move(body));
}

// Beyond upstream: GET /history?start=&end=&limit=, times as RFC 3339.
Response GetHistory(AlertManager& manager, const Request& request) {
  TimeRange range;
  std::string fault;
  const auto read_time = [&request, &fault](const char* name, Timestamp& bound) {
    const std::string_view text = request.query.Get(name);
    if (text.empty()) return;
    if (const auto time = ParseRfc3339(text)) {
      bound = *time;
    } else if (fault.empty()) {
      fault = std::string(name) + ": not an RFC 3339 time: " + Quote(text);
    }
  };
  read_time("start", range.min);
  read_time("end", range.max);
  if (!fault.empty()) return Refuse(400, fault);
  std::size_t limit = 1000;
  if (const std::string_view text = request.query.Get("limit"); !text.empty()) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (error != std::errc() || end != text.data() + text.size()) {
      return Refuse(400, "limit: not a number: " + Quote(text));
    }
  }
  const auto events = manager.ReadHistory(range, limit);
  if (!events) return Refuse(500, events.error().message());
  constexpr std::string_view kKinds[] = {"firing", "resolved", "notified", "notify_failed"};
  std::string body;
  JsonWriter json(body);
  json.BeginArray();
  for (const alerting::HistoryEvent& event : *events) {
    json.BeginObject();
    json.Key("at").String(FormatRfc3339Millis(event.at));
    json.Key("event").String(kKinds[static_cast<std::size_t>(event.kind)]);
    json.Key("labels").BeginObject();
    for (const Label label : event.labels) json.Key(label.name).String(label.value);
    json.EndObject();
    if (!event.receiver.empty()) {
      json.Key("receiver").String(event.receiver);
      json.Key("reason").String(event.reason);
      json.Key("firing").Int(event.firing);
      json.Key("resolved").Int(event.resolved);
      if (!event.error.empty()) json.Key("error").String(event.error);
    }
    json.EndObject();
  }
  json.EndArray();
  return Json(200, std::move(body));
}

// What a path answers, by method.
using Methods = std::vector<std::pair<std::string, Call>>;

Response NotAllowed(const Request& request, const Methods& methods) {
  std::string allowed;
  for (const auto& [method, call] : methods) {
    if (!allowed.empty()) allowed += ',';
    allowed += method;
  }
  Response response = RefuseSchema(
      405, 405, "method " + request.method + " is not allowed, but [" + allowed + "] are");
  response.headers.Set("Allow", allowed);
  return response;
}

Response Preflight(const Request& request) {
  Response response = Response::Empty(204);
  response.headers.Set("Access-Control-Allow-Methods",
                       std::string(request.headers.Get("Access-Control-Request-Method")));
  const std::string_view headers = request.headers.Get("Access-Control-Request-Headers");
  if (!headers.empty()) {
    response.headers.Set("Access-Control-Allow-Headers", std::string(headers));
  }
  return response;
}

// Whether a client that sends this Accept header takes JSON.
bool TakesJson(std::string_view accept) {
  if (accept.empty()) return true;
  while (!accept.empty()) {
    const std::size_t comma = std::min(accept.find(','), accept.size());
    const std::string_view range = accept.substr(0, comma);
    const std::size_t semicolon = std::min(range.find(';'), range.size());
    const std::string_view type = Trim(range.substr(0, semicolon));
    const bool refused = Trim(range.substr(semicolon)).ends_with("q=0");
    const bool json = type == "*/*" || net::EqualsIgnoreCase(type, "application/*") ||
                      net::EqualsIgnoreCase(type, "application/json");
    if (json && !refused) return true;
    accept.remove_prefix(std::min(comma + 1, accept.size()));
  }
  return false;
}

// What the schema of version 2 asks of the headers; version 1 never asked.
std::optional<Response> HeaderFault(const Request& request) {
  if (!TakesJson(request.headers.Get("Accept"))) {
    return RefuseSchema(406, 406,
                        "unsupported media type requested, only [application/json] are available");
  }
  if (request.method != "POST" || request.body.empty()) return std::nullopt;
  std::string_view type = request.headers.Get("Content-Type");
  if (type.empty()) type = "application/octet-stream";
  const std::string_view bare = Trim(type.substr(0, std::min(type.find(';'), type.size())));
  if (net::EqualsIgnoreCase(bare, "application/json")) return std::nullopt;
  return RefuseSchema(
      415, 415, "unsupported media type " + Quote(type) + ", only [application/json] are allowed");
}

Response Dispatch(const Request& request, const Methods& methods, bool schema) {
  if (request.method == "OPTIONS" && request.headers.Has("Access-Control-Request-Method")) {
    return Preflight(request);
  }
  std::string_view wanted = request.method;
  if (wanted == "HEAD") wanted = "GET";
  const auto found = std::find_if(methods.begin(), methods.end(),
                                  [wanted](const auto& entry) { return entry.first == wanted; });
  if (found == methods.end()) return NotAllowed(request, methods);
  if (schema) {
    if (auto fault = HeaderFault(request)) return *std::move(fault);
  }
  return found->second(request);
}

std::size_t SizeOf(const Response& response) {
  const auto* text = std::get_if<std::string>(&response.body);
  return text == nullptr ? 0 : text->size();
}

// One of the requests that are answered now.
class InFlight {
 public:
  explicit InFlight(std::atomic<std::int64_t>* busy)
      : busy_(busy), count_(busy == nullptr ? 0 : ++*busy) {}
  ~InFlight() {
    if (busy_ != nullptr) --*busy_;
  }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  std::int64_t count() const { return count_; }  // this one included

 private:
  std::atomic<std::int64_t>* const busy_;
  const std::int64_t count_;
};

Counter& TooManyCounter(Registry& registry) {
  return registry.counter(
      "alertmanager_http_concurrency_limit_exceeded_total",
      "Total number of times an HTTP request failed because the concurrency limit was reached.",
      {{"method", "get"}});
}

Response TooMany(Registry& registry, std::int64_t most) {
  TooManyCounter(registry).Add();
  return Response::Text(503, "Limit of concurrent GET requests reached (" + std::to_string(most) +
                                 "), try again later.\n");
}

// Methods nobody knows share one name, so that clients cannot make up series.
std::string Lower(const std::string& method) {
  for (const char* known : {"get", "post", "delete", "put", "head", "options"}) {
    if (net::EqualsIgnoreCase(method, known)) return known;
  }
  return "unknown";
}

}  // namespace

AlertmanagerApi::AlertmanagerApi(alerting::AlertManager& manager, Registry& registry,
                                 BuildInfo build, std::size_t get_concurrency, Millis timeout)
    : manager_(manager),
      registry_(registry),
      build_(std::move(build)),
      get_concurrency_(get_concurrency > 0
                           ? static_cast<std::int64_t>(get_concurrency)
                           : std::max<std::int64_t>(8, std::thread::hardware_concurrency())),
      timeout_(timeout) {}

void AlertmanagerApi::AddRoutes(net::Router& router, const std::string& prefix,
                                bool version_1) const {
  AlertManager& manager = manager_;
  const auto busy = busy_;
  registry_.gauge_function(
      "alertmanager_http_requests_in_flight", "Current number of HTTP requests being processed.",
      [busy] { return static_cast<double>(busy->load()); }, {{"method", "get"}});
  TooManyCounter(registry_);
  const auto add = [&](const std::string& path, Methods methods) {
    auto shared = std::make_shared<const Methods>(std::move(methods));
    std::string handler = path;  // as upstream's schema names it
    if (const auto id = handler.find("{id}"); id != std::string::npos)
      handler.replace(id, 4, "{silenceID}");
    const bool schema = path.starts_with("/api/v2/");
    net::Route route;
    route.pattern = prefix + path;
    route.lane = net::Lane::kQuery;
    route.max_body_bytes = 64 << 20;
    route.handler = [&manager, &registry = registry_, path = handler, schema, shared, busy,
                     most = get_concurrency_,
                     timeout = timeout_](const Request& request, std::stop_token) {
      const Timestamp start = manager.Now();
      const InFlight in_flight(request.method == "GET" ? busy.get() : nullptr);
      Response response =
          in_flight.count() > most ? TooMany(registry, most) : Dispatch(request, *shared, schema);
      if (timeout > Millis(0) && manager.Now() - start > timeout) {
        response = Response::Text(
            503, "Exceeded configured timeout of " + FormatDuration(timeout) + ".\n");
      }
      response.headers.Set("Cache-Control", "no-store");
      response.headers.Set("Vary", "Origin");
      if (request.headers.Has("Origin")) {
        response.headers.Set("Access-Control-Allow-Origin", "*");
      }
      registry
          .histogram("alertmanager_http_request_duration_seconds",
                     "Histogram of latencies for HTTP requests.",
                     {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
                     {{"code", std::to_string(response.status)},
                      {"handler", path},
                      {"method", Lower(request.method)}})
          .Observe(std::chrono::duration<double>(manager.Now() - start).count());
      registry
          .histogram("alertmanager_http_response_size_bytes",
                     "Histogram of response size for HTTP requests.",
                     {100, 1000, 10000, 100000, 1e6, 1e7, 1e8},
                     {{"handler", path}, {"method", Lower(request.method)}})
          .Observe(static_cast<double>(SizeOf(response)));
      return response;
    };
    if (schema) {
      // With a slash at its end it is the same path.
      net::Route slashed = route;
      slashed.pattern += '/';
      router.Add(std::move(slashed));
    }
    router.Add(std::move(route));
  };
  const auto on = [&manager](Response (*call)(AlertManager&, const Request&)) -> Call {
    return [&manager, call](const Request& request) { return call(manager, request); };
  };

  add("/api/v2/alerts", {{"GET", on(GetAlerts)}, {"POST", on(PostAlerts)}});
  add("/api/v2/alerts/groups", {{"GET", on(GetGroups)}});
  add("/api/v2/receivers", {{"GET", on(GetReceivers)}});
  add("/api/v2/silences", {{"GET", on(GetSilences)}, {"POST", on(PostSilence)}});
  add("/api/v2/silence/{id}", {{"DELETE", on(DeleteSilence)}, {"GET", on(GetSilence)}});
  add("/api/v2/status",
      {{"GET", [&manager, build = build_](const Request&) { return GetStatus(manager, build); }}});
  add("/api/v2/history", {{"GET", on(GetHistory)}});
  add("/api/v2/alert/{fingerprint}/acknowledge", {{"POST", on(PostAcknowledge)}});

  net::Route unknown;
  unknown.pattern = prefix + "/api/v2/{rest...}";
  unknown.handler = [](const Request& request, std::stop_token) {
    return RefuseSchema(404, 404, "path " + request.path + " was not found");
  };
  router.Add(std::move(unknown));

  if (!version_1) return;
  using namespace alertmanager;  // NOLINT(google-build-using-namespace): only the V1 calls below
  add("/api/v1/alerts", {{"GET", on(V1Alerts)}, {"POST", on(V1PostAlerts)}});
  add("/api/v1/silences", {{"GET", on(V1Silences)}, {"POST", on(V1PostSilence)}});
  add("/api/v1/silence/{id}", {{"DELETE", on(V1DeleteSilence)}, {"GET", on(V1Silence)}});
  add("/api/v1/receivers", {{"GET", on(V1Receivers)}});
  add("/api/v1/status",
      {{"GET", [&manager, build = build_](const Request&) { return V1Status(manager, build); }}});
}

}  // namespace meerkat::web
