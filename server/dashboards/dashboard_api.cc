#include "server/dashboards/dashboard_api.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/json_writer.h"
#include "base/rfc3339.h"
#include "server/net/same_site.h"

namespace meerkat::server {
namespace {

constexpr std::uint64_t kMaxBody = 20 << 20;

net::Response Fail(const Error& error) {
  int status = 500;
  std::string_view type = "internal";
  switch (error.code()) {
    case Code::kInvalid:
      status = 400, type = "bad_data";
      break;
    case Code::kNotFound:
      status = 404, type = "not_found";
      break;
    case Code::kConflict:
      status = 409, type = "conflict";
      break;
    case Code::kUnavailable:
      status = 503, type = "unavailable";
      break;
    default:
      break;
  }
  std::string body;
  JsonWriter(body)
      .BeginObject()
      .Key("status")
      .String("error")
      .Key("errorType")
      .String(type)
      .Key("error")
      .String(error.message())
      .EndObject();
  return net::Response::Json(status, std::move(body));
}

net::Response Unknown(std::string_view uid) {
  return Fail(Error(Code::kNotFound, "no dashboard has the uid " + std::string(uid)));
}

// {"status":"success","data": what `fill` writes}.
template <typename Fill>
net::Response Succeed(Fill fill) {
  std::string body;
  JsonWriter json(body);
  json.BeginObject().Key("status").String("success").Key("data");
  fill(json);
  json.EndObject();
  return net::Response::Json(200, std::move(body));
}

void WriteMeta(JsonWriter& json, const DashboardSummary& summary) {
  json.BeginObject();
  json.Key("uid")
      .String(summary.uid)
      .Key("title")
      .String(summary.title)
      .Key("slug")
      .String(summary.slug);
  json.Key("folder").String(summary.folder).Key("tags").BeginArray();
  for (const std::string& tag : summary.tags) json.String(tag);
  json.EndArray().Key("version").Int(summary.version).Key("starred").Bool(summary.starred);
  json.Key("source").String(summary.stored ? "stored" : "file");
  json.Key("updated").String(FormatRfc3339(summary.updated)).EndObject();
}

net::Response List(DashboardLibrary& library) {
  return Succeed([&](JsonWriter& json) {
    json.BeginArray();
    for (const DashboardSummary& summary : library.List()) WriteMeta(json, summary);
    json.EndArray();
  });
}

net::Response Get(DashboardLibrary& library, std::string_view uid) {
  const auto dashboard = library.Get(uid);
  if (!dashboard) return Unknown(uid);
  return Succeed([&](JsonWriter& json) {
    json.BeginObject().Key("dashboard").Raw(dashboard->json).Key("meta");
    WriteMeta(json, dashboard->summary);
    json.EndObject();
  });
}

net::Response Save(DashboardLibrary& library, const std::string& body) {
  using Json = nlohmann::ordered_json;
  const Json request = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!request.is_object() || !request.contains("dashboard") || !request["dashboard"].is_object()) {
    return Fail(Error(Code::kInvalid,
                      "the body must be a JSON object with the dashboard under \"dashboard\""));
  }
  const auto text = [&](const char* key) {
    const auto at = request.find(key);
    return at != request.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  std::optional<int> base_version;
  if (const auto at = request.find("baseVersion"); at != request.end() && at->is_number_integer()) {
    base_version = at->get<int>();
  }
  const std::string dashboard =
      request["dashboard"].dump(-1, ' ', false, Json::error_handler_t::replace);
  const auto saved = library.Save(dashboard, text("folder"), text("message"), base_version);
  if (!saved) return Fail(saved.error());
  return Succeed([&](JsonWriter& json) { WriteMeta(json, *saved); });
}

net::Response Versions(DashboardLibrary& library, std::string_view uid) {
  if (!library.Get(uid)) return Unknown(uid);
  return Succeed([&](JsonWriter& json) {
    json.BeginArray();
    for (const DashboardVersion& version : library.Versions(uid)) {
      json.BeginObject().Key("version").Int(version.version);
      json.Key("created")
          .String(FormatRfc3339(version.saved))
          .Key("message")
          .String(version.message)
          .EndObject();
    }
    json.EndArray();
  });
}

net::Response Version(DashboardLibrary& library, std::string_view uid, std::string_view number) {
  int wanted = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), wanted);
  if (error != std::errc() || end != number.data() + number.size()) {
    return Fail(Error(Code::kInvalid, "a version is a whole number"));
  }
  const auto text = library.VersionJson(uid, wanted);
  auto dashboard = library.Get(uid);
  if (!text || !dashboard)
    return Fail(Error(Code::kNotFound, "the dashboard has no version " + std::string(number)));
  dashboard->summary.version = wanted;
  return Succeed([&](JsonWriter& json) {
    json.BeginObject().Key("dashboard").Raw(*text).Key("meta");
    WriteMeta(json, dashboard->summary);
    for (const DashboardVersion& version : library.Versions(uid)) {
      if (version.version != wanted) continue;
      json.Key("version")
          .Int(wanted)
          .Key("created")
          .String(FormatRfc3339(version.saved))
          .Key("message")
          .String(version.message);
    }
    json.EndObject();
  });
}

net::Response Done(const Result<>& result) {
  if (!result) return Fail(result.error());
  return Succeed([](JsonWriter& json) { json.BeginObject().EndObject(); });
}

}  // namespace

void AddDashboardRoutes(net::Router& router, const std::string& prefix,
                        std::function<DashboardLibrary*()> library) {
  const std::string root = prefix + "/api/v1/dashboards";
  const auto add = [&](std::string method, const std::string& path, auto call) {
    net::Route route;
    route.methods = {std::move(method)};
    route.pattern = root + path;
    route.max_body_bytes = kMaxBody;
    route.handler = [library, call](const net::Request& request, const std::stop_token&) {
      if (request.method != "GET" && net::IsCrossSite(request))
        return net::Response::Text(403, "Forbidden\n");
      DashboardLibrary* ready = library();
      return ready != nullptr ? call(*ready, request)
                              : net::Response::Text(503, "Service Unavailable");
    };
    router.Add(std::move(route));
  };
  using Library = DashboardLibrary;
  add("GET", "", [](Library& l, const net::Request&) { return List(l); });
  add("POST", "", [](Library& l, const net::Request& r) { return Save(l, r.body); });
  add("GET", "/{uid}",
      [](Library& l, const net::Request& r) { return Get(l, r.PathValue("uid")); });
  add("DELETE", "/{uid}",
      [](Library& l, const net::Request& r) { return Done(l.Delete(r.PathValue("uid"))); });
  add("GET", "/{uid}/versions",
      [](Library& l, const net::Request& r) { return Versions(l, r.PathValue("uid")); });
  add("GET", "/{uid}/versions/{version}", [](Library& l, const net::Request& r) {
    return Version(l, r.PathValue("uid"), r.PathValue("version"));
  });
  add("PUT", "/{uid}/star",
      [](Library& l, const net::Request& r) { return Done(l.Star(r.PathValue("uid"), true)); });
  add("DELETE", "/{uid}/star",
      [](Library& l, const net::Request& r) { return Done(l.Star(r.PathValue("uid"), false)); });
}

}  // namespace meerkat::server
