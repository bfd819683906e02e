#include <nlohmann/json.hpp>

#include "alerting/receivers/payload.h"
#include "alerting/receivers/receivers.h"

namespace meerkat::alerting {
namespace {

constexpr Millis kTokenLife = std::chrono::hours(2);
constexpr int kTokenExpired = 42001;

// Two steps: an access token, kept as long as it is good, then the message.
class Wechat : public Notifier {
 public:
  Wechat(const WechatConfig& config, ClientId client, const NotifierContext& with)
      : config_(config), client_(client), with_(with) {}

  void Notify(DeliveryPtr delivery) override {
    if (!token_.empty() && delivery->now < token_end_) return SendMessage(delivery);
    auto secret = Reveal(config_.api_secret, with_);
    if (!secret) return delivery->done(Outcome::Fail(secret.error().message()));
    Renderer render(*with_.templates, delivery->what());
    HttpRequest request;
    request.method = "GET";
    request.url = config_.api_url + "gettoken?" +
                  EncodeForm({{"corpid", render.Text(config_.corp_id)},
                              {"corpsecret", render.Text(*secret)}});
    request.client = client_;
    if (!render.ok()) return delivery->done(Outcome::Fail(render.error().message()));
    SendRequest(delivery, std::move(request),
                [this, delivery](const HttpResponse& response) { OnToken(delivery, response); });
  }

 private:
  void OnToken(const DeliveryPtr& delivery, const HttpResponse& response) {
    Outcome outcome = Outcome::OfStatus(response);
    if (!outcome.sent) return delivery->done(std::move(outcome));
    const auto body = nlohmann::json::parse(response.body, nullptr, false);
    const auto token = body.is_object() ? body.find("access_token") : body.end();
    if (!body.is_object() || token == body.end() || !token->is_string() ||
        token->get<std::string>().empty()) {
      return delivery->done(Outcome::Fail("invalid APISecret for CorpID: " + config_.corp_id));
    }
    token_ = token->get<std::string>();
    token_end_ = delivery->now + kTokenLife;
    SendMessage(delivery);
  }

  void SendMessage(const DeliveryPtr& delivery) {
    Renderer render(*with_.templates, delivery->what());
    const std::string content = render.Text(config_.message);
    std::string body;
    JsonWriter json(body);
    json.BeginObject();
    json.Key("text").BeginObject();
    json.Key("content").String(config_.markdown ? "" : content);
    json.EndObject();
    WriteUnlessEmpty(json, "touser", render.Text(config_.to_user));
    WriteUnlessEmpty(json, "toparty", render.Text(config_.to_party));
    WriteUnlessEmpty(json, "totag", render.Text(config_.to_tag));
    WriteUnlessEmpty(json, "agentid", render.Text(config_.agent_id));
    json.Key("safe").String("0");
    json.Key("msgtype").String(config_.markdown ? "markdown" : "text");
    json.Key("markdown").BeginObject();
    json.Key("content").String(config_.markdown ? content : "");
    json.EndObject().EndObject();
    if (!render.ok()) return delivery->done(Outcome::Fail(render.error().message()));
    SendRequest(
        delivery,
        JsonRequest(config_.api_url + "message/send?" + EncodeForm({{"access_token", token_}}),
                    std::move(body), client_),
        [this, delivery](const HttpResponse& response) { delivery->done(JudgeMessage(response)); });
  }

  Outcome JudgeMessage(const HttpResponse& response) {
    if (response.status != 200) {
      Outcome outcome = Outcome::OfStatus(response);
      if (!outcome.sent) {
        outcome.retry = true;
        return outcome;
      }
    }
    const auto body = nlohmann::json::parse(response.body, nullptr, false);
    const auto code =
        body.is_object() ? body.value("errcode", nlohmann::json(0)) : nlohmann::json();
    if (!code.is_number_integer()) {
      return Outcome::Retry("unexpected response from WeChat: " + response.body);
    }
    if (code == 0) return Outcome::Sent();
    if (code == kTokenExpired) {
      token_.clear();
      return Outcome::Retry("WeChat access token expired");
    }
    return Outcome::Fail("WeChat refused the message: " + response.body);
  }

  const WechatConfig config_;
  const ClientId client_;
  const NotifierContext with_;
  std::string token_;
  Timestamp token_end_ = kZeroTime;
};

}  // namespace

NotifierPtr MakeWechat(const WechatConfig& config, ClientId client, const NotifierContext& with) {
  return std::make_unique<Wechat>(config, client, with);
}

}  // namespace meerkat::alerting
