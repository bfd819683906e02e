#include "alerting/receivers/payload.h"
#include "alerting/receivers/receivers.h"

namespace meerkat::alerting {
namespace {

class Webex : public SimpleNotifier {
 public:
  Webex(const WebexConfig& config, ClientId client, const NotifierContext& with)
      : config_(config), client_(client), with_(with) {}

  Result<Message> Render(const Notification& what) override {
    constexpr std::size_t kMostBytes = 7439;  // Webex' limit for markdown
    Renderer render(*with_.templates, what);
    std::string body;
    JsonWriter json(body);
    json.BeginObject();
    json.Key("markdown").String(TruncateBytes(render.Text(config_.message), kMostBytes));
    json.Key("roomId").String(render.Text(config_.room_id));
    json.EndObject();
    if (!render.ok()) return render.error();
    return Message(JsonRequest(config_.api_url, std::move(body), client_));
  }

 private:
  const WebexConfig config_;
  const ClientId client_;
  const NotifierContext with_;
};

}  // namespace

NotifierPtr MakeWebex(const WebexConfig& config, ClientId client, const NotifierContext& with) {
  return std::make_unique<Webex>(config, client, with);
}

}  // namespace meerkat::alerting
