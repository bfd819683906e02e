#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "alerting/matchers.h"
#include "alerting/receiver_config.h"
#include "alerting/time_interval.h"

// alertmanager.yml as plain values, checked. server/config fills it.
namespace meerkat::alerting {

// A node of the routing tree as written; what is not written is inherited.
struct RouteConfig {
  std::string receiver;  // "": inherited
  std::optional<std::vector<std::string>> group_by;
  bool group_by_all = false;  // ['...']
  std::vector<Matcher> matchers;
  bool continue_matching = false;
  std::optional<Millis> group_wait;
  std::optional<Millis> group_interval;
  std::optional<Millis> repeat_interval;
  std::vector<std::string> mute_time_intervals;
  std::vector<std::string> active_time_intervals;
  Templates labels;
  std::vector<RouteConfig> routes;
};

struct InhibitRuleConfig {
  std::string name;
  std::vector<Matcher> source;
  std::vector<Matcher> target;
  std::vector<std::string> equal;
};

struct Integration {
  IntegrationConfig config;
  bool send_resolved = true;
  std::size_t index = 0;  // among those of its kind within the receiver
  ClientId client{};      // its http_config, or the tls_config of an e-mail
};

struct ReceiverConfig {
  std::string name;
  std::map<std::string, std::string> labels;
  std::vector<Integration> integrations;
};

// Its labels, and its name as one of them.
Labels LabelsOf(const ReceiverConfig& receiver);

struct TemplateFile {
  std::string path;
  std::string text;
};

struct Config {
  Millis resolve_timeout = std::chrono::minutes(5);
  RouteConfig route;
  std::vector<ReceiverConfig> receivers;
  std::vector<InhibitRuleConfig> inhibit_rules;
  std::vector<NamedIntervals> time_intervals;
  std::vector<TemplateFile> templates;  // the files the globs found, in their order

  MatcherSyntax matcher_syntax = MatcherSyntax::kFallback;  // of the file, silences and filters
  std::string text;  // as YAML, secrets hidden: what /api/v2/status shows
};

}  // namespace meerkat::alerting
