#include "alerting/receivers/payload.h"
#include "alerting/receivers/receivers.h"

namespace meerkat::alerting {
namespace {

class Msteams : public SimpleNotifier {
 public:
  Msteams(const MsteamsConfig& config, ClientId client, const NotifierContext& with)
      : config_(config), client_(client), with_(with) {}

  Result<Message> Render(const Notification& what) override {
    auto url = Reveal(config_.webhook_url, with_);
    if (!url) return std::move(url).error();
    Renderer render(*with_.templates, what);
    std::string body;
    JsonWriter json(body);
    json.BeginObject();
    json.Key("@context").String("http://schema.org/extensions");
    json.Key("type").String("MessageCard");
    json.Key("title").String(render.Text(config_.title));
    json.Key("summary").String(render.Text(config_.summary));
    json.Key("text").String(render.Text(config_.text));
    json.Key("themeColor").String(what.firing() ? "8C1A1A" : "2DC72D");
    json.EndObject();
    if (!render.ok()) return render.error();
    return Message(JsonRequest(std::move(*url), std::move(body), client_));
  }

 private:
  const MsteamsConfig config_;
  const ClientId client_;
  const NotifierContext with_;
};

}  // namespace

NotifierPtr MakeMsteams(const MsteamsConfig& config, ClientId client, const NotifierContext& with) {
  return std::make_unique<Msteams>(config, client, with);
}

}  // namespace meerkat::alerting
