#pragma once

#include <memory>

#include "alerting/receivers/notifier.h"

// One maker for each kind of receiver; each lives in the file of its name.
namespace meerkat::alerting {

using NotifierPtr = std::unique_ptr<Notifier>;

NotifierPtr MakeWebhook(const WebhookConfig& config, ClientId client, const NotifierContext& with);
NotifierPtr MakeEmail(const EmailConfig& config, ClientId client, const NotifierContext& with);
NotifierPtr MakeSlack(const SlackConfig& config, ClientId client, const NotifierContext& with);
NotifierPtr MakePagerduty(const PagerdutyConfig& config, ClientId client,
                          const NotifierContext& with);
NotifierPtr MakeOpsgenie(const OpsgenieConfig& config, ClientId client,
                         const NotifierContext& with);
NotifierPtr MakeVictorops(const VictoropsConfig& config, ClientId client,
                          const NotifierContext& with);
NotifierPtr MakePushover(const PushoverConfig& config, ClientId client,
                         const NotifierContext& with);
NotifierPtr MakeTelegram(const TelegramConfig& config, ClientId client,
                         const NotifierContext& with);
NotifierPtr MakeDiscord(const DiscordConfig& config, ClientId client, const NotifierContext& with);
NotifierPtr MakeMsteams(const MsteamsConfig& config, ClientId client, const NotifierContext& with);
NotifierPtr MakeMsteamsV2(const MsteamsV2Config& config, ClientId client,
                          const NotifierContext& with);
NotifierPtr MakeWebex(const WebexConfig& config, ClientId client, const NotifierContext& with);
NotifierPtr MakeSns(const SnsConfig& config, ClientId client, const NotifierContext& with);
NotifierPtr MakeWechat(const WechatConfig& config, ClientId client, const NotifierContext& with);
NotifierPtr MakeJira(const JiraConfig& config, ClientId client, const NotifierContext& with);
NotifierPtr MakeRocketchat(const RocketchatConfig& config, ClientId client,
                           const NotifierContext& with);
NotifierPtr MakeIncidentio(const IncidentioConfig& config, ClientId client,
                           const NotifierContext& with);
NotifierPtr MakeMattermost(const MattermostConfig& config, ClientId client,
                           const NotifierContext& with);

}  // namespace meerkat::alerting
