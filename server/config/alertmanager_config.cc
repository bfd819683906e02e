#include "server/config/alertmanager_config.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>

#include "base/quote.h"
#include "server/config/alertmanager_reader.h"
#include "server/config/prometheus_config.h"

namespace meerkat::config {
namespace {

using alerting::RouteConfig;

// Every receiver and time interval that a route names must be there.
std::string RouteFault(const RouteConfig& route, const std::set<std::string>& receivers,
                       const std::set<std::string>& intervals) {
  if (!route.receiver.empty() && !receivers.contains(route.receiver)) {
    return "undefined receiver " + Quote(route.receiver) + " used in route";
  }
  for (const auto* names : {&route.mute_time_intervals, &route.active_time_intervals}) {
    for (const std::string& name : *names) {
      if (!intervals.contains(name)) {
        return "undefined time interval " + Quote(name) + " used in route";
      }
    }
  }
  for (const RouteConfig& child : route.routes) {
    std::string fault = RouteFault(child, receivers, intervals);
    if (!fault.empty()) return fault;
  }
  return "";
}

void TracingFields(Fields& fields) {
  bool flag = false;
  double number = 0;
  Millis duration{0};
  net::TlsConfig tls;
  std::string client_type = "grpc";
  if (const auto written = fields.map().Find("client_type"); written && !written->is_null()) {
    written->Read(client_type);
  }
  std::string endpoint;
  fields.Field("endpoint", endpoint);
  fields.Field("sampling_fraction", number);
  fields.Field("insecure", flag);
  // The values are texts for Prometheus and headers with secrets and files for Alertmanager.
  fields.map().Entries("headers", [&fields](std::string_view, const YamlValue& value) {
    if (value.kind() == YamlValue::Kind::kScalar) return;
    value.Block([&fields](YamlMap& map) {
      Fields header(map, fields.directory());
      std::vector<std::string> texts;
      header.Field("values", texts);
      header.Field("secrets", texts);
      header.Paths("files", texts);
    });
  });
  std::string compression;
  fields.Field("compression", compression);
  if (!compression.empty() && compression != "gzip") {
    fields.Fail("compression",
                "invalid compression type " + compression + " provided, valid options: gzip");
  }
  fields.Field("timeout", duration);
  fields.Block("tls_config", [&tls](Fields& block) { TlsFields(block, tls); });
  if (client_type != "http" && client_type != "grpc") {
    fields.Fail("client_type",
                "expected tracing client type to be to be http or grpc, but got " + client_type);
  }
  if (endpoint.empty()) fields.Fail("endpoint", "tracing endpoint must be set");
}

void TopFields(Fields& fields, AlertmanagerFile& out) {
  alerting::Config& config = out.config;
  AlertmanagerGlobal global;
  fields.Block("global", [&global](Fields& block) { GlobalFields(block, global); });
  config.resolve_timeout = global.resolve_timeout;

  const alerting::MatcherSyntax syntax = config.matcher_syntax;
  const bool has_route =
      fields.Block("route", [&](Fields& block) { RouteFields(block, config.route, true, syntax); });

  ReceiverReader reader(global, out);
  std::set<std::string> receivers;
  fields.Blocks<alerting::ReceiverConfig>(
      "receivers", config.receivers, [&](Fields& block, alerting::ReceiverConfig& receiver) {
        reader.Read(block, receiver);
        if (!receivers.insert(receiver.name).second) {
          block.Fail("name", "notification config name " + Quote(receiver.name) + " is not unique");
        }
      });
  fields.Blocks<alerting::InhibitRuleConfig>(
      "inhibit_rules", config.inhibit_rules,
      [syntax](Fields& block, alerting::InhibitRuleConfig& rule) {
        InhibitRuleFields(block, rule, syntax);
      });
  std::set<std::string> intervals;
  for (const std::string_view key : {"mute_time_intervals", "time_intervals"}) {
    std::vector<alerting::NamedIntervals> list;
    fields.Blocks<alerting::NamedIntervals>(
        key, list, [&](Fields& block, alerting::NamedIntervals& named) {
          NamedIntervalsFields(block, named);
          if (!intervals.insert(named.name).second) {
            block.Fail("name", "time interval " + Quote(named.name) + " is not unique");
          }
        });
    std::move(list.begin(), list.end(), std::back_inserter(config.time_intervals));
  }
  fields.Block("tracing", TracingFields);
  // Where events would be recorded is upstream's experiment behind a feature flag.
  if (const auto recorder = fields.map().Find("event_recorder")) {
    recorder->Warn("the event recorder is not built in; GET /api/v2/history has the events");
  }

  std::vector<std::string> globs;
  fields.Paths("templates", globs);
  out.template_globs = globs.size();
  for (const std::string& glob : globs) {
    for (const std::string& path : Glob(glob)) {
      auto text = ReadFile(path);
      if (!text) return fields.Fail("templates", text.error().message());
      config.templates.push_back({path, std::move(*text)});
    }
  }

  if (!has_route) return fields.Fail("route", "no routes provided");
  if (const auto fault = RouteFault(config.route, receivers, intervals); !fault.empty()) {
    fields.Fail("route", fault);
  }
}

}  // namespace

Result<AlertmanagerFile> ParseAlertmanagerConfig(const std::string& file, std::string_view text,
                                                 alerting::MatcherSyntax syntax) {
  AlertmanagerFile out;
  out.config.matcher_syntax = syntax;
  const std::string directory = std::filesystem::path(file).parent_path().string();
  const auto outcome = ReadYaml(file, text, [&](const YamlValue& top) {
    if (top.is_null()) return top.Fail("no route provided in config");
    top.Block([&](YamlMap& map) {
      Fields fields(map, directory);
      TopFields(fields, out);
    });
  });
  if (!outcome) return outcome.error();
  out.warnings = outcome->warnings;
  out.config.text = HideSecrets(text);
  return out;
}

Result<AlertmanagerFile> LoadAlertmanagerConfig(const std::string& file,
                                                alerting::MatcherSyntax syntax) {
  auto text = ReadFile(file);
  if (!text) return std::move(text).error();
  return ParseAlertmanagerConfig(file, *text, syntax);
}

}  // namespace meerkat::config
