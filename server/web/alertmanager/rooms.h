#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "alerting/alertmanager.h"
#include "base/json_writer.h"
#include "server/net/http.h"
#include "server/web/doors.h"

// What the rooms of the alert manager's API share.
namespace meerkat::web::alertmanager {

using alerting::AlertManager;

// How matchers in requests are read.
inline alerting::MatcherSyntax SyntaxOf(const AlertManager& manager) {
  const auto config = manager.config();
  return config == nullptr ? alerting::MatcherSyntax::kFallback : config->matcher_syntax;
}

// ---- answers.cc: what goes out

net::Response Json(int status, std::string body);
// A bare JSON string: how the handlers themselves refuse.
net::Response Refuse(int status, std::string_view message);
// {"code":…,"message":…}: how the schema refuses. `code` is the schema's own for 422.
net::Response RefuseSchema(int status, int code, std::string_view message);

void WriteAlert(JsonWriter& json, const alerting::AlertView& view);
void WriteSilence(JsonWriter& json, const alerting::Silence& silence, Timestamp now);
std::string_view StateName(alerting::SilenceState state);
// Active by end, pending by start, expired by end, the latest first.
void SortSilences(std::vector<alerting::Silence>& silences, Timestamp now);
void WriteVersion(JsonWriter& json, const BuildInfo& build);

// ---- bodies.cc: what comes in

// A body that cannot be taken, and the answer that says so.
template <typename T>
using Parsed = std::variant<T, net::Response>;

Parsed<std::vector<alerting::PostedAlert>> ParseAlerts(const std::string& body);
Parsed<alerting::Silence> ParseSilence(const std::string& body);
struct Acknowledgement {
  std::string created_by;
  std::string comment;
  Millis at_most = std::chrono::hours(24);
};
Parsed<Acknowledgement> ParseAcknowledgement(const std::string& body);

// ---- v1.cc: the calls of version 1

net::Response V1Alerts(AlertManager& manager, const net::Request& request);
net::Response V1PostAlerts(AlertManager& manager, const net::Request& request);
net::Response V1Silences(AlertManager& manager, const net::Request& request);
net::Response V1PostSilence(AlertManager& manager, const net::Request& request);
net::Response V1Silence(AlertManager& manager, const net::Request& request);
net::Response V1DeleteSilence(AlertManager& manager, const net::Request& request);
net::Response V1Receivers(AlertManager& manager, const net::Request& request);
net::Response V1Status(AlertManager& manager, const BuildInfo& build);

}  // namespace meerkat::web::alertmanager
