#include "base/rfc3339.h"
#include "server/web/alertmanager/rooms.h"

namespace meerkat::web::alertmanager {
namespace {

// {"status":"success","data":…}; `data` is JSON, "" for none.
net::Response Success(std::string_view data = "") {
  std::string body;
  JsonWriter json(body);
  json.BeginObject().Key("status").String("success");
  if (!data.empty()) json.Key("data").Raw(data);
  json.EndObject();
  return Json(200, std::move(body));
}

net::Response Failure(int status, std::string_view type, std::string_view message) {
  std::string body;
  JsonWriter json(body);
  json.BeginObject().Key("status").String("error");
  json.Key("errorType").String(type).Key("error").String(message).EndObject();
  return Json(status, std::move(body));
}

// What a body's fault says, in version 1's envelope.
net::Response Repack(const net::Response& fault) {
  const auto* text = std::get_if<std::string>(&fault.body);
  return Failure(400, "bad_data", text == nullptr ? "" : *text);
}

Result<std::vector<Matcher>> Filter(const AlertManager& manager, const net::Request& request) {
  const std::string_view filter = request.query.Get("filter");
  if (filter.empty()) return std::vector<Matcher>();
  return alerting::ParseMatchers(filter, SyntaxOf(manager));
}

void WriteList(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
  json.Key(key).BeginArray();
  for (const std::string& text : texts) json.String(text);
  json.EndArray();
}

void WritePairs(JsonWriter& json, std::string_view key, const Labels& labels) {
  json.Key(key).BeginObject();
  for (const Label label : labels) json.Key(label.name).String(label.value);
  json.EndObject();
}

}  // namespace

net::Response V1Alerts(AlertManager& manager, const net::Request& request) {
  alerting::AlertFilter filter;
  auto matchers = Filter(manager, request);
  if (!matchers) return Failure(400, "bad_data", matchers.error().message());
  filter.matchers = std::move(*matchers);
  filter.active = request.query.Get("active") != "false";
  filter.silenced = request.query.Get("silenced") != "false";
  filter.inhibited = request.query.Get("inhibited") != "false";
  std::string data;
  JsonWriter json(data);
  json.BeginArray();
  for (const alerting::AlertView& view : manager.Alerts(filter)) {
    const alerting::Alert& alert = *view.alert;
    json.BeginObject();
    WritePairs(json, "labels", alert.labels);
    WritePairs(json, "annotations", alert.annotations);
    json.Key("startsAt").String(FormatRfc3339(alert.starts_at));
    json.Key("endsAt").String(FormatRfc3339(alert.ends_at));
    json.Key("generatorURL").String(alert.generator_url);
    json.Key("status").BeginObject();
    json.Key("state").String(view.active() ? "active" : "suppressed");
    WriteList(json, "silencedBy", view.silenced_by);
    WriteList(json, "inhibitedBy", view.inhibited_by);
    json.EndObject();
    WriteList(json, "receivers", view.receivers);
    json.Key("fingerprint").String(alerting::FingerprintText(alert.fingerprint));
    json.EndObject();
  }
  json.EndArray();
  return Success(data);
}

net::Response V1PostAlerts(AlertManager& manager, const net::Request& request) {
  auto alerts = ParseAlerts(request.body);
  if (const auto* fault = std::get_if<net::Response>(&alerts)) return Repack(*fault);
  const auto posted = manager.Post(std::move(std::get<std::vector<alerting::PostedAlert>>(alerts)));
  if (!posted) return Failure(400, "bad_data", posted.error().message());
  return Success();
}

net::Response V1Silences(AlertManager& manager, const net::Request&) {
  auto silences = manager.AllSilences();
  const Timestamp now = manager.Now();
  SortSilences(silences, now);
  std::string data;
  JsonWriter json(data);
  json.BeginArray();
  for (const alerting::Silence& silence : silences) WriteSilence(json, silence, now);
  json.EndArray();
  return Success(data);
}

net::Response V1PostSilence(AlertManager& manager, const net::Request& request) {
  auto silence = ParseSilence(request.body);
  if (const auto* fault = std::get_if<net::Response>(&silence)) return Repack(*fault);
  const auto id = manager.SetSilence(std::move(std::get<alerting::Silence>(silence)));
  if (!id) return Failure(400, "bad_data", id.error().message());
  std::string data;
  JsonWriter json(data);
  json.BeginObject().Key("silenceId").String(*id).EndObject();
  return Success(data);
}

net::Response V1Silence(AlertManager& manager, const net::Request& request) {
  const auto silence = manager.FindSilence(request.PathValue("id"));
  if (!silence) return Failure(404, "bad_data", "silence not found");
  std::string data;
  JsonWriter json(data);
  WriteSilence(json, *silence, manager.Now());
  return Success(data);
}

net::Response V1DeleteSilence(AlertManager& manager, const net::Request& request) {
  const auto expired = manager.ExpireSilence(request.PathValue("id"));
  if (!expired) return Failure(400, "bad_data", expired.error().message());
  return Success();
}

net::Response V1Receivers(AlertManager& manager, const net::Request&) {
  std::string data;
  JsonWriter json(data);
  json.BeginArray();
  if (const auto config = manager.config()) {
    for (const auto& receiver : config->receivers) json.String(receiver.name);
  }
  json.EndArray();
  return Success(data);
}

net::Response V1Status(AlertManager& manager, const BuildInfo& build) {
  std::string data;
  JsonWriter json(data);
  json.BeginObject();
  const auto config = manager.config();
  json.Key("configYAML").String(config == nullptr ? "" : config->text);
  json.Key("versionInfo");
  WriteVersion(json, build);
  json.Key("uptime").String(FormatRfc3339(manager.started()));
  json.Key("clusterStatus").Null();
  json.EndObject();
  return Success(data);
}

}  // namespace meerkat::web::alertmanager
