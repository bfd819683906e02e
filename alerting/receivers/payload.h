#pragma once

#include <string>
#include <utility>
#include <vector>

#include "alerting/message.h"
#include "alerting/receivers/templates.h"
#include "base/json_writer.h"

namespace meerkat::alerting {

// A POST of JSON.
HttpRequest JsonRequest(std::string url, std::string body, ClientId client);

// `what` with at most `limit` alerts (0: all of them), and how many were left out.
std::pair<Notification, std::size_t> LimitAlerts(const Notification& what, std::size_t limit);

// The version 4 payload of webhooks; incident.io has the same under another version.
void WriteNotification(JsonWriter& json, const Notification& what, std::size_t left_out,
                       std::string_view version);

// {"name":"value",…}
void WriteLabels(JsonWriter& json, const Labels& labels);
// [{"status":…,"labels":…},…]
void WriteAlerts(JsonWriter& json, const std::vector<Alert>& alerts);

// A configured value with its strings rendered. What a rendered string spells (a number, a list, an
// object) is what it becomes, not only at the top: upstream reads the result as YAML.
void WriteRendered(JsonWriter& json, const PayloadNode& node, Renderer& render);
void WriteSpelled(JsonWriter& json, const std::string& text);

// name=value&… as forms and queries have it.
std::string EncodeForm(const std::vector<std::pair<std::string, std::string>>& pairs);

// Writes `"key":"value"` unless the value is empty, as Go's omitempty does.
void WriteUnlessEmpty(JsonWriter& json, std::string_view key, std::string_view value);

// "application/json; charset=utf-8" is JSON too.
bool IsJson(const HttpResponse& response);

}  // namespace meerkat::alerting
