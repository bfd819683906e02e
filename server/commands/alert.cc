#include "server/commands/alert.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "alerting/matchers.h"
#include "base/quote.h"
#include "base/rfc3339.h"
#include "server/commands/alertmanager_client.h"

namespace meerkat::commands {
namespace {

using json = nlohmann::ordered_json;

constexpr FlagRule kOfQuery[] = {
    {"active", 'a', false, "", "Alerts that notify; what is shown when nothing else is chosen."},
    {"silenced", 's', false, "", "Alerts that a silence covers."},
    {"inhibited", 'i', false, "", "Alerts that another one inhibits."},
    {"unprocessed", 'u', false, "", "Alerts that no route has looked at yet."},
    {"receiver", 'r', true, "REGEX", "Only those that go to such a receiver."}};
constexpr auto kQueryFlags = WithClientFlags(kOfQuery);

constexpr FlagRule kOfAdd[] = {
    {"annotation", '\0', true, "NAME=VALUE", "An annotation. May be repeated."},
    {"start", '\0', true, "TIME", "When it began; now."},
    {"end", '\0', true, "TIME", "When it ends; by itself."},
    {"generator-url", '\0', true, "URL", "Where it comes from."}};
constexpr auto kAddFlags = WithClientFlags(kOfAdd);

std::string ShowLabels(const json& labels) {
  std::string out;
  for (const auto& [name, value] : labels.items()) {
    if (!out.empty()) out += ' ';
    out += name + "=" + Quote(value.get<std::string>());
  }
  return out;
}

std::string TextAt(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

void PrintAlerts(const json& alerts, const std::string& format, std::ostream& out) {
  std::vector<json> sorted(alerts.begin(), alerts.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const json& a, const json& b) {
    return TextAt(a, "startsAt") < TextAt(b, "startsAt");
  });
  if (format == "json") {
    out << json(sorted).dump() << "\n";
    return;
  }
  std::vector<std::vector<std::string>> rows;
  if (format == "extended") {
    rows.push_back({"Labels", "Annotations", "Starts At", "Ends At", "Generator URL", "State"});
    for (const json& alert : sorted) {
      rows.push_back({ShowLabels(alert["labels"]), ShowLabels(alert["annotations"]),
                      ShowTime(TextAt(alert, "startsAt")), ShowTime(TextAt(alert, "endsAt")),
                      TextAt(alert, "generatorURL"), TextAt(alert["status"], "state")});
    }
  } else {
    rows.push_back({"Alertname", "Starts At", "Summary", "State"});
    for (const json& alert : sorted) {
      rows.push_back({TextAt(alert["labels"], "alertname"), ShowTime(TextAt(alert, "startsAt")),
                      TextAt(alert["annotations"], "summary"), TextAt(alert["status"], "state")});
    }
  }
  PrintTable(out, rows);
}

int Query(std::span<const std::string> args, Streams streams) {
  const auto arguments = Arguments::Parse(args, kQueryFlags);
  if (!arguments) return Refuse(streams, arguments.error());
  const auto matchers = MatcherWords(arguments->words());
  if (!matchers) return Refuse(streams, matchers.error());
  const bool silenced = arguments->On("silenced");
  const bool inhibited = arguments->On("inhibited");
  const bool unprocessed = arguments->On("unprocessed");
  // Nothing chosen means the active ones.
  const bool active = arguments->On("active") || (!silenced && !inhibited && !unprocessed);
  const auto flag = [](bool on) { return std::string(on ? "true" : "false"); };
  AlertmanagerClient::Query query = {{"active", flag(active)},
                                     {"silenced", flag(silenced)},
                                     {"inhibited", flag(inhibited)},
                                     {"unprocessed", flag(unprocessed)}};
  if (arguments->Has("receiver")) query.emplace_back("receiver", arguments->Value("receiver"));
  for (const std::string& matcher : *matchers) query.emplace_back("filter", matcher);
  auto client = AlertmanagerClient::Make(*arguments);
  if (!client) return Refuse(streams, client.error());
  const auto alerts = (*client)->Get("/alerts", query);
  if (!alerts) return Refuse(streams, alerts.error());
  PrintAlerts(*alerts, arguments->Value("output", "simple"), streams.out);
  return 0;
}

// name=value words as an object.
Result<json> Pairs(const std::vector<std::string>& words, bool first_is_name) {
  json out = json::object();
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto equals = words[i].find('=');
    if (equals == std::string::npos) {
      if (i > 0 || !first_is_name) {
        return Error(Code::kInvalid, "bad matcher format: " + words[i]);
      }
      out["alertname"] = words[i];
      continue;
    }
    std::string value = words[i].substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    out[words[i].substr(0, equals)] = value;
  }
  return out;
}

int Add(std::span<const std::string> args, Streams streams) {
  const auto arguments = Arguments::Parse(args, kAddFlags);
  if (!arguments) return Refuse(streams, arguments.error());
  auto labels = Pairs(arguments->words(), true);
  if (!labels) return Refuse(streams, labels.error());
  auto annotations = Pairs(arguments->Values("annotation"), false);
  if (!annotations) return Refuse(streams, annotations.error());
  json alert = {{"labels", *labels}, {"annotations", *annotations}};
  for (const auto& [flag, key] : {std::pair("start", "startsAt"), std::pair("end", "endsAt")}) {
    if (!arguments->Has(flag)) continue;
    const auto time = GoTime(arguments->Value(flag));
    if (!time) return Refuse(streams, time.error());
    alert[key] = FormatRfc3339Millis(*time);
  }
  if (arguments->Has("generator-url")) alert["generatorURL"] = arguments->Value("generator-url");
  auto client = AlertmanagerClient::Make(*arguments);
  if (!client) return Refuse(streams, client.error());
  const auto posted = (*client)->Post("/alerts", json::array({alert}));
  if (!posted) return Refuse(streams, posted.error());
  return 0;
}

}  // namespace

std::vector<Command> AlertCommands() {
  return {{"alert", "[MATCHER…]", "The same as alert query.", Query, kQueryFlags},
          {"alert query", "[MATCHER…]", "Show the alerts of an alert manager.", Query, kQueryFlags},
          {"alert add", "LABEL=VALUE…", "Post an alert to an alert manager.", Add, kAddFlags}};
}

}  // namespace meerkat::commands
