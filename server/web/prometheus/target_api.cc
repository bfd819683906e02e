#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json_writer.h"
#include "base/quote.h"
#include "base/rfc3339.h"
#include "promql/parser.h"
#include "server/net/url.h"
#include "server/web/prometheus/answer.h"
#include "server/web/prometheus/api.h"
#include "server/web/prometheus/metadata_json.h"
#include "server/web/prometheus/parameters.h"

namespace meerkat::web {
namespace {

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view NameOf(Health health) {
  switch (health) {
    case Health::kUp:
      return "up";
    case Health::kDown:
      return "down";
    case Health::kUnknown:
      break;
  }
  return "unknown";
}

// A target on this very host as seen from elsewhere: by the external URL's host name.
std::string GlobalUrl(const std::string& scrape_url, const WebOptions& options) {
  auto url = net::Url::Parse(scrape_url);
  auto external = net::Url::Parse(options.external_url);
  if (!url || !external) return scrape_url;
  if (url->port.empty()) return scrape_url;
  if (url->host != "localhost" && url->host != "127.0.0.1" && url->host != "::1") {
    return scrape_url;
  }
  const std::string own_port = options.listen_address.substr(options.listen_address.rfind(':') + 1);
  if (url->port == own_port) {
    url->scheme = external->scheme;
    url->port = external->port;
  }
  url->host = external->host;
  return url->ToString();
}

void Write(std::string& out, const ActiveTarget& target, const WebOptions& options) {
  out += "{\"discoveredLabels\":";
  AppendLabels(out, target.discovered_labels);
  out += ",\"labels\":";
  AppendLabels(out, target.labels);
  std::string rest;
  JsonWriter json(rest);
  json.BeginObject();
  json.Key("scrapePool").String(target.scrape_pool);
  json.Key("scrapeUrl").String(target.scrape_url);
  json.Key("globalUrl").String(GlobalUrl(target.scrape_url, options));
  json.Key("lastError").String(target.last_error);
  json.Key("lastScrape").String(FormatRfc3339(target.last_scrape.value_or(kZeroTime)));
  json.Key("lastScrapeDuration").Double(target.last_scrape_duration);
  json.Key("health").String(NameOf(target.health));
  json.Key("scrapeInterval").String(target.scrape_interval);
  json.Key("scrapeTimeout").String(target.scrape_timeout);
  json.EndObject();
  rest[0] = ',';
  out += rest;
}

net::Response Targets(const ApiContext& context, const net::Request& request) {
  const std::string state = Lower(request.query.Get("state"));
  const bool want_active = state.empty() || state == "any" || state == "active";
  const bool want_dropped = state.empty() || state == "any" || state == "dropped";
  const std::string_view pool = request.query.Get("scrapePool");
  const TargetProvider* targets = context.doors.targets;
  std::string data = "{\"activeTargets\":[";
  if (want_active && targets != nullptr) {
    bool first = true;
    for (const ActiveTarget& target : targets->Active(pool)) {
      if (!first) data += ',';
      first = false;
      Write(data, target, context.options);
    }
  }
  data += "],\"droppedTargets\":[";
  if (want_dropped && targets != nullptr) {
    bool first = true;
    for (const DroppedTarget& target : targets->Dropped(pool)) {
      if (!first) data += ',';
      first = false;
      data += "{\"discoveredLabels\":";
      AppendLabels(data, target.discovered_labels);
      data += ",\"scrapePool\":";
      JsonWriter::AppendQuoted(data, target.scrape_pool);
      data += '}';
    }
  }
  data += "],\"droppedTargetCounts\":";
  if (want_dropped) {
    JsonWriter json(data);
    json.BeginObject();
    if (targets != nullptr) {
      for (const auto& [name, count] : targets->DroppedCounts()) {
        json.Key(name).Int(static_cast<std::int64_t>(count));
      }
    }
    json.EndObject();
  } else {
    data += "null";
  }
  data += '}';
  return Succeed(data);
}

net::Response Metadata(const ApiContext& context, const net::Request& request) {
  const net::Params form = request.Form();
  std::optional<std::int64_t> limit;
  if (const auto text = form.Get("limit"); !text.empty()) {
    const auto number = ParseInteger(text);
    if (!number) return Fail(ErrorType::kBadData, "limit must be a number");
    limit = *number;
  }
  std::vector<Matcher> matchers;
  if (const auto text = form.Get("match_target"); !text.empty()) {
    auto parsed = promql::ParseSelector(text);
    if (!parsed) return FailParameter("match_target", parsed.error().message());
    matchers = std::move(*parsed);
  }
  const std::string_view metric = form.Get("metric");
  std::string data = "[";
  std::int64_t count = 0;
  if (context.doors.targets != nullptr) {
    Labels last;
    context.doors.targets->VisitMetadata([&](const Labels& target, const TargetMetadata& one) {
      // All that one target has is told, even beyond the limit: upstream looks at it in between.
      if (target != last && limit && *limit >= 0 && count >= *limit) return false;
      last = target;
      for (const Matcher& matcher : matchers) {
        if (!matcher.Matches(target)) return true;
      }
      if (!metric.empty() && one.metric != metric) return true;
      if (count++ > 0) data += ',';
      data += "{\"target\":";
      AppendLabels(data, target);
      std::string rest;
      JsonWriter json(rest);
      json.BeginObject();
      if (metric.empty()) json.Key("metric").String(one.metric);
      WriteMetadata(json, one.type, one.help, one.unit);
      json.EndObject();
      rest[0] = ',';
      data += rest;
      return true;
    });
  }
  data += ']';
  return Succeed(data);
}

net::Response RelabelSteps(const ApiContext& context, const net::Request& request) {
  const std::string_view pool = request.query.Get("scrapePool");
  if (pool.empty()) return Fail(ErrorType::kBadData, "no scrapePool parameter provided");
  const std::string text(request.query.Get("labels"));
  if (text.empty()) return Fail(ErrorType::kBadData, "no labels parameter provided");
  const auto parsed = nlohmann::json::parse(text, nullptr, false);
  LabelsBuilder labels;
  bool good = parsed.is_object();
  if (good) {
    for (const auto& [name, value] : parsed.items()) {
      good = good && value.is_string();
      if (good) labels.Set(name, value.get<std::string>());
    }
  }
  if (!good) return Fail(ErrorType::kBadData, "failed to parse labels: " + Quote(text));
  if (context.doors.targets == nullptr) return Fail(ErrorType::kInternal, "no targets");
  auto steps = context.doors.targets->RelabelSteps(pool, labels.Build());
  if (!steps) {
    return Fail(ErrorType::kBadData, steps.error().message());
  }
  std::string data = "{\"steps\":[";
  for (std::size_t i = 0; i < steps->size(); ++i) {
    const RelabelStep& step = (*steps)[i];
    if (i > 0) data += ',';
    data += "{\"rule\":" + step.rule + ",\"output\":";
    AppendLabels(data, step.output);
    data += step.keep ? ",\"keep\":true}" : ",\"keep\":false}";
  }
  data += "]}";
  return Succeed(data);
}

net::Response Pools(const ApiContext& context) {
  std::string data;
  JsonWriter json(data);
  json.BeginObject();
  json.Key("scrapePools").BeginArray();
  if (context.doors.targets != nullptr) {
    for (const std::string& pool : context.doors.targets->ScrapePools()) json.String(pool);
  }
  json.EndArray();
  json.EndObject();
  return Succeed(data);
}

net::Response PoolConfig(const ApiContext& context, const net::Request& request) {
  const std::string_view pool = request.query.Get("scrapePool");
  if (pool.empty()) return Fail(ErrorType::kBadData, "no scrapePool parameter provided");
  if (context.doors.targets == nullptr) return Fail(ErrorType::kInternal, "no targets");
  auto yaml = context.doors.targets->PoolConfig(pool);
  if (!yaml) return Fail(ErrorType::kBadData, yaml.error().message());
  std::string data;
  JsonWriter json(data);
  json.BeginObject();
  json.Key("yaml").String(*yaml);
  json.EndObject();
  return Succeed(data);
}

}  // namespace

std::vector<ApiRoute> TargetRoutes(const ApiContext& context) {
  const auto with = [context](auto function) {
    return [context, function](const net::Request& request, std::stop_token) {
      return function(context, request);
    };
  };
  return {
      {{"GET"}, "/targets", with(Targets)},
      {{"GET"}, "/targets/metadata", with(Metadata)},
      {{"GET"}, "/targets/relabel_steps", with(RelabelSteps)},
      {{"GET"},
       "/scrape_pools",
       [context](const net::Request&, std::stop_token) { return Pools(context); }},
      {{"GET"}, "/scrape_pools/config", with(PoolConfig)},
  };
}

}  // namespace meerkat::web
