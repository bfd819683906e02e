#include "alerting/receivers/receivers.h"

namespace meerkat::alerting {
namespace {

struct NameOf {
  const char* operator()(const WebhookConfig&) const { return "webhook"; }
  const char* operator()(const EmailConfig&) const { return "email"; }
  const char* operator()(const SlackConfig&) const { return "slack"; }
  const char* operator()(const PagerdutyConfig&) const { return "pagerduty"; }
  const char* operator()(const OpsgenieConfig&) const { return "opsgenie"; }
  const char* operator()(const VictoropsConfig&) const { return "victorops"; }
  const char* operator()(const PushoverConfig&) const { return "pushover"; }
  const char* operator()(const TelegramConfig&) const { return "telegram"; }
  const char* operator()(const DiscordConfig&) const { return "discord"; }
  const char* operator()(const MsteamsConfig&) const { return "msteams"; }
  const char* operator()(const MsteamsV2Config&) const { return "msteamsv2"; }
  const char* operator()(const WebexConfig&) const { return "webex"; }
  const char* operator()(const SnsConfig&) const { return "sns"; }
  const char* operator()(const WechatConfig&) const { return "wechat"; }
  const char* operator()(const JiraConfig&) const { return "jira"; }
  const char* operator()(const RocketchatConfig&) const { return "rocketchat"; }
  const char* operator()(const IncidentioConfig&) const { return "incidentio"; }
  const char* operator()(const MattermostConfig&) const { return "mattermost"; }
};

struct Maker {
  ClientId client;
  const NotifierContext& with;

  NotifierPtr operator()(const WebhookConfig& c) const { return MakeWebhook(c, client, with); }
  NotifierPtr operator()(const EmailConfig& c) const { return MakeEmail(c, client, with); }
  NotifierPtr operator()(const SlackConfig& c) const { return MakeSlack(c, client, with); }
  NotifierPtr operator()(const PagerdutyConfig& c) const { return MakePagerduty(c, client, with); }
  NotifierPtr operator()(const OpsgenieConfig& c) const { return MakeOpsgenie(c, client, with); }
  NotifierPtr operator()(const VictoropsConfig& c) const { return MakeVictorops(c, client, with); }
  NotifierPtr operator()(const PushoverConfig& c) const { return MakePushover(c, client, with); }
  NotifierPtr operator()(const TelegramConfig& c) const { return MakeTelegram(c, client, with); }
  NotifierPtr operator()(const DiscordConfig& c) const { return MakeDiscord(c, client, with); }
  NotifierPtr operator()(const MsteamsConfig& c) const { return MakeMsteams(c, client, with); }
  NotifierPtr operator()(const MsteamsV2Config& c) const { return MakeMsteamsV2(c, client, with); }
  NotifierPtr operator()(const WebexConfig& c) const { return MakeWebex(c, client, with); }
  NotifierPtr operator()(const SnsConfig& c) const { return MakeSns(c, client, with); }
  NotifierPtr operator()(const WechatConfig& c) const { return MakeWechat(c, client, with); }
  NotifierPtr operator()(const JiraConfig& c) const { return MakeJira(c, client, with); }
  NotifierPtr operator()(const RocketchatConfig& c) const {
    return MakeRocketchat(c, client, with);
  }
  NotifierPtr operator()(const IncidentioConfig& c) const {
    return MakeIncidentio(c, client, with);
  }
  NotifierPtr operator()(const MattermostConfig& c) const {
    return MakeMattermost(c, client, with);
  }
};

}  // namespace

const char* IntegrationName(const IntegrationConfig& config) {
  return std::visit(NameOf{}, config);
}

std::unique_ptr<Notifier> MakeNotifier(const Integration& integration,
                                       const NotifierContext& context) {
  return std::visit(Maker{integration.client, context}, integration.config);
}

}  // namespace meerkat::alerting
