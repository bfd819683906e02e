#include "alerting/receivers/payload.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "alerting/template/escape.h"

namespace meerkat::alerting {
namespace {

using nlohmann::json;

bool IsDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// An integer or a decimal fraction, in a spelling that JSON has too.
bool IsNumber(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const auto point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  if (!IsDigits(whole) || (whole.size() > 1 && whole.front() == '0') || whole.size() > 18) {
    return false;
  }
  return point == std::string_view::npos || IsDigits(text.substr(point + 1));
}

// The word a plain YAML scalar of this spelling would be in JSON; "" for a string.
std::string_view WordOf(std::string_view text) {
  for (const std::string_view yes :
       {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"}) {
    if (text == yes) return "true";
  }
  for (const std::string_view no :
       {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"}) {
    if (text == no) return "false";
  }
  for (const std::string_view null : {"null", "Null", "NULL", "~"}) {
    if (text == null) return "null";
  }
  return "";
}

void WriteScalar(JsonWriter& out, const std::string& text) {
  const std::string_view word = WordOf(text);
  if (!word.empty()) {
    out.Raw(word);
  } else if (IsNumber(text)) {
    out.Raw(text);
  } else {
    out.String(text);
  }
}

void WriteParsed(JsonWriter& out, const json& value) {
  if (value.is_object()) {
    out.BeginObject();
    for (const auto& [key, item] : value.items()) {
      out.Key(key);
      WriteParsed(out, item);
    }
    out.EndObject();
  } else if (value.is_array()) {
    out.BeginArray();
    for (const json& item : value) WriteParsed(out, item);
    out.EndArray();
  } else if (value.is_string()) {
    WriteScalar(out, value.get_ref<const std::string&>());
  } else {
    out.Raw(value.dump());
  }
}

}  // namespace

void WriteSpelled(JsonWriter& out, const std::string& text) {
  if (text.starts_with('{') || text.starts_with('[')) {
    const json parsed = json::parse(text, nullptr, false);
    if (!parsed.is_discarded()) return WriteParsed(out, parsed);
  }
  WriteScalar(out, text);
}

std::string EncodeForm(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    out += templates::EscapeQuery(name) + "=" + templates::EscapeQuery(value);
  }
  return out;
}

HttpRequest JsonRequest(std::string url, std::string body, ClientId client) {
  HttpRequest request;
  request.url = std::move(url);
  request.headers = {{"Content-Type", "application/json"}};
  request.body = std::move(body);
  request.client = client;
  return request;
}

std::pair<Notification, std::size_t> LimitAlerts(const Notification& what, std::size_t limit) {
  std::pair<Notification, std::size_t> limited(what, 0);
  auto& alerts = limited.first.alerts;
  if (limit > 0 && alerts.size() > limit) {
    limited.second = alerts.size() - limit;
    alerts.resize(limit);
  }
  return limited;
}

void WriteLabels(JsonWriter& json, const Labels& labels) {
  json.BeginObject();
  for (const Label label : labels) json.Key(label.name).String(label.value);
  json.EndObject();
}

void WriteAlerts(JsonWriter& json, const std::vector<Alert>& alerts) {
  json.BeginArray();
  for (const Alert& alert : alerts) {
    json.BeginObject();
    json.Key("status").String(alert.ends_at == kZeroTime ? "firing" : "resolved");
    json.Key("labels");
    WriteLabels(json, alert.labels);
    json.Key("annotations");
    WriteLabels(json, alert.annotations);
    json.Key("startsAt").String(FormatRfc3339(alert.starts_at));
    json.Key("endsAt").String(FormatRfc3339(alert.ends_at));
    json.Key("generatorURL").String(alert.generator_url);
    json.Key("fingerprint").String(FingerprintText(alert.fingerprint));
    json.EndObject();
  }
  json.EndArray();
}

void WriteNotification(JsonWriter& json, const Notification& what, std::size_t left_out,
                       std::string_view version) {
  json.BeginObject();
  json.Key("receiver").String(what.receiver);
  json.Key("status").String(what.firing() ? "firing" : "resolved");
  json.Key("alerts");
  WriteAlerts(json, what.alerts);
  json.Key("notification_reason").String(ReasonText(what.reason));
  json.Key("groupLabels");
  WriteLabels(json, what.group_labels);
  json.Key("commonLabels");
  WriteLabels(json, CommonLabels(what.alerts));
  json.Key("commonAnnotations");
  WriteLabels(json, CommonAnnotations(what.alerts));
  json.Key("routeLabels").BeginObject();
  for (const auto& [name, value] : what.route_labels) json.Key(name).String(value);
  json.EndObject();
  json.Key("externalURL").String(what.external_url);
  json.Key("version").String(version);
  json.Key("groupKey").String(what.group_key);
  json.Key("truncatedAlerts").Int(static_cast<std::int64_t>(left_out));
  json.EndObject();
}

void WriteRendered(JsonWriter& json, const PayloadNode& node, Renderer& render) {
  switch (node.kind) {
    case PayloadNode::Kind::kNull:
      json.Null();
      break;
    case PayloadNode::Kind::kBool:
    case PayloadNode::Kind::kNumber:
      json.Raw(node.text);
      break;
    case PayloadNode::Kind::kString:
      WriteSpelled(json, render.Text(node.text));
      break;
    case PayloadNode::Kind::kList:
      json.BeginArray();
      for (const PayloadNode& item : node.items) WriteRendered(json, item, render);
      json.EndArray();
      break;
    case PayloadNode::Kind::kMap: {
      std::vector<std::size_t> order(node.items.size());
      std::iota(order.begin(), order.end(), std::size_t{0});
      std::sort(order.begin(), order.end(),
                [&node](std::size_t a, std::size_t b) { return node.keys[a] < node.keys[b]; });
      json.BeginObject();
      for (const std::size_t i : order) {
        json.Key(render.Text(node.keys[i]));
        WriteRendered(json, node.items[i], render);
      }
      json.EndObject();
      break;
    }
  }
}

void WriteUnlessEmpty(JsonWriter& json, std::string_view key, std::string_view value) {
  if (!value.empty()) json.Key(key).String(value);
}

bool IsJson(const HttpResponse& response) {
  return response.content_type.starts_with("application/json");
}

}  // namespace meerkat::alerting
