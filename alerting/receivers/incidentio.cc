#include "alerting/receivers/payload.h"
#include "alerting/receivers/receivers.h"

namespace meerkat::alerting {
namespace {

class Incidentio : public SimpleNotifier {
 public:
  Incidentio(const IncidentioConfig& config, ClientId client, const NotifierContext& with)
      : config_(config), client_(client), with_(with) {}

  Result<Message> Render(const Notification& what) override {
    const auto [limited, left_out] = LimitAlerts(what, config_.max_alerts);
    auto url = Reveal(config_.url, with_);
    if (!url) return std::move(url).error();
    auto token = Reveal(config_.alert_source_token, with_);
    if (!token) return std::move(token).error();
    std::string body;
    JsonWriter json(body);
    WriteNotification(json, limited, left_out, "1");
    HttpRequest request = JsonRequest(std::move(*url), std::move(body), client_);
    if (!token->empty()) request.headers.emplace_back("Authorization", "Bearer " + *token);
    request.timeout = config_.timeout;
    return Message(std::move(request));
  }

  Outcome Judge(const HttpResponse& response) const override {
    return Outcome::OfStatus(response, {429});
  }

 private:
  const IncidentioConfig config_;
  const ClientId client_;
  const NotifierContext with_;
};

}  // namespace

NotifierPtr MakeIncidentio(const IncidentioConfig& config, ClientId client,
                           const NotifierContext& with) {
  return std::make_unique<Incidentio>(config, client, with);
}

}  // namespace meerkat::alerting
