#include "alerting/receivers/payload.h"
#include "alerting/receivers/receivers.h"

namespace meerkat::alerting {
namespace {

class Webhook : public SimpleNotifier {
 public:
  Webhook(const WebhookConfig& config, ClientId client, const NotifierContext& with)
      : config_(config), client_(client), with_(with) {}

  Result<Message> Render(const Notification& all) override {
    const auto [what, left_out] = LimitAlerts(all, config_.max_alerts);
    auto url = Reveal(config_.url, with_);
    if (!url) return std::move(url).error();
    Renderer render(*with_.templates, what);
    std::string target = render.Text(*url);
    std::string body;
    JsonWriter json(body);
    if (config_.payload) {
      WriteRendered(json, *config_.payload, render);
    } else {
      WriteNotification(json, what, left_out, "4");
    }
    if (!render.ok()) return render.error();
    if (target.empty()) return Error(Code::kInvalid, "webhook URL is empty after templating");
    HttpRequest request = JsonRequest(std::move(target), std::move(body), client_);
    request.timeout = config_.timeout;
    return Message(std::move(request));
  }

 private:
  const WebhookConfig config_;
  const ClientId client_;
  const NotifierContext with_;
};

}  // namespace

NotifierPtr MakeWebhook(const WebhookConfig& config, ClientId client, const NotifierContext& with) {
  return std::make_unique<Webhook>(config, client, with);
}

}  // namespace meerkat::alerting
