#include <algorithm>
#include <iterator>

#include "server/config/alertmanager_reader.h"
#include "server/config/yaml_node.h"
#include "server/config/yaml_scalar.h"
#include "server/config/yaml_writer.h"

namespace meerkat::config {
namespace {

constexpr std::string_view kSecretKeys[] = {"alert_source_token",
                                            "api_key",
                                            "api_secret",
                                            "app_token",
                                            "auth_password",
                                            "auth_secret",
                                            "bearer_token",
                                            "bot_token",
                                            "client_certificate_key",
                                            "client_secret",
                                            "credentials",
                                            "key",
                                            "mattermost_webhook_url",
                                            "opsgenie_api_key",
                                            "password",
                                            "rocketchat_token",
                                            "rocketchat_token_id",
                                            "routing_key",
                                            "secret_key",
                                            "secrets",
                                            "service_key",
                                            "slack_api_url",
                                            "slack_app_token",
                                            "smtp_auth_password",
                                            "smtp_auth_secret",
                                            "telegram_bot_token",
                                            "token",
                                            "token_id",
                                            "user_key",
                                            "victorops_api_key",
                                            "webhook_url",
                                            "wechat_api_secret"};

// `kind` is the `<type>_configs` list we are in: there a URL may be the secret, and VictorOps'
// routing key is none.
bool IsSecret(std::string_view key, std::string_view kind) {
  if (key == "url") return kind == "webhook_configs" || kind == "incidentio_configs";
  if (key == "api_url") return kind == "slack_configs";
  if (key == "routing_key") return kind == "pagerduty_configs";
  return std::binary_search(std::begin(kSecretKeys), std::end(kSecretKeys), key);
}

YamlOut Hidden(const YamlNode& node) {
  YamlOut out = YamlOut::Text("<secret>");
  if (node.kind != YamlValue::Kind::kList) return out;
  YamlOut list = YamlOut::List();
  list.values.assign(node.items.size(), out);
  return list;
}

// A document may name one node many times; what is printed has an end.
constexpr int kDeepest = 64;

YamlOut Copy(const YamlNode& node, std::string_view kind, int depth) {
  if (depth > kDeepest) return YamlOut::Raw("null");
  switch (node.kind) {
    case YamlValue::Kind::kNull:
      return YamlOut::Raw("null");
    case YamlValue::Kind::kScalar:
      if (!node.quoted && (ScalarToBool(node.text) || ScalarToFloat(node.text))) {
        return YamlOut::Raw(node.text);
      }
      return YamlOut::Text(node.text);
    case YamlValue::Kind::kList: {
      YamlOut out = YamlOut::List();
      for (const YamlNode* item : node.items) out.values.push_back(Copy(*item, kind, depth + 1));
      return out;
    }
    case YamlValue::Kind::kMap: {
      YamlOut out = YamlOut::Map();
      for (const YamlNode::Entry& entry : node.entries) {
        const bool secret =
            IsSecret(entry.key, kind) && entry.value->kind != YamlValue::Kind::kNull;
        const std::string_view inside = entry.key.ends_with("_configs") ? entry.key : kind;
        out.Add(entry.key, secret ? Hidden(*entry.value) : Copy(*entry.value, inside, depth + 1));
      }
      return out;
    }
  }
  return YamlOut::Raw("null");
}

}  // namespace

std::string HideSecrets(std::string_view text) {
  const YamlOptions options;
  const auto tree = ParseYamlTree(text, options);
  if (!tree || tree->top == nullptr) return "";
  return Copy(*tree->top, "", 0).Print();
}

}  // namespace meerkat::config
