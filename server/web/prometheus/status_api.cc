#include <functional>
#include <string>
#include <utility>

#include "base/json_writer.h"
#include "base/regex.h"
#include "base/rfc3339.h"
#include "server/web/prometheus/answer.h"
#include "server/web/prometheus/api.h"
#include "server/web/prometheus/features.h"
#include "server/web/prometheus/openapi.h"
#include "server/web/prometheus/parameters.h"
#include "server/web/prometheus/self_metrics.h"

namespace meerkat::web {
namespace {

net::Response Config(const Doors& doors) {
  std::string data;
  JsonWriter json(data);
  json.BeginObject();
  json.Key("yaml").String(doors.config_yaml ? doors.config_yaml() : "");
  json.EndObject();
  return Succeed(data);
}

net::Response Flags(const Doors& doors) {
  std::string data;
  JsonWriter json(data);
  json.BeginObject();
  if (doors.flags) {
    for (const auto& [name, value] : doors.flags()) json.Key(name).String(value);
  }
  json.EndObject();
  return Succeed(data);
}

net::Response Runtime(const Doors& doors) {
  const RuntimeInfo info = doors.runtime ? doors.runtime() : RuntimeInfo();
  std::string data;
  JsonWriter json(data);
  json.BeginObject();
  json.Key("startTime").String(FormatRfc3339(info.start_time));
  json.Key("CWD").String(info.working_directory);
  json.Key("hostname").String(info.hostname);
  json.Key("serverTime").String(FormatRfc3339(doors.clock->Now()));
  json.Key("reloadConfigSuccess").Bool(info.reload_success);
  json.Key("lastConfigTime").String(FormatRfc3339(info.last_config_time));
  json.Key("corruptionCount").Int(info.corruptions);
  json.Key("goroutineCount").Int(info.threads);
  json.Key("GOMAXPROCS").Int(info.cores);
  json.Key("GOMEMLIMIT").Int(std::numeric_limits<std::int64_t>::max());
  json.Key("GOGC").String("");
  json.Key("GODEBUG").String("");
  json.Key("storageRetention").String(info.storage_retention);
  json.EndObject();
  return Succeed(data);
}

void WriteCounts(JsonWriter& json, std::string_view key,
                 const std::vector<tsdb::NamedCount>& counts) {
  json.Key(key).BeginArray();
  for (const tsdb::NamedCount& one : counts) {
    json.BeginObject();
    json.Key("name").String(one.name);
    json.Key("value").Int(static_cast<std::int64_t>(one.value));
    json.EndObject();
  }
  json.EndArray();
}

net::Response Tsdb(const Doors& doors, const net::Request& request) {
  std::size_t limit = 10;
  if (const auto text = request.query.Get("limit"); !text.empty()) {
    const auto value = ParseInteger(text);
    if (!value || *value < 1) {
      return Fail(ErrorType::kBadData, "limit must be a positive number");
    }
    if (*value > 10'000) {
      return Fail(ErrorType::kBadData, "limit must not exceed 10000");
    }
    limit = static_cast<std::size_t>(*value);
  }
  tsdb::Database* database = doors.database();
  if (database == nullptr) return NoDatabase();
  const tsdb::CardinalityStats stats = database->Cardinality(limit);
  std::string data;
  JsonWriter json(data);
  json.BeginObject();
  json.Key("headStats").BeginObject();
  json.Key("numSeries").Int(static_cast<std::int64_t>(stats.series));
  json.Key("numLabelPairs").Int(static_cast<std::int64_t>(stats.label_pairs));
  json.Key("chunkCount").Int(static_cast<std::int64_t>(stats.chunks));
  json.Key("minTime").Int(ToMillis(stats.min_time));
  json.Key("maxTime").Int(ToMillis(stats.max_time));
  json.EndObject();
  WriteCounts(json, "seriesCountByMetricName", stats.series_by_metric);
  WriteCounts(json, "labelValueCountByLabelName", stats.values_by_label);
  WriteCounts(json, "memoryInBytesByLabelName", stats.bytes_by_label);
  WriteCounts(json, "seriesCountByLabelValuePair", stats.series_by_pair);
  json.EndObject();
  return Succeed(data);
}

net::Response Blocks(const Doors& doors) {
  tsdb::Database* database = doors.database();
  if (database == nullptr) return NoDatabase();
  std::string data;
  JsonWriter json(data);
  json.BeginObject();
  json.Key("blocks").BeginArray();
  for (const auto& block : database->Blocks()) {
    json.BeginObject();
    json.Key("ulid").String(block.id);
    json.Key("minTime").Int(ToMillis(block.range.min));
    json.Key("maxTime").Int(ToMillis(block.range.max));
    json.Key("stats").BeginObject();
    json.Key("numSamples").Int(static_cast<std::int64_t>(block.samples));
    json.Key("numSeries").Int(static_cast<std::int64_t>(block.series));
    json.Key("numChunks").Int(static_cast<std::int64_t>(block.chunks));
    json.EndObject();
    json.Key("compaction").BeginObject();
    json.Key("level").Int(1);
    json.Key("sources").BeginArray().String(block.id).EndArray();
    json.EndObject();
    json.Key("version").Int(1);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return Succeed(data);
}

net::Response Replay(const Doors& doors) {
  const ReplayStatus status = doors.replay ? doors.replay() : ReplayStatus();
  std::string data;
  JsonWriter json(data);
  json.BeginObject();
  json.Key("min").Int(status.min);
  json.Key("max").Int(status.max);
  json.Key("current").Int(status.current);
  json.EndObject();
  return Succeed(data);
}

net::Response SelfMetrics(const ApiContext& context, const net::Request& request) {
  const std::string pattern(request.query.Get("metric_name_pattern"));
  std::optional<Regex> only;
  if (!pattern.empty()) {
    auto compiled = Regex::Compile(pattern);
    if (!compiled) return FailParameter("metric_name_pattern", compiled.error().message());
    only = std::move(*compiled);
  }
  const auto wanted = [&only](std::string_view name) { return !only || only->Matches(name); };
  return Succeed(FamiliesJson(context.registry.Exposition(), wanted));
}

net::Response LiveNotifications(Notifications& notifications) {
  auto stream = notifications.Subscribe();
  if (stream == nullptr) return net::Response::Empty(204);
  net::Response response;
  response.headers.Set("Content-Type", "text/event-stream");
  response.headers.Set("Cache-Control", "no-cache");
  response.body = std::move(stream);
  response.compressible = false;
  return response;
}

net::Response OpenApi(const ApiContext& context, const net::Request& request) {
  const std::string_view version = request.query.Get("openapi_version");
  if (!version.empty() && !version.starts_with("3.1") && !version.starts_with("3.2")) {
    return Fail(ErrorType::kBadData, "unsupported openapi_version");
  }
  const bool newer = version.starts_with("3.2");
  return net::Response::Text(
      200, OpenApiDocument(newer ? "3.2.0" : "3.1.0", context.options.external_url),
      "application/yaml; charset=utf-8");
}

}  // namespace

std::string BuildInfoJson(const BuildInfo& build) {
  std::string data;
  JsonWriter json(data);
  json.BeginObject();
  json.Key("version").String(build.version);
  json.Key("revision").String(build.revision);
  json.Key("branch").String(build.branch);
  json.Key("buildUser").String(build.build_user);
  json.Key("buildDate").String(build.build_date);
  json.Key("goVersion").String(build.go_version);
  json.EndObject();
  return data;
}

std::vector<ApiRoute> StatusRoutes(const ApiContext& context) {
  const auto plain = [](std::function<net::Response()> answer) -> net::Handler {
    return [answer = std::move(answer)](const net::Request&, std::stop_token) { return answer(); };
  };
  const Doors& doors = context.doors;
  Notifications& notifications = context.notifications;
  return {
      {{"GET"}, "/status/config", plain([&doors] { return Config(doors); })},
      {{"GET"}, "/status/flags", plain([&doors] { return Flags(doors); })},
      {{"GET"}, "/status/runtimeinfo", plain([&doors] { return Runtime(doors); })},
      {{"GET"}, "/status/buildinfo", plain([&doors] {
         return Succeed(BuildInfoJson(doors.build));
       })},
      {{"GET"},
       "/status/tsdb",
       [&doors](const net::Request& r, std::stop_token) { return Tsdb(doors, r); }},
      {{"GET"}, "/status/tsdb/blocks", plain([&doors] { return Blocks(doors); })},
      {{"GET"},
       "/status/walreplay",
       plain([&doors] { return Replay(doors); }),
       net::Lane::kQuick,
       true},
      {{"GET"},
       "/status/self_metrics",
       [context](const net::Request& r, std::stop_token) { return SelfMetrics(context, r); }},
      {{"GET"}, "/features", plain([context] { return Succeed(FeaturesJson(context.options)); })},
      {{"GET"},
       "/notifications",
       plain([&notifications] { return Succeed(notifications.ActiveJson()); }),
       net::Lane::kQuick,
       true},
      {{"GET"},
       "/notifications/live",
       plain([&notifications] { return LiveNotifications(notifications); }),
       net::Lane::kQuick,
       true},
      {{"GET"},
       "/openapi.yaml",
       [context](const net::Request& r, std::stop_token) { return OpenApi(context, r); }},
  };
}

}  // namespace meerkat::web
