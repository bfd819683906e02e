#include <algorithm>

#include "base/rfc3339.h"
#include "server/web/alertmanager/rooms.h"

namespace meerkat::web::alertmanager {
namespace {

void WriteStrings(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
  json.Key(key).BeginArray();
  for (const std::string& text : texts) json.String(text);
  json.EndArray();
}

void WriteLabels(JsonWriter& json, std::string_view key, const Labels& labels) {
  json.Key(key).BeginObject();
  for (const Label label : labels) json.Key(label.name).String(label.value);
  json.EndObject();
}

}  // namespace

net::Response Json(int status, std::string body) {
  body += '\n';
  net::Response response = net::Response::Json(status, std::move(body));
  response.headers.Set("Content-Type", "application/json");
  return response;
}

net::Response Refuse(int status, std::string_view message) {
  std::string body;
  JsonWriter::AppendQuoted(body, message);
  return Json(status, std::move(body));
}

net::Response RefuseSchema(int status, int code, std::string_view message) {
  std::string body;
  JsonWriter json(body);
  json.BeginObject().Key("code").Int(code).Key("message").String(message).EndObject();
  net::Response response = net::Response::Json(status, std::move(body));
  response.headers.Set("Content-Type", "application/json");
  return response;
}

void WriteAlert(JsonWriter& json, const alerting::AlertView& view) {
  const alerting::Alert& alert = *view.alert;
  json.BeginObject();
  WriteLabels(json, "annotations", alert.annotations);
  json.Key("endsAt").String(FormatRfc3339Millis(alert.ends_at));
  json.Key("fingerprint").String(alerting::FingerprintText(alert.fingerprint));
  json.Key("receivers").BeginArray();
  for (const std::string& name : view.receivers) {
    json.BeginObject().Key("name").String(name).EndObject();
  }
  json.EndArray();
  json.Key("startsAt").String(FormatRfc3339Millis(alert.starts_at));
  json.Key("status").BeginObject();
  WriteStrings(json, "inhibitedBy", view.inhibited_by);
  WriteStrings(json, "mutedBy", view.muted_by);
  WriteStrings(json, "silencedBy", view.silenced_by);
  json.Key("state").String(view.active() && view.muted_by.empty() ? "active" : "suppressed");
  json.EndObject();
  json.Key("updatedAt").String(FormatRfc3339Millis(alert.updated_at));
  if (!alert.generator_url.empty()) json.Key("generatorURL").String(alert.generator_url);
  WriteLabels(json, "labels", alert.labels);
  json.EndObject();
}

std::string_view StateName(alerting::SilenceState state) {
  switch (state) {
    case alerting::SilenceState::kActive:
      return "active";
    case alerting::SilenceState::kPending:
      return "pending";
    case alerting::SilenceState::kExpired:
      return "expired";
  }
  return "";
}

void WriteSilence(JsonWriter& json, const alerting::Silence& silence, Timestamp now) {
  json.BeginObject();
  json.Key("id").String(silence.id);
  json.Key("status").BeginObject();
  json.Key("state").String(StateName(silence.StateAt(now)));
  json.EndObject();
  json.Key("updatedAt").String(FormatRfc3339Millis(silence.updated_at));
  if (!silence.annotations.empty()) {
    json.Key("annotations").BeginObject();
    for (const auto& [name, value] : silence.annotations) json.Key(name).String(value);
    json.EndObject();
  }
  json.Key("comment").String(silence.comment);
  json.Key("createdBy").String(silence.created_by);
  json.Key("endsAt").String(FormatRfc3339Millis(silence.ends_at));
  json.Key("matchers").BeginArray();
  for (const Matcher& matcher : silence.matchers) {
    using Type = Matcher::Type;
    const bool equal = matcher.type() == Type::kEqual || matcher.type() == Type::kRegex;
    const bool regex = matcher.type() == Type::kRegex || matcher.type() == Type::kNotRegex;
    json.BeginObject();
    json.Key("isEqual").Bool(equal);
    json.Key("isRegex").Bool(regex);
    json.Key("name").String(matcher.name());
    json.Key("value").String(matcher.value());
    json.EndObject();
  }
  json.EndArray();
  json.Key("startsAt").String(FormatRfc3339Millis(silence.starts_at));
  json.EndObject();
}

void SortSilences(std::vector<alerting::Silence>& silences, Timestamp now) {
  using State = alerting::SilenceState;
  const auto rank = [now](const alerting::Silence& silence) {
    switch (silence.StateAt(now)) {
      case State::kActive:
        return std::pair(0, silence.ends_at.time_since_epoch());
      case State::kPending:
        return std::pair(1, silence.starts_at.time_since_epoch());
      case State::kExpired:
        break;
    }
    return std::pair(2, -silence.ends_at.time_since_epoch());
  };
  std::stable_sort(silences.begin(), silences.end(),
                   [&rank](const auto& a, const auto& b) { return rank(a) < rank(b); });
}

void WriteVersion(JsonWriter& json, const BuildInfo& build) {
  json.BeginObject();
  json.Key("branch").String(build.branch);
  json.Key("buildDate").String(build.build_date);
  json.Key("buildUser").String(build.build_user);
  json.Key("goVersion").String(build.go_version);
  json.Key("revision").String(build.revision);
  json.Key("version").String(build.version);
  json.EndObject();
}

}  // namespace meerkat::web::alertmanager
