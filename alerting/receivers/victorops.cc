#include "alerting/receivers/payload.h"
#include "alerting/receivers/receivers.h"

namespace meerkat::alerting {
namespace {

class Victorops : public SimpleNotifier {
 public:
  Victorops(const VictoropsConfig& config, ClientId client, const NotifierContext& with)
      : config_(config), client_(client), with_(with) {}

  Result<Message> Render(const Notification& what) override {
    constexpr std::size_t kMostState = 20480;  // characters
    auto key = Reveal(config_.api_key, with_);
    if (!key) return std::move(key).error();
    Renderer render(*with_.templates, what);
    std::string type = render.Text(config_.message_type);
    if (!what.firing()) {
      type = "RECOVERY";
    } else if (type.empty()) {
      type = "CRITICAL";
    }
    std::map<std::string, std::string> fields;
    fields["message_type"] = type;
    fields["entity_id"] = what.KeyHash();
    fields["entity_display_name"] = render.Text(config_.entity_display_name);
    fields["state_message"] = TruncateRunes(render.Text(config_.state_message), kMostState);
    fields["monitoring_tool"] = render.Text(config_.monitoring_tool);
    for (const auto& [name, text] : config_.custom_fields) fields[name] = render.Text(text);
    std::string url = config_.api_url + *key + "/" + render.Text(config_.routing_key);
    if (!render.ok()) return render.error();
    std::string body;
    JsonWriter json(body);
    json.BeginObject();
    for (const auto& [name, value] : fields) json.Key(name).String(value);
    json.EndObject();
    return Message(JsonRequest(std::move(url), std::move(body), client_));
  }

 private:
  const VictoropsConfig config_;
  const ClientId client_;
  const NotifierContext with_;
};

}  // namespace

NotifierPtr MakeVictorops(const VictoropsConfig& config, ClientId client,
                          const NotifierContext& with) {
  return std::make_unique<Victorops>(config, client, with);
}

}  // namespace meerkat::alerting
