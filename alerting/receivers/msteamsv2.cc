#include "alerting/receivers/payload.h"
#include "alerting/receivers/receivers.h"

namespace meerkat::alerting {
namespace {

class MsteamsV2 : public SimpleNotifier {
 public:
  MsteamsV2(const MsteamsV2Config& config, ClientId client, const NotifierContext& with)
      : config_(config), client_(client), with_(with) {}

  Result<Message> Render(const Notification& what) override {
    auto url = Reveal(config_.webhook_url, with_);
    if (!url) return std::move(url).error();
    Renderer render(*with_.templates, what);
    std::string body;
    JsonWriter json(body);
    json.BeginObject();
    json.Key("type").String("message");
    json.Key("attachments").BeginArray().BeginObject();
    json.Key("contentType").String("application/vnd.microsoft.card.adaptive");
    json.Key("contentUrl").Null();
    json.Key("content").BeginObject();
    json.Key("$schema").String("http://adaptivecards.io/schemas/adaptive-card.json");
    json.Key("type").String("AdaptiveCard");
    json.Key("version").String("1.2");
    json.Key("body").BeginArray().BeginObject();
    json.Key("type").String("TextBlock");
    json.Key("text").String(render.Text(config_.title));
    json.Key("weight").String("Bolder");
    json.Key("size").String("Medium");
    json.Key("wrap").Bool(true);
    json.Key("style").String("heading");
    json.Key("color").String(what.firing() ? "Attention" : "Good");
    json.EndObject().BeginObject();
    json.Key("type").String("TextBlock");
    json.Key("text").String(render.Text(config_.text));
    json.Key("wrap").Bool(true);
    json.EndObject().EndArray();
    json.Key("msteams").BeginObject().Key("width").String("full").EndObject();
    json.EndObject().EndObject().EndArray().EndObject();
    if (!render.ok()) return render.error();
    return Message(JsonRequest(std::move(*url), std::move(body), client_));
  }

 private:
  const MsteamsV2Config config_;
  const ClientId client_;
  const NotifierContext with_;
};

}  // namespace

NotifierPtr MakeMsteamsV2(const MsteamsV2Config& config, ClientId client,
                          const NotifierContext& with) {
  return std::make_unique<MsteamsV2>(config, client, with);
}

}  // namespace meerkat::alerting
