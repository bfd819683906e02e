#include "alerting/receivers/payload.h"
#include "alerting/receivers/receivers.h"

namespace meerkat::alerting {
namespace {

// Discord's limits, in characters.
constexpr std::size_t kMostContent = 2000;
constexpr std::size_t kMostTitle = 256;
constexpr std::size_t kMostDescription = 4096;

constexpr int kRed = 0x992D22;
constexpr int kGreen = 0x2ECC71;

class Discord : public SimpleNotifier {
 public:
  Discord(const DiscordConfig& config, ClientId client, const NotifierContext& with)
      : config_(config), client_(client), with_(with) {}

  Result<Message> Render(const Notification& what) override {
    auto url = Reveal(config_.webhook_url, with_);
    if (!url) return std::move(url).error();
    Renderer render(*with_.templates, what);
    std::string body;
    JsonWriter json(body);
    json.BeginObject();
    json.Key("content").String(TruncateRunes(render.Text(config_.content), kMostContent));
    json.Key("embeds").BeginArray().BeginObject();
    json.Key("title").String(TruncateRunes(render.Text(config_.title), kMostTitle));
    json.Key("description").String(TruncateRunes(render.Text(config_.message), kMostDescription));
    json.Key("color").Int(what.firing() ? kRed : kGreen);
    json.EndObject().EndArray();
    WriteUnlessEmpty(json, "username", render.Text(config_.username));
    WriteUnlessEmpty(json, "avatar_url", render.Text(config_.avatar_url));
    json.EndObject();
    if (!render.ok()) return render.error();
    return Message(JsonRequest(std::move(*url), std::move(body), client_));
  }

 private:
  const DiscordConfig config_;
  const ClientId client_;
  const NotifierContext with_;
};

}  // namespace

NotifierPtr MakeDiscord(const DiscordConfig& config, ClientId client, const NotifierContext& with) {
  return std::make_unique<Discord>(config, client, with);
}

}  // namespace meerkat::alerting
